//! Catalogs that would take the public import too long: the rows that the import wrote, again under other skus, slugs
//! and ids, straight into the database files of a host that is stopped.
//!
//! It knows the tables' keys and nothing of what documents say: those are copied as they are.

use std::path::Path;

use anyhow::Result;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

use super::shop::{IMPORTED, Shop};

/// A number for each copy of what was imported; `{copies}` of them.
const COPIES: &str = "WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < {copies})";

const CATALOG: [&str; 5] = [
    "INSERT INTO products (id, version, slug, category_id, facts, document, created_ms, updated_ms) {with}
     SELECT id + n * {imported}, version, slug || '-' || n, category_id, facts, document, created_ms, updated_ms
     FROM copies CROSS JOIN (SELECT * FROM products ORDER BY id LIMIT {imported})",
    "INSERT INTO slugs (slug, kind, id) {with}
     SELECT slug || '-' || n, kind, id + n * {imported}
     FROM copies CROSS JOIN (SELECT * FROM slugs WHERE kind = 'product' ORDER BY id LIMIT {imported})",
    "INSERT INTO product_terms (kind, term, product_id) {with}
     SELECT kind, term, product_id + n * {imported}
     FROM (SELECT * FROM product_terms WHERE product_id <= {imported}) CROSS JOIN copies",
    "INSERT INTO variants (sku, product_id, sort_order, document) {with}
     SELECT sku || '-' || n, product_id + n * {imported}, sort_order, document
     FROM (SELECT * FROM variants WHERE product_id <= {imported}) CROSS JOIN copies",
    "UPDATE sequences SET last = {imported} * ({copies} + 1) WHERE name = 'product'",
];

const PRICE_BOOK: [&str; 1] =
    ["INSERT INTO prices (sku, list_id, from_ms, until_ms, min_quantity, amount, compare_at) {with}
     SELECT sku || '-' || n, list_id, from_ms, until_ms, min_quantity, amount, compare_at
     FROM (SELECT * FROM prices ORDER BY sku LIMIT 2 * {imported}) CROSS JOIN copies"];

/// Fills the catalogs of these shops up to what they should have.
pub(super) async fn load(state: &Path, shops: &[&Shop]) -> Result<()> {
    for shop in shops {
        let copies = (shop.products / IMPORTED).saturating_sub(1);
        let folder = state.join("sql").join(&shop.tenant);
        run(&folder.join("catalog.sqlite"), &CATALOG, copies).await?;
        run(&folder.join("price-book.sqlite"), &PRICE_BOOK, copies).await?;
    }
    Ok(())
}

/// In one transaction, without a log and without syncs: nobody needs the file if this fails.
async fn run(file: &Path, statements: &[&str], copies: usize) -> Result<()> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .pragma("cache_size", "-262144")
        .disable_statement_logging();
    let mut connection = options.connect().await?;
    connection.execute("BEGIN EXCLUSIVE").await?;
    for statement in statements {
        let statement = statement.replace("{with}", COPIES);
        let statement = statement.replace("{copies}", &copies.to_string());
        let statement = statement.replace("{imported}", &IMPORTED.to_string());
        connection.execute(AssertSqlSafe(statement)).await?;
    }
    connection.execute("COMMIT").await?;
    Ok(connection.close().await?)
}
