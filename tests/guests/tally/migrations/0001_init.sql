-- How many events of each key were handled.
CREATE TABLE tally (key TEXT PRIMARY KEY, events BIGINT NOT NULL);
