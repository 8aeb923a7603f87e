"""Client encodings, and the Python codec for each.

Source: PostgreSQL documentation, "Character Set Support"; for the names, PostgreSQL's
src/common/encnames.c.
"""

from __future__ import annotations

import codecs
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from howdah.errors import DataError, NotSupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

__all__ = [
    "as_utf8",
    "codec_of",
    "dumped",
    "embeds_ascii",
    "encoded",
    "escaped",
    "from_utf8",
    "python_encoding",
    "text_codec",
]

#: The codecs by normalized name: PostgreSQL compares only letters, in lower case, and digits.
_CODECS = {
    "abc": "cp1258",
    "alt": "cp866",
    "big5": "big5",
    "euccn": "gb2312",
    "eucjis2004": "euc_jis_2004",
    "eucjp": "euc_jp",
    "euckr": "euc_kr",
    "gb18030": "gb18030",
    "gbk": "gbk",
    "johab": "johab",
    "koi8": "koi8_r",
    "koi8r": "koi8_r",
    "koi8u": "koi8_u",
    "mskanji": "shift_jis",
    "shiftjis": "shift_jis",
    "shiftjis2004": "shift_jis_2004",
    "sjis": "shift_jis",
    "sqlascii": "ascii",
    "tcvn": "cp1258",
    "tcvn5712": "cp1258",
    "uhc": "cp949",
    "unicode": "utf-8",
    "utf8": "utf-8",
    "vscii": "cp1258",
    "win": "cp1251",
    "windows932": "shift_jis",
    "windows936": "gbk",
    "windows949": "cp949",
    "windows950": "big5",
    "win932": "shift_jis",
    "win936": "gbk",
    "win949": "cp949",
    "win950": "big5",
    **{
        name: f"cp{number}"
        for number in (866, 874, *range(1250, 1259))
        for name in (f"win{number}", f"windows{number}")
    },
    **{f"iso8859{part}": f"iso8859-{part}" for part in (*range(1, 11), *range(13, 17))},
    **{
        f"latin{number}": f"iso8859-{part}"
        for number, part in enumerate((1, 2, 3, 4, 9, 10, 13, 14, 15, 16), start=1)
    },
}

#: Replacements for codecs of Python that disagree with PostgreSQL. The Japanese ones encode the yen sign as a
#: backslash, or other characters as similar ones, or lack characters that PostgreSQL has; big5 encodes some
#: that PostgreSQL takes for U+FFFD; euc_kr encodes syllables that EUC_KR lacks differently.
_BETTER = {
    "big5": "pg_big5",
    "euc_jis_2004": "pg_euc_jis_2004",
    "euc_jp": "pg_euc_jp",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "shift_jis_2004": "pg_shift_jis_2004",
}

#: Encodings in which the byte of a quote, a backslash or a brace can be part of another character.
_EMBED_ASCII = frozenset(
    (
        *("pg_big5", "gbk", "gb18030", "cp949", "johab", "cp932", "pg_shift_jis_2004"),
        *("big5", "big5hkscs", "cp950", "shift_jis", "shift_jis_2004", "shift_jisx0213"),
    )
)


@lru_cache(maxsize=64)
def python_encoding(name: str) -> str:
    """Return the Python codec for a PostgreSQL encoding.

    Args:
        name: what the server, or a program, calls the encoding.

    Raises:
        howdah.NotSupportedError: Python has no codec for the encoding, or the encoding does not exist.
    """
    codec = _CODECS.get("".join([letter for letter in name.lower() if letter.isalnum()]))
    if codec is None:
        raise NotSupportedError(f"Python has no codec for the client encoding {name[:64]!r}")
    return codecs.lookup(codec).name


@lru_cache(maxsize=64)
def text_codec(name: str) -> str:
    """Return the codec that agrees with PostgreSQL about an encoding: Python's own or a replacement.

    Args:
        name: what the server, or a program, calls the encoding.

    Raises:
        howdah.NotSupportedError: as for `python_encoding`.
    """
    codec = python_encoding(name)
    codec = _BETTER.get(codec, codec)
    if codec.startswith("pg_"):
        import howdah.adapt.japanese  # noqa: F401  # which registers them
    return codec


def codec_of(connection: Any) -> str:
    """Return the codec for the text of a connection: `ascii` for SQL_ASCII, UTF-8 without a connection."""
    if connection is None:
        return "utf-8"
    info = connection.info
    return str(getattr(info, "codec", None) or info.encoding)


def embeds_ascii(encoding: str) -> bool:
    """Return whether bytes of the ASCII range can be parts of other characters in an encoding.

    Args:
        encoding: the name of a Python codec.
    """
    return codecs.lookup(encoding).name in _EMBED_ASCII


def dumped(value: Buffer | str, encoding: str) -> bytes:
    """Return the result of a dumper as bytes.

    Args:
        value: the result of the dumper. Numbers and lists are refused, although `bytes` accepts them.
        encoding: the encoding for a `str`, as the name of a Python codec.

    Raises:
        TypeError: `value` is neither `str` nor a buffer.
        howdah.DataError: the encoding cannot represent the text.
    """
    if isinstance(value, str):
        return encoded(value, encoding)
    return value if type(value) is bytes else bytes(memoryview(value))


def encoded(text: str, encoding: str) -> bytes:
    """Encode a text.

    Args:
        text: the text.
        encoding: the name of a Python codec; `ascii`, for SQL_ASCII, encodes as UTF-8.

    Raises:
        howdah.DataError: the encoding cannot represent the text.
    """
    try:
        return text.encode("utf-8" if encoding == "ascii" else encoding)
    except UnicodeEncodeError as error:
        surrogate = "\ud800" <= text[error.start] <= "\udfff"
        advice = "it is half of a surrogate pair" if surrogate else "connect with client_encoding='UTF8'"
        raise DataError(
            f"the text has a character at position {error.start}"
            f" which the client encoding {encoding!r} cannot represent: {advice}"
        ) from None


def as_utf8(data: bytes, encoding: str) -> bytes:
    """Recode a text as UTF-8, in which each byte of the ASCII range is a character.

    Args:
        data: the text in the encoding.
        encoding: the name of a Python codec.

    Raises:
        howdah.DataError: `data` is not text in that encoding.
    """
    try:
        return data.decode(encoding).encode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"what is at byte {error.start} is not text in {encoding!r}, the client encoding"
        ) from None


def from_utf8(data: bytes, encoding: str) -> bytes:
    """Recode a text, or a part of one, that `as_utf8` has returned.

    Args:
        data: the text in UTF-8.
        encoding: the name of a Python codec.
    """
    return data.decode().encode(encoding)


def escaped(data: bytes, escape: Callable[[bytes], bytes], encoding: str) -> bytes:
    """Escape ASCII characters in a text, but not bytes of that range which are parts of other characters.

    Args:
        data: the text in the encoding.
        escape: escapes the characters in a text in which each byte of the ASCII range is a character.
        encoding: the name of a Python codec.

    Raises:
        howdah.DataError: `data` is not text in that encoding, and has to be recoded.
    """
    if data.isascii() or not embeds_ascii(encoding):
        return escape(data)
    return from_utf8(escape(as_utf8(data, encoding)), encoding)
