"""Values as SQL literals, for client-side composition.

Source: PostgreSQL documentation, "Lexical Structure", "String Constants".
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["embeds_ascii", "quote_literal"]

# In these encodings a quote or a backslash can be part of another character.
_UNSAFE_ENCODINGS = frozenset(
    ("big5", "gbk", "gb18030", "cp949", "johab", "shift_jis", "shift_jis_2004")  # as `codecs` has them
)


def embeds_ascii(encoding: str) -> bool:
    """Return whether bytes of the ASCII range can be parts of other characters in an encoding.

    Args:
        encoding: the name of a Python codec.
    """
    return codecs.lookup(encoding).name in _UNSAFE_ENCODINGS


def quote_literal(value: Buffer | str | None, encoding: str = "utf-8") -> bytes:
    """Return a value, in PostgreSQL's text format, as an SQL literal.

    The literal means the same whatever `standard_conforming_strings` is: one
    that has backslashes in it is written as an escape string, `E'...'`.

    Args:
        value: the value; None is written as NULL.
        encoding: the client encoding, as the name of a Python codec.

    Returns:
        The literal in that encoding.
    """
    if value is None:
        return b"NULL"
    data = value.encode(encoding) if isinstance(value, str) else bytes(value)
    if embeds_ascii(encoding):
        text = data.decode(encoding).replace("'", "''").replace("\\", "\\\\")
        escaped = "\\" in text
        data = text.encode(encoding)
    else:
        data = data.replace(b"'", b"''").replace(b"\\", b"\\\\")
        escaped = b"\\" in data
    # The space keeps the E from joining a word before it.
    return b" E'%b'" % data if escaped else b"'%b'" % data
