CREATE TABLE entries (author TEXT NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (author, number));
-- What the handler makes of events: one row each, in the order in which they came.
CREATE TABLE effects (author TEXT NOT NULL, seq BIGINT NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (author, seq));
