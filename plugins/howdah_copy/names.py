"""Names of tables and columns, as the arguments of a command have them."""

from __future__ import annotations

import re

__all__ = ["split_names"]


def split_names(text: str, separator: str) -> list[str]:
    """Split names: one in double quotes is read as SQL reads it, any other one is taken as it is.

    Args:
        text: the names.
        separator: the character between them.

    Raises:
        ValueError: there is an empty name, or a quote that belongs to none.
    """
    between = re.escape(separator)
    name = rf'\s*(?:"((?:[^"]|"")+)"|([^"{between}\s](?:[^"{between}]*[^"{between}\s])?))\s*'
    if not re.fullmatch(f"{name}(?:{between}{name})*", text):
        raise ValueError(
            f"{text!r} has no names with {separator!r} between them; double quotes enclose a whole name"
        )
    return [quoted.replace('""', '"') or plain for quoted, plain in re.findall(name, text)]
