-- migrate:up
CREATE TABLE ledger.rate (
    currency char(3) NOT NULL,
    day date NOT NULL,
    rate float8 NOT NULL,
    PRIMARY KEY (currency, day)
);

CREATE FUNCTION ledger.balance(of uuid) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
BEGIN
    -- A semicolon; and another one.
    RETURN (SELECT coalesce(sum(amount), 0) FROM ledger.entry WHERE account = of);
END;
$$;

-- migrate:down
DROP FUNCTION ledger.balance;
DROP TABLE ledger.rate;
