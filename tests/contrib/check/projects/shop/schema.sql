CREATE TYPE order_status AS ENUM ('cart', 'placed', 'paid', 'shipped', 'cancelled');
CREATE DOMAIN email_address AS text CHECK (VALUE ~ '^[^@]+@[^@]+$');

CREATE TABLE customer (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email email_address NOT NULL UNIQUE,
    name text NOT NULL,
    phone text,
    born date,
    created timestamptz NOT NULL DEFAULT now(),
    preferences jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE address (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id int NOT NULL REFERENCES customer ON DELETE CASCADE,
    street text NOT NULL,
    city text NOT NULL,
    country char(2) NOT NULL,
    note text
);

CREATE TABLE category (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent_id int REFERENCES category,
    name text NOT NULL
);

CREATE TABLE product (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    category_id int REFERENCES category,
    sku text NOT NULL UNIQUE,
    title text NOT NULL,
    description text,
    price numeric(10, 2) NOT NULL,
    weight float8,
    tags text[] NOT NULL DEFAULT '{}',
    active boolean NOT NULL DEFAULT true,
    code uuid NOT NULL DEFAULT gen_random_uuid()
);

CREATE TABLE stock (
    product_id int PRIMARY KEY REFERENCES product ON DELETE CASCADE,
    quantity int NOT NULL DEFAULT 0 CHECK (quantity >= 0),
    checked timestamptz
);

CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id int NOT NULL REFERENCES customer,
    status order_status NOT NULL DEFAULT 'cart',
    placed timestamptz,
    shipped timestamptz,
    comment text
);

CREATE TABLE order_line (
    order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
    product_id int NOT NULL REFERENCES product,
    quantity int NOT NULL,
    price numeric(10, 2) NOT NULL,
    PRIMARY KEY (order_id, product_id)
);

CREATE TABLE review (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id int NOT NULL REFERENCES product ON DELETE CASCADE,
    customer_id int NOT NULL REFERENCES customer,
    stars int NOT NULL CHECK (stars BETWEEN 1 AND 5),
    body text,
    written timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION order_total(wanted bigint) RETURNS numeric
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce(sum(quantity * price), 0) FROM order_line WHERE order_id = wanted;
END;

CREATE VIEW best_seller AS
SELECT p.id, p.title, sum(l.quantity) AS sold
FROM product AS p JOIN order_line AS l ON l.product_id = p.id
GROUP BY p.id;
