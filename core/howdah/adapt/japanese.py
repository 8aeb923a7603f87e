"""Codecs for Japanese encodings, and for BIG5, that agree with PostgreSQL where Python's do not.

Python's `euc_jp` and `shift_jis_2004` encode the yen sign and the overline as the bytes that are backslash
and tilde in PostgreSQL, and replace some other characters with similar ones; so does `euc_jis_2004`. Of what
`big5` encodes, PostgreSQL reads three characters as U+FFFD.

Source: PostgreSQL's src/backend/utils/mb/Unicode/euc_jp_to_utf8.map, euc_jis_2004_to_utf8.map,
shift_jis_2004_to_utf8.map and big5_to_utf8.map.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

# From the character that Python decodes to the one that PostgreSQL means.
_EUC_JP = {"‖": "∥", "−": "－", "〜": "～", "¢": "￠", "£": "￡", "¬": "￢", "¦": "￤"}
_EUC_JIS_2004 = {"￥": "¥", "￣": "‾", "―": "—", "⦅": "｟", "⦆": "｠"}
_BIG5 = {"╴": "\N{REPLACEMENT CHARACTER}"}
_SHIFT_JIS_2004 = {"¥": "\\", "‾": "~", "―": "—", "⦅": "｟", "⦆": "｠"}


class _Codec:
    """A codec that differs from Python's in some characters.

    Args:
        name: the name of the codec.
        base: the name of Python's codec.
        read: from the character that Python decodes to the right one.
        missing: further characters that the encoding lacks.
    """

    def __init__(self, name: str, base: str, read: dict[str, str], missing: str = "") -> None:
        self.name = name
        self._base = codecs.lookup(base)
        self._decoding = str.maketrans(read)
        self._encoding = str.maketrans({right: ours for ours, right in read.items()})
        self._missing = frozenset((*read, *missing))

    def encode(self, text: str, errors: str = "strict") -> tuple[bytes, int]:
        """Return the encoded text, and the length of the text."""
        if not self._missing.isdisjoint(text):
            if errors == "strict":
                start = next(i for i, character in enumerate(text) if character in self._missing)
                raise UnicodeEncodeError(self.name, text, start, start + 1, "there is no such character")
            text = "".join(["?" if character in self._missing else character for character in text])
        return self._base.encode(text.translate(self._encoding), errors)[0], len(text)

    def decode(self, data: Buffer, errors: str = "strict") -> tuple[str, int]:
        """Return the decoded text, and the number of bytes."""
        text, size = self._base.decode(bytes(data), errors)
        return text.translate(self._decoding), size

    def info(self) -> codecs.CodecInfo:
        """Return the object for `codecs.lookup` to return."""
        decoding = self._decoding
        base = self._base.incrementaldecoder
        assert base is not None

        class IncrementalDecoder(base):  # type: ignore[valid-type, misc]
            def decode(self, data: Buffer, final: bool = False) -> str:
                text: str = super().decode(data, final)
                return text.translate(decoding)

        return codecs.CodecInfo(
            self.encode, self.decode, incrementaldecoder=IncrementalDecoder, name=self.name
        )


_CODECS = {
    codec.name: codec.info()
    for codec in (
        _Codec("pg_big5", "big5", _BIG5, "ˍ￣"),
        _Codec("pg_euc_jis_2004", "euc_jis_2004", _EUC_JIS_2004),
        _Codec("pg_euc_jp", "euc_jp", _EUC_JP, "¥‾"),
        _Codec("pg_shift_jis_2004", "shift_jis_2004", _SHIFT_JIS_2004),
    )
}
codecs.register(_CODECS.get)
