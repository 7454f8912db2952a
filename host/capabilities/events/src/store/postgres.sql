-- Events that were published and are not handled for certain.
CREATE SEQUENCE fondaco_outbox_seq;

CREATE TABLE fondaco_outbox (
    seq BIGINT PRIMARY KEY DEFAULT nextval('fondaco_outbox_seq'),
    id TEXT NOT NULL,
    event TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    -- In which generation of the bus it is, and since when.
    generation TEXT,
    relayed_ms BIGINT
);

-- Numbers must grow with commits: events of a key are relayed in their order, and an order by insertion would let a
-- unit of work that began early and committed late overtake the one that it waited for. So an event gets its number
-- just before the commit, under a lock that ends with it. Nothing is waited for after this lock, so it cannot deadlock.
CREATE FUNCTION fondaco_outbox_number() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(TG_TABLE_SCHEMA || '/fondaco_outbox', 0));
    EXECUTE format('UPDATE %I.fondaco_outbox SET seq = nextval(%L) WHERE seq = $1',
        TG_TABLE_SCHEMA, format('%I.fondaco_outbox_seq', TG_TABLE_SCHEMA)) USING NEW.seq;
    RETURN NULL;
END
$body$;

CREATE CONSTRAINT TRIGGER fondaco_outbox_number AFTER INSERT ON fondaco_outbox
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fondaco_outbox_number();

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
);

CREATE INDEX fondaco_inbox_by_age ON fondaco_inbox (state, at_ms);
