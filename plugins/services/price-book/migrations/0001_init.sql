-- The last number that was given, by what it numbers.
CREATE TABLE sequences (
    name TEXT PRIMARY KEY,
    last BIGINT NOT NULL
);

-- What a list does not restrict is an empty text; a time that is open is 0 or the last one there is.
CREATE TABLE price_lists (
    id BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    code TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    currency TEXT NOT NULL,
    channel TEXT NOT NULL,
    customer_group TEXT NOT NULL,
    country TEXT NOT NULL,
    priority BIGINT NOT NULL,
    from_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    tax_included BOOLEAN NOT NULL,
    enabled BOOLEAN NOT NULL
);

CREATE TABLE prices (
    sku TEXT NOT NULL,
    list_id BIGINT NOT NULL,
    from_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    min_quantity BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    compare_at BIGINT,
    PRIMARY KEY (sku, list_id, from_ms, until_ms, min_quantity)
);
CREATE INDEX prices_by_list ON prices (list_id, sku);
