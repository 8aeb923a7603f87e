"""Values as SQL literals, for client-side composition.

Source: PostgreSQL documentation, "Lexical Structure", "String Constants".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from howdah.adapt.encodings import as_utf8, dumped, embeds_ascii, from_utf8

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["quote_literal"]


def quote_literal(value: Buffer | str | None, encoding: str = "utf-8") -> bytes:
    """Return a value, in PostgreSQL's text format, as an SQL literal.

    The literal does not depend on `standard_conforming_strings`: a value with backslashes becomes an escape
    string, `E'...'`.

    Args:
        value: the value; None is written as NULL.
        encoding: the client encoding, as the name of a Python codec.

    Returns:
        The literal in that encoding.
    """
    if value is None:
        return b"NULL"
    data = dumped(value, encoding)
    embedded = not data.isascii() and embeds_ascii(encoding)
    text = as_utf8(data, encoding) if embedded else data
    text = text.replace(b"'", b"''").replace(b"\\", b"\\\\")
    data = from_utf8(text, encoding) if embedded else text
    # The space separates the E from a word in front of it.
    return b" E'%b'" % data if b"\\" in text else b"'%b'" % data
