-- migrate:up
CREATE TABLE ledger.transfer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source uuid NOT NULL REFERENCES ledger.account,
    target uuid NOT NULL REFERENCES ledger.account,
    amount numeric(18, 2) NOT NULL CHECK (amount > 0),
    state text NOT NULL DEFAULT 'new',
    payload jsonb,
    retries int NOT NULL DEFAULT 0,
    due timestamptz
);

-- migrate:down
DROP TABLE ledger.transfer;
