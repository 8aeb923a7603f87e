"""The classes that read and write the rows of a COPY: the native ones, or those of `howdah_copy.rows`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from howdah import __impl__
from howdah.adapt.encodings import codec_of, embeds_ascii
from howdah.adapt.text import TextLoader

if TYPE_CHECKING:
    from howdah.adapt import Transformer
    from howdah_copy.rows import CopyDecoder, CopyEncoder

__all__ = ["make_decoder", "make_encoder"]


def make_encoder(transformer: Transformer, format: int) -> CopyEncoder:
    """Return an encoder for rows of COPY data.

    Args:
        transformer: the adapters.
        format: the format code of the data.
    """
    classes = _classes(_encoding(transformer))
    encoder: CopyEncoder = classes.CopyEncoder(transformer.adapters, transformer.context, format)
    return encoder


def make_decoder(transformer: Transformer, format: int, count: int) -> CopyDecoder:
    """Return a decoder for rows of COPY data: their values are str or, in the binary format, bytes.

    Args:
        transformer: the adapters.
        format: the format code of the data.
        count: the number of columns.
    """
    loader = TextLoader.for_format(format)(0, transformer.context)
    encoding = _encoding(transformer)
    options = {} if encoding == "utf-8" else {"encoding": encoding}
    decoder: CopyDecoder = _classes(encoding).CopyDecoder([loader] * count, format, **options)
    return decoder


def _encoding(transformer: Transformer) -> str:
    """Return the codec in which to look for backslashes: UTF-8 if every such byte is a backslash."""
    context = transformer.context
    encoding = codec_of(None if context is None else context.connection)
    return encoding if embeds_ascii(encoding) else "utf-8"


@cache
def _classes(encoding: str) -> Any:
    """Return the module with the classes; the native ones only support encodings like UTF-8."""
    name = "howdah_copy._native.rows"
    native = __impl__ == "native" and encoding == "utf-8" and find_spec(name) is not None
    return import_module(name if native else "howdah_copy.rows")
