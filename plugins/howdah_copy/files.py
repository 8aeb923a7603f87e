"""The files of `howdah copy`: formats, compression, and files that appear when they are complete."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from howdah.errors import Error, NotSupportedError
from howdah.io.output_file import OutputFile

__all__ = ["DamagedFileError", "compressed", "format_of", "is_file", "naming_damage", "opened", "size_of"]

_COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
_FORMATS = {
    ".csv": "csv",
    ".bin": "binary",
    ".pgcopy": "binary",
    ".tsv": "text",
    ".txt": "text",
    ".parquet": "parquet",
}


class DamagedFileError(Exception):
    """A file cannot be decompressed or parsed; the message names it."""


def is_file(name: str) -> bool:
    """Return whether an argument names a file, and not a table."""
    path = Path(name)
    return name == "-" or os.sep in name or "/" in name or path.suffix in (*_COMPRESSED, *_FORMATS)


def format_of(path: str) -> str | None:
    """Return the format that the extension of a file stands for: csv without any, None for an unknown one."""
    name = Path(path)
    if name.suffix in _COMPRESSED:
        name = name.with_suffix("")
    return _FORMATS.get(name.suffix.lower()) if name.suffix else "csv"


def size_of(path: str) -> int | None:
    """Return the size of a file in bytes, None if it has none."""
    return None if path == "-" or not Path(path).is_file() else Path(path).stat().st_size


@contextmanager
def opened(path: str, mode: str) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Open a file: yield it decompressed, and as it is.

    Args:
        path: its path; "-" for standard input or output.
        mode: `rb` or `wb`. A file that is written appears when it is complete.

    Raises:
        DamagedFileError: what was read cannot be decompressed.
        howdah.NotSupportedError: a package is missing that decompresses it.
    """
    if path == "-":
        raw = sys.stdin.buffer if mode == "rb" else sys.stdout.buffer
        yield raw, raw
        if mode == "wb":
            raw.flush()
        return
    opened: Any = OutputFile(path) if mode == "wb" else Path(path).open(mode)  # noqa: SIM115
    with opened as raw, compressed(raw, path, mode) as file:
        if mode == "wb":
            yield file, raw
            return
        with naming_damage(path, *((_zstd().ZstdError,) if path.endswith(".zst") else ())):
            yield file, raw


@contextmanager
def naming_damage(path: str, *errors: type[Exception]) -> Iterator[None]:
    """Name the file in errors that tell that it is damaged.

    Args:
        path: its path.
        errors: the errors of the library that reads it, besides those of the standard library.

    Raises:
        DamagedFileError: an error tells so.
    """
    try:
        yield
    except Error:
        raise  # some are also errors of the system, without a number
    except OSError as error:
        if error.errno is not None:
            raise
        raise _damaged(path, error) from error
    except (EOFError, lzma.LZMAError, zlib.error) as error:
        raise _damaged(path, error) from error
    except errors as error:
        raise _damaged(path, error) from error


def _damaged(path: str, error: Exception) -> DamagedFileError:
    return DamagedFileError(f"{path} is damaged: {' '.join(str(error).split())}")


def compressed(raw: Any, path: str, mode: Any) -> Any:
    """Return a context manager for a file that compresses or decompresses as its path says.

    It leaves the file below open.
    """
    suffix = Path(path).suffix
    if suffix == ".gz":
        return gzip.GzipFile(fileobj=raw, mode=mode)
    if suffix == ".bz2":
        return bz2.BZ2File(raw, mode)
    if suffix == ".xz":
        return lzma.LZMAFile(raw, mode)
    if suffix == ".zst":
        return _zstd().ZstdFile(raw, mode)
    return nullcontext(raw)


def _zstd() -> Any:
    for module in ("compression.zstd", "backports.zstd"):
        try:
            return import_module(module)
        except ImportError:
            pass
    raise NotSupportedError(".zst files need Python 3.14, or: pip install backports.zstd")
