"""The native twins of `howdah_arrow.decoding` and `howdah_arrow.encoding`."""
