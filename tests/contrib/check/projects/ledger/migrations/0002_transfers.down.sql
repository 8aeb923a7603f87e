DROP TABLE ledger.transfer;
