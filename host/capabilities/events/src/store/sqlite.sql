-- Events that were published and are not handled for certain. The writer is one, so numbers grow with commits.
CREATE TABLE fondaco_outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    event TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    -- In which generation of the bus it is, and since when.
    generation TEXT,
    relayed_ms BIGINT
);

-- Events that are done with, by subscription: `handled`, or `dead` with the event and why.
CREATE TABLE fondaco_inbox (
    subscription TEXT NOT NULL,
    event_id TEXT NOT NULL,
    state TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    reason TEXT,
    message TEXT,
    event TEXT,
    PRIMARY KEY (subscription, event_id)
) WITHOUT ROWID;

CREATE INDEX fondaco_inbox_by_age ON fondaco_inbox (state, at_ms);
