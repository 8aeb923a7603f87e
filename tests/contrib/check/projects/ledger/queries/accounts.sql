-- The queries on accounts, each with its name.

-- name: get-account^
SELECT id, number, owner, currency, opened, closed FROM account WHERE id = :id;

-- name: find-account^
SELECT id, owner FROM account WHERE number = :number;

-- name: open-accounts
SELECT id, number FROM account WHERE closed IS NULL ORDER BY number;

-- name: children
WITH RECURSIVE tree AS (
    SELECT id, parent, 0 AS depth FROM account WHERE id = :root
    UNION ALL
    SELECT a.id, a.parent, depth + 1 FROM account AS a JOIN tree ON a.parent = tree.id
)
SELECT id, depth FROM tree WHERE depth > 0;

-- name: add-account<!
INSERT INTO account (number, owner, currency, parent)
VALUES (:number, :owner, :currency, :parent)
RETURNING id;

-- name: close-account!
UPDATE account SET closed = :day::date WHERE id = :id AND closed IS NULL;

-- name: reopen-account!
UPDATE account SET closed = NULL WHERE id = :id;

-- name: rename-owner!
UPDATE account SET owner = :new WHERE owner = :old;

-- name: delete-account!
DELETE FROM account WHERE id = :id AND NOT EXISTS (SELECT FROM entry WHERE account = :id);

-- name: count-by-currency
SELECT currency, count(*) AS number FROM account GROUP BY currency;

-- name: owners
SELECT DISTINCT owner FROM account WHERE owner ILIKE :pattern || '%' ORDER BY owner LIMIT :most;

-- name: opened-between
SELECT id FROM account WHERE opened BETWEEN :first AND :last;

-- name: without-entries
SELECT a.id FROM account AS a LEFT JOIN entry AS e ON e.account = a.id WHERE e.id IS NULL;

-- name: lock-account
SELECT id FROM account WHERE id = :id FOR UPDATE;

-- name: balances
SELECT number, balance(id) AS balance FROM account ORDER BY number;

-- name: overdrawn
SELECT number, balance(id) AS balance FROM account WHERE balance(id) < 0;

-- name: roots
SELECT id, number FROM account WHERE parent IS NULL;

-- name: set-parent!
UPDATE account SET parent = :parent WHERE id = :id;

-- name: last-numbers
SELECT (array_agg(number ORDER BY number DESC))[1:3] FROM account WHERE currency = :currency;

-- name: age
SELECT id, extract(day FROM now() - opened::timestamptz) AS days FROM account;
