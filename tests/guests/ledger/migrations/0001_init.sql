-- How many events of each key were handled.
CREATE TABLE ledger (key TEXT PRIMARY KEY, events BIGINT NOT NULL);
