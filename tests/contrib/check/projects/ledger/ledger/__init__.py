"""A ledger, with SQL in files and in the service."""
