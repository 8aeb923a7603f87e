"""A web shop's data layer, with SQL in repositories."""
