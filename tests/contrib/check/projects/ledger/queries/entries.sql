\set ON_ERROR_STOP on
-- name: add-entry<!
INSERT INTO entry (account, amount, memo, labels) VALUES (:account, :amount, :memo, :labels) RETURNING id, booked;

-- name: entries-of
SELECT id, amount, booked, memo FROM entry WHERE account = :account ORDER BY id;

-- name: page
SELECT id, amount FROM entry WHERE account = :account AND id > :after ORDER BY id LIMIT :size;

-- name: labelled
SELECT id FROM entry WHERE labels @> ARRAY[:label];

-- name: relabel!
UPDATE entry SET labels = array_replace(labels, :old, :new);

-- name: sum-of$
SELECT sum(amount) FROM entry WHERE account = :account;

-- name: daily
SELECT booked::date AS day, sum(amount) AS amount FROM entry GROUP BY 1 ORDER BY 1;

-- name: largest
SELECT id, amount FROM entry ORDER BY abs(amount) DESC LIMIT 10;

-- name: running
SELECT id, sum(amount) OVER (PARTITION BY account ORDER BY id) AS balance FROM entry WHERE account = :account;

-- name: memo-like
SELECT id, memo FROM entry WHERE memo LIKE :pattern AND memo <> 'a:b' AND memo <> $$c:d$$; /* :e */

-- name: delete-before!
DELETE FROM entry WHERE booked < :moment;

-- name: copy-entries
INSERT INTO entry (account, amount, memo) SELECT :target, amount, memo FROM entry WHERE account = :source;

-- name: monthly
SELECT extract(year FROM booked)::int AS year, extract(month FROM booked)::int AS month, count(*) AS number
FROM entry WHERE account = :account GROUP BY 1, 2;

-- name: medians
SELECT account, percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) AS median FROM entry GROUP BY account;

-- name: latest
SELECT DISTINCT ON (account) account, id, amount FROM entry ORDER BY account, id DESC;

-- name: unlabelled
SELECT count(*) FROM entry WHERE labels IS NULL;
\echo done
