-- Times are milliseconds since 1970 (UTC). Digests are sha256 in lower-case hex.
-- An owner or a scope is a tenant's id, or '@platform' (which no tenant id can be).

-- A name belongs to one extension point for good: a plugin that changes its kind is another plugin.
CREATE TABLE packages (
    owner      TEXT    NOT NULL,
    class      TEXT    NOT NULL CHECK (class IN ('plugin', 'service')),
    name       TEXT    NOT NULL,
    point      TEXT    NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (owner, class, name),
    CHECK ((class = 'service') = (point = ''))
) STRICT, WITHOUT ROWID;

CREATE TABLE versions (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    owner      TEXT    NOT NULL,
    class      TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    digest     TEXT    NOT NULL CHECK (length(digest) = 64),
    size       INTEGER NOT NULL CHECK (size > 0),
    meta       TEXT    NOT NULL CHECK (json_valid(meta)),
    actor      TEXT    NOT NULL,
    created_ms INTEGER NOT NULL,
    UNIQUE (owner, class, name, version),
    FOREIGN KEY (owner, class, name) REFERENCES packages (owner, class, name)
) STRICT;
CREATE INDEX versions_by_digest ON versions (digest);

-- Every change of a slot, forever. The slot of a plugin is (tenant, point, name), that of a service
-- ('@platform', '', name). `back_to` is the revision that a rollback would bring back.
CREATE TABLE releases (
    scope      TEXT    NOT NULL,
    point      TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    revision   INTEGER NOT NULL CHECK (revision > 0),
    action     TEXT    NOT NULL CHECK (action IN ('put', 'rollback', 'remove')),
    version_id INTEGER REFERENCES versions (id),
    position   INTEGER NOT NULL,
    config     TEXT    NOT NULL CHECK (json_valid(config)),
    on_failure TEXT    NOT NULL CHECK (on_failure IN ('skip', 'block', 'last-good')),
    limits     TEXT    CHECK (limits IS NULL OR json_valid(limits)),
    back_to    INTEGER,
    actor      TEXT    NOT NULL,
    at_ms      INTEGER NOT NULL,
    PRIMARY KEY (scope, point, name, revision),
    CHECK ((action = 'remove') = (version_id IS NULL)),
    CHECK (back_to IS NULL OR back_to < revision),
    FOREIGN KEY (scope, point, name, back_to) REFERENCES releases (scope, point, name, revision)
) STRICT;

-- What serves now: a pointer into the history.
CREATE TABLE slots (
    scope    TEXT    NOT NULL,
    point    TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (scope, point, name),
    FOREIGN KEY (scope, point, name, revision) REFERENCES releases (scope, point, name, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms         INTEGER NOT NULL,
    actor         TEXT    NOT NULL,
    scope         TEXT    NOT NULL,
    action        TEXT    NOT NULL,
    subject       TEXT    NOT NULL,
    digest_before TEXT,
    digest_after  TEXT,
    detail        TEXT    NOT NULL CHECK (json_valid(detail))
) STRICT;
CREATE INDEX audit_by_scope ON audit (scope, id);
CREATE INDEX audit_by_subject ON audit (subject, id);

CREATE TABLE api_keys (
    id           TEXT    PRIMARY KEY,
    tenant       TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    roles        TEXT    NOT NULL,
    hash         BLOB    NOT NULL CHECK (length(hash) = 32),
    created_by   TEXT    NOT NULL,
    created_ms   INTEGER NOT NULL,
    expires_ms   INTEGER,
    revoked_ms   INTEGER,
    last_used_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_by_tenant ON api_keys (tenant);

-- Counts the changes of keys that matter to a verifier (not `last_used_ms`), so that a host notices
-- cheaply what another process changed.
CREATE TABLE keys_epoch (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL
) STRICT;
INSERT INTO keys_epoch (one, epoch) VALUES (1, 1);

CREATE TRIGGER api_keys_created AFTER INSERT ON api_keys BEGIN
    UPDATE keys_epoch SET epoch = epoch + 1;
END;
CREATE TRIGGER api_keys_changed AFTER UPDATE OF tenant, roles, hash, expires_ms, revoked_ms ON api_keys BEGIN
    UPDATE keys_epoch SET epoch = epoch + 1;
END;
CREATE TRIGGER api_keys_deleted AFTER DELETE ON api_keys BEGIN
    UPDATE keys_epoch SET epoch = epoch + 1;
END;

-- What was written stays as it was. The triggers before INSERT are for INSERT OR REPLACE, which
-- deletes a row without asking the triggers before DELETE (unless recursive_triggers is on).
CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_replaces BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id) BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER releases_keep BEFORE UPDATE ON releases BEGIN
    SELECT RAISE(ABORT, 'the history of releases is append-only');
END;
CREATE TRIGGER releases_stay BEFORE DELETE ON releases BEGIN
    SELECT RAISE(ABORT, 'the history of releases is append-only');
END;
CREATE TRIGGER releases_replace BEFORE INSERT ON releases
WHEN EXISTS (SELECT 1 FROM releases
             WHERE scope = NEW.scope AND point = NEW.point AND name = NEW.name AND revision = NEW.revision) BEGIN
    SELECT RAISE(ABORT, 'the history of releases is append-only');
END;

CREATE TRIGGER versions_keep BEFORE UPDATE ON versions BEGIN
    SELECT RAISE(ABORT, 'a version is immutable');
END;
CREATE TRIGGER versions_stay BEFORE DELETE ON versions BEGIN
    SELECT RAISE(ABORT, 'a version is immutable');
END;
CREATE TRIGGER versions_replace BEFORE INSERT ON versions
WHEN EXISTS (SELECT 1 FROM versions
             WHERE id = NEW.id
                OR (owner = NEW.owner AND class = NEW.class AND name = NEW.name AND version = NEW.version)) BEGIN
    SELECT RAISE(ABORT, 'a version is immutable');
END;

-- A revision with the version that it names and with the one that it would fall back to.
CREATE VIEW release_rows AS
SELECT r.scope, r.point, r.name, r.revision, r.action, r.version_id, r.position, r.config, r.on_failure, r.limits,
       r.back_to, r.actor, r.at_ms,
       v.owner AS source, v.version AS version, v.digest AS digest,
       b.config AS previous_config, w.owner AS previous_source, w.version AS previous_version,
       w.digest AS previous_digest
FROM releases r
LEFT JOIN versions v ON v.id = r.version_id
LEFT JOIN releases b ON b.scope = r.scope AND b.point = r.point AND b.name = r.name AND b.revision = r.back_to
LEFT JOIN versions w ON w.id = b.version_id;
