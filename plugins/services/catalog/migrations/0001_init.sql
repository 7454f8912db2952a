-- The last number that was given, by what it numbers.
CREATE TABLE sequences (
    name TEXT PRIMARY KEY,
    last BIGINT NOT NULL
);

-- What has an address: each slug once, whatever it leads to.
CREATE TABLE slugs (
    slug TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    id BIGINT NOT NULL
);

CREATE TABLE categories (
    id BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    slug TEXT NOT NULL,
    parent_id BIGINT,
    -- The ids from the root down: /1/5/.
    path TEXT NOT NULL,
    sort_order BIGINT NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX categories_by_parent ON categories (parent_id, sort_order, id);
CREATE INDEX categories_by_path ON categories (path);

CREATE TABLE products (
    id BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    slug TEXT NOT NULL,
    category_id BIGINT,
    -- What lists and prices need of it, as JSON; the rest is in the document.
    facts TEXT NOT NULL,
    document TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX products_by_category ON products (category_id, id);

-- What products are found by: tags, channels, attributes (name=value).
CREATE TABLE product_terms (
    kind TEXT NOT NULL,
    term TEXT NOT NULL,
    product_id BIGINT NOT NULL,
    PRIMARY KEY (kind, term, product_id)
);
CREATE INDEX product_terms_by_product ON product_terms (product_id);

CREATE TABLE variants (
    sku TEXT PRIMARY KEY,
    product_id BIGINT NOT NULL,
    sort_order BIGINT NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX variants_by_product ON variants (product_id, sort_order);

CREATE TABLE collections (
    id BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    slug TEXT NOT NULL,
    document TEXT NOT NULL
);

-- The products of collections that are listed by hand.
CREATE TABLE collection_products (
    collection_id BIGINT NOT NULL,
    product_id BIGINT NOT NULL,
    sort_order BIGINT NOT NULL,
    PRIMARY KEY (collection_id, product_id)
);
CREATE INDEX collection_products_by_product ON collection_products (product_id);

CREATE TABLE pages (
    id BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    slug TEXT NOT NULL,
    document TEXT NOT NULL
);
