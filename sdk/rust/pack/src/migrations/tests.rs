use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn problem(files: &[(&str, &str)]) -> String {
    read_migrations(folder(files).path()).unwrap_err().to_string()
}

#[test]
fn they_come_in_order_with_their_dialects() {
    let folder = folder(&[
        ("0003_c.sqlite.sql", "c for sqlite"),
        ("0003_c.sql", "c"),
        ("0002_b_two.postgres.sql", "b for postgres"),
        ("0002_b_two.sqlite.sql", "b for sqlite"),
        ("0001_a.sql", "a"),
        ("0004_d.sql", "d"),
        ("0004_d.postgres.sql", "d for postgres"),
    ]);
    let found = read_migrations(folder.path()).unwrap();
    let short: Vec<_> = found
        .iter()
        .map(|found| (found.version, found.name.as_str(), found.sql.as_str(), found.postgres.as_deref()))
        .collect();
    assert_eq!(
        short,
        [
            (1, "a", "a", None),
            (2, "b_two", "b for sqlite", Some("b for postgres")),
            (3, "c", "c for sqlite", Some("c")),
            (4, "d", "d", Some("d for postgres")),
        ]
    );
}

#[test]
fn a_service_need_not_have_any() {
    assert_eq!(read_migrations(Path::new("no/such/folder")).unwrap(), []);
}

#[test]
fn a_gap_is_a_forgotten_file() {
    assert!(problem(&[("0002_b.sql", "b")]).ends_with("has no migration 0001, but 0002_b"));
    assert!(problem(&[("0001_a.sql", "a"), ("0003_c.sql", "c")]).ends_with("has no migration 0002, but 0003_c"));
    assert!(problem(&[("0000_a.sql", "a")]).ends_with("has no migration 0001, but 0000_a"));
}

#[test]
fn what_cannot_be_right_is_refused_with_the_file() {
    assert!(problem(&[("0001_a.sql", "a"), ("0001_b.sql", "b")]).contains("has the same number as 0001_"));
    assert!(problem(&[("0001_a.sqlite.sql", "a")]).contains("lacks 0001_a.postgres.sql, or a portable 0001_a.sql"));
    assert!(problem(&[("0001_a.postgres.sql", "a")]).contains("lacks 0001_a.sqlite.sql"));
    let all = [("0001_a.sql", "a"), ("0001_a.sqlite.sql", "a"), ("0001_a.postgres.sql", "a")];
    assert!(problem(&all).contains("would never run"));
    assert!(problem(&[("0001_a.sql", " \n")]).ends_with("0001_a.sql is empty"));
    let long = "x".repeat(usize::try_from(MAX_BYTES).unwrap() + 1);
    assert!(problem(&[("0001_a.sql", &long)]).contains("at most 131072 are allowed"));
    for name in ["1_a.sql", "0001-a.sql", "0001_.sql", "0001_A.sql", "0001_a.mysql.sql", "README.md", "00x1_a.sql"] {
        assert!(problem(&[(name, "a")]).contains("must be called NNNN_name.sql"), "{name}");
    }
}
