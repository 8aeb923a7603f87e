"""The native twin of `howdah_copy.rows`."""
