-- name: transfers-due
SELECT id, source, target, amount FROM transfer WHERE state = 'new' AND due BETWEEN :first AND :last;

-- name: transfer-states
SELECT state, count(*) AS number, sum(amount) AS amount FROM transfer GROUP BY state;

-- name: cancel-transfer!
UPDATE transfer SET state = 'cancelled' WHERE id = :id AND state = 'new';

-- name: purge-failed!
DELETE FROM transfer WHERE state = 'failed' AND retries >= :retries;

-- name: transfer-payload
SELECT payload -> :key AS value FROM transfer WHERE id = :id;

-- name: note-transfer!
UPDATE transfer SET payload = coalesce(payload, '{}') || jsonb_build_object('note', :note::text) WHERE id = :id;

-- name: volume
SELECT due::date AS day, sum(amount) FILTER (WHERE state = 'booked') AS booked, sum(amount) AS planned
FROM transfer GROUP BY 1;

-- name: self-transfers
SELECT id FROM transfer WHERE source = target;

-- name: between-accounts
SELECT id, amount FROM transfer WHERE (source, target) IN ((:left, :right), (:right, :left));

-- name: unbalanced
SELECT t.id FROM transfer AS t LEFT JOIN entry AS e ON e.memo = 'transfer ' || t.id WHERE e.id IS NULL;

-- name: retry-all!
UPDATE transfer SET state = 'new', retries = retries + 1 WHERE state = 'failed' AND retries < :most;

-- name: next-due$
SELECT min(due) FROM transfer WHERE state = 'new';
