"""The native twin of `howdah_multiplex.cached_queries`."""
