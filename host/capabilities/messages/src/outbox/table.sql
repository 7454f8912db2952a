-- Messages that were sent and that no provider has taken yet; who may see them, sees whom they are to.
CREATE TABLE fondaco_messages (
    id TEXT NOT NULL PRIMARY KEY,
    message TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    -- Until when a host has it in hand.
    lease_ms BIGINT NOT NULL
);
