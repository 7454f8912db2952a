-- The last run of each job of the service, for this tenant.
CREATE TABLE fondaco_schedule (
    job TEXT NOT NULL PRIMARY KEY,
    timetable TEXT NOT NULL,
    due_ms BIGINT NOT NULL,
    -- `running`, `done` or `failed`.
    state TEXT NOT NULL,
    -- Until when nobody else begins.
    lease_ms BIGINT NOT NULL,
    -- Grows with each claim.
    fence BIGINT NOT NULL,
    -- How often this due time was begun.
    attempts BIGINT NOT NULL,
    -- Due times in a row that failed.
    failures BIGINT NOT NULL,
    ended_ms BIGINT,
    reason TEXT,
    message TEXT
);
