-- migrate:up
CREATE SCHEMA ledger;

CREATE TABLE ledger.account (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    number text NOT NULL UNIQUE,
    owner text NOT NULL,
    currency char(3) NOT NULL,
    opened date NOT NULL DEFAULT current_date,
    closed date,
    parent uuid REFERENCES ledger.account
);

CREATE TABLE ledger.entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account uuid NOT NULL REFERENCES ledger.account,
    amount numeric(18, 2) NOT NULL,
    booked timestamptz NOT NULL DEFAULT now(),
    memo text,
    labels text[]
);

-- migrate:down
DROP SCHEMA ledger CASCADE;
