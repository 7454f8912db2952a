use super::*;

const WHOLE: &str = r#"
    name = "pricing"
    version = "1.2.3-beta.1"
    description = "Quotes carts."
    read-only = ["quotes.quote"]
    config-example = '{"rounding": "line"}'
    [routes]
    "POST /v1/pricing/quotes" = "quotes.quote"
    "GET /v1/products/{sku}" = "products.get"
"#;

#[test]
fn reads_what_it_wrote() {
    let manifest = Manifest::from_toml(WHOLE).unwrap();
    assert_eq!(manifest.routes["POST /v1/pricing/quotes"], "quotes.quote");
    let json = serde_json::to_vec(&manifest).unwrap();
    assert_eq!(Manifest::from_json(&json).unwrap(), manifest);
}

#[test]
fn says_which_field_is_wrong() {
    let line = |line: &str| {
        let toml = format!("name = 'a'\nversion = '1.0.0'\n{line}");
        Manifest::from_toml(&toml).unwrap_err().to_string()
    };
    assert!(line("descripton = 'x'").starts_with("manifest: unknown field `descripton`; expected one of name, "));
    assert!(
        line("routes = {'FETCH /x' = 'a.b'}").contains("must have keys such as `POST /v1/quotes`, found `FETCH /x`")
    );
    assert!(line("routes = {'GET /x' = 'ab'}").contains("must have values such as `quotes.quote`, found `ab`"));
    assert!(line("read-only = ['a.']").contains("must list functions"));
    assert!(line("config-example = '{'").contains("must be JSON"));
    assert!(line(&format!("description = '{}'", "x".repeat(1025))).contains("at most 1 KiB"));
}

#[test]
fn names_are_those_of_the_host() {
    for (name, good) in [("a", true), ("a-1", true), ("-a", false), ("A", false), ("", false), ("a_b", false)] {
        let toml = format!("name = '{name}'\nversion = '1.0.0'");
        assert_eq!(Manifest::from_toml(&toml).is_ok(), good, "{name:?}");
    }
    assert!(Manifest::from_toml("name = 'a'\nversion = '1.0'").is_err());
}

#[test]
fn grants_are_kept_as_they_are() {
    let manifest = Manifest::from_toml(
        r#"
        name = "catalog"
        version = "1.0.0"
        [grants.sql]
        [grants.events]
        publish = ["fondaco.catalog.product.changed.v1"]
        [[grants.events.subscriptions]]
        type = "fondaco.inventory.*"
        ordered = true
        max-attempts = 8
        [grants.key-value]
        stores = ["cache"]
        "#,
    )
    .unwrap();
    assert_eq!(manifest.grants.keys().collect::<Vec<_>>(), ["events", "key-value", "sql"]);
    assert_eq!(
        manifest.grants["events"],
        serde_json::json!({
            "publish": ["fondaco.catalog.product.changed.v1"],
            "subscriptions": [{"type": "fondaco.inventory.*", "ordered": true, "max-attempts": 8}],
        })
    );
    let json = serde_json::to_vec(&manifest).unwrap();
    assert_eq!(Manifest::from_json(&json).unwrap(), manifest);
}

#[test]
fn a_grants_problem_is_told_with_its_path() {
    let line = |line: &str| {
        let toml = format!("name = 'a'\nversion = '1.0.0'\n{line}");
        Manifest::from_toml(&toml).unwrap_err().to_string()
    };
    assert!(line("grants = {Sql = {}}").contains("`grants` must have keys such as `sql`, found `Sql`"));
    assert!(line("grants = {sql = 3}").contains("`grants.sql` must be a table, found `3`"));
    let date = line("grants = {schedule = {jobs = [{from = 2026-01-01}]}}");
    assert!(
        date.contains("`grants.schedule.jobs[0].from` must be a text, not a date, found `\"2026-01-01\"`"),
        "{date}"
    );
    assert!(line("grants = {sql = {rows = nan}}").contains("`grants.sql.rows` must be a finite number"));
    assert!(line("grants = {a = {b = [[[[[[[[1]]]]]]]]}}").contains("at most 8 levels"));
    let many = format!("grants = {{http = {{hosts = [{}]}}}}", "'h',".repeat(MAX_ENTRIES + 1));
    assert!(line(&many).contains("`grants.http.hosts` must have at most 256 entries"));
    let long = format!("grants = {{http = {{host = '{}'}}}}", "h".repeat(MAX_TEXT + 1));
    assert!(line(&long).contains("`grants.http.host` must be at most 128 KiB"));
    let grants: Vec<_> = (0..=MAX_GRANTS).map(|number| format!("g{number} = {{}}")).collect();
    assert!(line(&format!("grants = {{{}}}", grants.join(", "))).contains("`grants` must be at most 16, found `17`"));
}

/// A `fondaco.toml` with these lines, beside these migrations.
fn packed(lines: &str, migrations: &[(&str, &str)]) -> Result<Manifest, ManifestError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fondaco.toml");
    fs::write(&path, format!("name = 'a'\nversion = '1.0.0'\n{lines}")).unwrap();
    if !migrations.is_empty() {
        fs::create_dir(folder.path().join(FOLDER)).unwrap();
    }
    for (name, text) in migrations {
        fs::write(folder.path().join(FOLDER).join(name), text).unwrap();
    }
    Manifest::from_file(&path)
}

#[test]
fn migrations_are_packed_into_the_grant_of_sql() {
    let migrations = [("0001_init.sql", "CREATE TABLE a (id BIGINT)"), ("0001_init.postgres.sql", "for postgres")];
    let manifest = packed("[grants.sql]\nrows = 10", &migrations).unwrap();
    let expected = serde_json::json!({"rows": 10, "migrations": [
        {"version": 1, "name": "init", "sql": "CREATE TABLE a (id BIGINT)", "postgres": "for postgres"},
    ]});
    assert_eq!(manifest.grants["sql"], expected);
    assert_eq!(packed("[grants.sql]", &[]).unwrap().grants["sql"], serde_json::json!({"migrations": []}));
    assert!(packed("", &[]).unwrap().grants.is_empty());
}

#[test]
fn migrations_belong_into_files_and_need_the_grant() {
    let error = packed("[grants.sql]\nmigrations = []", &[]).unwrap_err().to_string();
    assert!(error.contains("`grants.sql.migrations` must be files in the folder `migrations`"), "{error}");
    let error = packed("", &[("0001_a.sql", "a")]).unwrap_err().to_string();
    assert!(error.contains("must have `[grants.sql]` where there are migrations"), "{error}");
    let error = Manifest::from_file(Path::new("no/such/fondaco.toml")).unwrap_err().to_string();
    assert!(error.starts_with("no/such/fondaco.toml: "), "{error}");
}
