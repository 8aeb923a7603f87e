-- name: set-rate!
INSERT INTO rate (currency, day, rate) VALUES (:currency, :day, :rate)
ON CONFLICT (currency, day) DO UPDATE SET rate = excluded.rate;

-- name: rate-on^
SELECT rate FROM rate WHERE currency = :currency AND day <= :day ORDER BY day DESC LIMIT 1;

-- name: rates-of
SELECT day, rate FROM rate WHERE currency = :currency ORDER BY day;

-- name: currencies
SELECT DISTINCT currency FROM rate ORDER BY 1;

-- name: latest-rates
SELECT DISTINCT ON (currency) currency, rate FROM rate ORDER BY currency, day DESC;

-- name: missing-days
SELECT day::date FROM generate_series(:first::date, :last::date, '1 day') AS day
WHERE NOT EXISTS (SELECT FROM rate AS r WHERE r.day = day::date AND currency = :currency);

-- name: delete-rates!
DELETE FROM rate WHERE day < :day;

-- name: converted
SELECT e.id, e.amount::float8 * r.rate AS amount
FROM entry AS e
JOIN account AS a ON a.id = e.account
JOIN LATERAL (SELECT rate FROM rate WHERE currency = a.currency AND day <= e.booked::date ORDER BY day DESC LIMIT 1) AS r ON true
WHERE e.account = :account;

-- name: highest
SELECT currency, max(rate) AS highest FROM rate GROUP BY currency;

-- name: changes
SELECT day, rate - lag(rate) OVER (ORDER BY day) AS change FROM rate WHERE currency = :currency;
