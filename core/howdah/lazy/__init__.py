"""Lazy imports, regular expressions and named tuples: they keep the import of howdah cheap."""
