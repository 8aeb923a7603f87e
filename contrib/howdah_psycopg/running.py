"""Running a program as Python itself does, after `install`."""

from __future__ import annotations

import errno
import linecache
import os
import platform
import runpy
import sys
from types import ModuleType, TracebackType

from howdah import __version__
from howdah_psycopg import install

__all__ = ["main"]

USAGE = """\
usage: python -m howdah_psycopg program.py [argument …]
       python -m howdah_psycopg -m module [argument …]
       python -m howdah_psycopg -c code [argument …]
       python -m howdah_psycopg --version

Runs a program as Python does; its modules psycopg and psycopg_pool are howdah."""


def main() -> None:
    """Run the program that the command line names."""
    arguments = sys.argv[1:]
    if arguments and arguments[0] in ("-V", "--version"):
        print(f"howdah {__version__} (as psycopg), Python {platform.python_version()}")
        sys.exit()
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, file=sys.stdout if arguments else sys.stderr)
        sys.exit(0 if arguments else 2)
    option, value, rest = _parse(arguments)
    install()
    _hide_own_frames()
    if option == "-c":
        _run_code(value, rest)
    else:
        run = _run_module if option == "-m" else _run_file
        try:
            run(value, rest)
        except ImportError as error:
            # Python says it without a traceback if there is nothing to run.
            if _is_of_program(error.__traceback__):
                raise
            print(f"{sys.executable}: {error}", file=sys.stderr)
            sys.exit(1)


def _parse(arguments: list[str]) -> tuple[str, str, list[str]]:
    """Return `-m`, `-c` or nothing, what to run, and its arguments."""
    first = arguments[0]
    if first[:2] in ("-m", "-c"):
        if first[2:]:
            return first[:2], first[2:], arguments[1:]
        if len(arguments) > 1:
            return first, arguments[1], arguments[2:]
        print(f"Argument expected for the {first} option\n{USAGE}", file=sys.stderr)
        sys.exit(2)
    if first.startswith("-"):
        print(f"Unknown option: {first}\n{USAGE}", file=sys.stderr)
        sys.exit(2)
    return "", first, arguments[1:]


def _run_code(code: str, arguments: list[str]) -> None:
    sys.argv[:] = ["-c", *arguments]
    if sys.path and not _safe_path():
        sys.path[0] = ""
    module = _new_main()
    if sys.version_info >= (3, 13):  # from then on, Python shows the lines of such code in tracebacks
        linecache.cache["<string>"] = (len(code), None, code.splitlines(keepends=True), "<string>")
    exec(compile(code, "<string>", "exec", dont_inherit=True), vars(module))


def _run_module(name: str, arguments: list[str]) -> None:
    sys.argv[:] = [name, *arguments]
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def _run_file(path: str, arguments: list[str]) -> None:
    sys.argv[:] = [path, *arguments]
    if not os.path.exists(path):
        reason = f"[Errno {errno.ENOENT}] {os.strerror(errno.ENOENT)}"
        print(f"{sys.executable}: can't open file {os.path.abspath(path)!r}: {reason}", file=sys.stderr)
        sys.exit(2)
    if os.path.isfile(path) and sys.path and not _safe_path():
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    runpy.run_path(os.path.abspath(path), run_name="__main__")


def _safe_path() -> bool:
    """Return whether Python was told not to put a directory of the program's in front of the path."""
    return bool(getattr(sys.flags, "safe_path", False))


def _new_main() -> ModuleType:
    """Return a new module `__main__`."""
    module = sys.modules["__main__"] = ModuleType("__main__")
    module.__builtins__ = sys.modules["builtins"]  # type: ignore[attr-defined]
    return module


def _hide_own_frames() -> None:
    """Leave the frames that run the program out of the traceback of an exception that ends it."""
    show = sys.excepthook

    def hook(cls: type[BaseException], exception: BaseException, traceback: TracebackType | None) -> None:
        trimmed = traceback
        while trimmed is not None and _is_own(trimmed):
            trimmed = trimmed.tb_next
        # Without a frame of the program's, the error is in what runs it.
        kept = trimmed or traceback
        show(cls, exception.with_traceback(kept), kept)

    sys.excepthook = hook


def _is_of_program(traceback: TracebackType | None) -> bool:
    """Return whether a frame of the program is in a traceback."""
    while traceback is not None:
        if not _is_own(traceback):
            return True
        traceback = traceback.tb_next
    return False


def _is_own(traceback: TracebackType) -> bool:
    name = traceback.tb_frame.f_globals.get("__name__")
    file = traceback.tb_frame.f_code.co_filename
    return (
        name in (__name__, "runpy") or "runpy" in file or os.path.dirname(file) == os.path.dirname(__file__)
    )
