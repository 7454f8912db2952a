//! Whether all that is stored fits together: for tests that kill the process, and for operators.

use std::collections::BTreeSet;

use crate::audit::stored_digest;
use crate::blobs::Blobs;
use crate::database::Database;
use crate::error::Error;

/// Each finds rows that must not be, and names them in its one column.
const QUESTIONS: &[(&str, &str)] = &[
    (
        "the database is damaged",
        "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
    ),
    (
        "a row refers to one that is not there",
        "SELECT \"table\" || ' ' || coalesce(rowid, '') FROM pragma_foreign_key_check",
    ),
    (
        "a package has no version",
        "SELECT owner || '/' || name FROM packages p WHERE NOT EXISTS
           (SELECT 1 FROM versions v WHERE v.owner = p.owner AND v.class = p.class AND v.name = p.name)",
    ),
    (
        "a version was not audited with its digest, once",
        "SELECT owner || '/' || name || '@' || version FROM versions v WHERE 1 <>
           (SELECT count(*) FROM audit a WHERE a.action = 'version.push' AND a.scope = v.owner
             AND a.subject = v.class || '/' || v.name || '@' || v.version AND a.digest_after = v.digest)",
    ),
    (
        "an audited version is not there",
        "SELECT scope || '/' || subject FROM audit a WHERE a.action = 'version.push' AND NOT EXISTS
           (SELECT 1 FROM versions v WHERE a.scope = v.owner AND a.subject = v.class || '/' || v.name || '@' || v.version)",
    ),
    (
        "a slot does not point to its newest revision",
        "SELECT scope || '/' || point || '/' || name FROM slots s WHERE revision <>
           (SELECT max(revision) FROM releases r WHERE r.scope = s.scope AND r.point = s.point AND r.name = s.name)",
    ),
    (
        "a history has no slot",
        "SELECT DISTINCT scope || '/' || point || '/' || name FROM releases r WHERE NOT EXISTS
           (SELECT 1 FROM slots s WHERE r.scope = s.scope AND r.point = s.point AND r.name = s.name)",
    ),
    (
        "a history has a gap",
        "SELECT scope || '/' || point || '/' || name FROM releases GROUP BY scope, point, name
         HAVING count(*) <> max(revision)",
    ),
    (
        "a revision would roll back to a removal",
        "SELECT scope || '/' || point || '/' || name || ' ' || revision FROM release_rows
         WHERE back_to IS NOT NULL AND previous_digest IS NULL",
    ),
    (
        "a tenant serves another tenant's plugin",
        "SELECT scope || '/' || point || '/' || name || ' ' || revision FROM release_rows
         WHERE source IS NOT NULL AND source NOT IN (scope, '@platform')",
    ),
    (
        "a revision was not audited with its digest, once",
        "SELECT scope || '/' || point || '/' || name || ' ' || revision FROM release_rows r WHERE 1 <>
           (SELECT count(*) FROM audit a WHERE a.scope = r.scope AND a.action = 'release.' || r.action
             AND a.subject = iif(r.point = '', 'service', r.point) || '/' || r.name
             AND a.detail ->> 'revision' = r.revision AND a.digest_after IS r.digest)",
    ),
    (
        "an audited revision is not there",
        "SELECT scope || '/' || subject FROM audit a WHERE a.action LIKE 'release.%' AND NOT EXISTS
           (SELECT 1 FROM releases r WHERE a.scope = r.scope AND a.detail ->> 'revision' = r.revision
             AND a.subject = iif(r.point = '', 'service', r.point) || '/' || r.name)",
    ),
];

pub(crate) async fn check(database: &Database, blobs: &Blobs) -> Result<Vec<String>, Error> {
    let mut findings = Vec::new();
    let mut view = database.snapshot().await?;
    for (finding, question) in QUESTIONS {
        let rows: Vec<String> = sqlx::query_scalar(*question).fetch_all(&mut *view).await?;
        findings.extend(rows.into_iter().map(|row| format!("{finding}: {row}")));
    }
    let digests: Vec<String> = sqlx::query_scalar("SELECT digest FROM versions").fetch_all(&mut *view).await?;
    drop(view);
    for text in digests.into_iter().collect::<BTreeSet<_>>() {
        match blobs.get(stored_digest(&text)?).await {
            Ok(_bytes) => {}
            Err(Error::Damaged { digest }) => {
                findings.push(format!("an artifact is damaged or missing: {digest}"));
            }
            Err(other) => return Err(other),
        }
    }
    Ok(findings)
}
