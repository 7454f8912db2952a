-- Events that at least one subscription has not settled. Numbers are never used twice.
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    event TEXT NOT NULL,
    appended_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS subscriptions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    pattern TEXT NOT NULL,
    declared_ms INTEGER NOT NULL
) STRICT;

-- What a subscription has not settled.
CREATE TABLE IF NOT EXISTS entries (
    subscription INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (subscription, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS entries_by_event ON entries (seq);

-- When the log was last synced on purpose: one row.
CREATE TABLE IF NOT EXISTS syncs (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    at_ms INTEGER NOT NULL
) STRICT;
