"""The native half of the build: Cython twins of the hot paths, each of them optional.

The environment variable `HOWDAH_BUILD` decides what is built:

    (not set)    native modules; where they cannot be compiled, howdah is pure Python, and the build says so
    native       native modules; a build without them fails
    python       pure Python, in a wheel that fits every platform (py3-none-any)

On Windows, whose sockets the native modules do not know, "python" is what is built without it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOTS = ("core", "plugins", "contrib")
PROCESSORS = os.cpu_count() or 1
BUILD = os.environ.get("HOWDAH_BUILD", "python" if sys.platform == "win32" else "")
if BUILD not in ("", "native", "python"):
    raise SystemExit(f"HOWDAH_BUILD is {BUILD!r}; it can be 'native', 'python' or unset")


class BuildNative(build_ext):
    """Compiles what can be compiled, all processors at work, and says so when howdah will be pure Python."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.parallel = self.parallel or PROCESSORS

    def run(self) -> None:
        # setuptools would compile all of them for each editable install, in a directory of its own.
        self.current = {
            ext.name: self.get_ext_fullpath(ext.name) for ext in self.extensions if self.is_built(ext)
        }
        stale = [ext.name for ext in self.extensions if ext.name not in self.current]
        if stale:
            print(
                f"howdah: compiling {len(stale)} native modules, which takes about a minute"
                f" ({self.parallel} at a time: {', '.join(stale)})",
                file=sys.stderr,
                flush=True,
            )
        super().run()
        missing = [ext.name for ext in self.extensions if not Path(self.get_ext_fullpath(ext.name)).exists()]
        if missing:
            print(
                f"WARNING: howdah's native implementation was not built ({', '.join(missing)}): is there a C "
                "compiler, and are Python's headers installed? howdah will run in pure Python; that does the "
                "same, more slowly.",
                file=sys.stderr,
            )

    def is_built(self, extension: Extension) -> bool:
        """Whether the module is there, and not older than its C source and this file."""
        path = Path(self.get_ext_fullpath(extension.name))
        if self.force or not path.exists():
            return False
        newest = max(Path(source).stat().st_mtime for source in (*extension.sources, "setup.py"))
        return path.stat().st_mtime >= newest

    def build_extension(self, extension: Extension) -> None:
        path, target = self.current.get(extension.name), self.get_ext_fullpath(extension.name)
        if path is None:
            super().build_extension(extension)
        elif path != target:
            self.mkpath(os.path.dirname(target))
            self.copy_file(path, target)


def native_modules() -> list[Extension]:
    """Return the extension modules, their Cython translated to C where that has changed."""
    if BUILD == "python":
        return []
    from Cython.Build import cythonize

    flags = ["-O3"]
    if "CFLAGS" not in os.environ:
        flags.append("-g0")  # what a debugger reads is nine tenths of a module
    sources = [
        (root, source)
        for root in ROOTS
        for pattern in ("*/native/*.pyx", "*/_native/*.pyx")
        for source in sorted(Path(root).glob(pattern))
    ]
    extensions: list[Extension] = cythonize(
        [
            Extension(
                ".".join(source.relative_to(root).with_suffix("").parts),
                [str(source)],
                extra_compile_args=flags,
            )
            for root, source in sources
        ],
        nthreads=PROCESSORS if sys.platform == "linux" else 0,
        include_path=[*ROOTS],
        language_level=3,
        compiler_directives={
            "boundscheck": False,
            "cdivision": True,
            "embedsignature": True,
            "freethreading_compatible": True,
            "wraparound": False,
        },
    )
    for extension in extensions:
        # cythonize() forgets it; without a compiler the install is to succeed
        extension.optional = BUILD != "native"
    return extensions


# Whatever process cythonize() starts imports this file, and is not to build anything.
if __name__ == "__main__":
    setup(cmdclass={"build_ext": BuildNative}, ext_modules=native_modules())
