"""The native half of the build: Cython twins of the hot paths, each of them optional."""

from __future__ import annotations

import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

SOURCES = sorted(Path("core/howdah/_native").glob("*.pyx"))


class BuildNative(build_ext):
    """Compile what can be compiled, and say so when howdah will be pure Python."""

    def run(self) -> None:
        try:
            super().run()
        finally:
            missing = [ext.name for ext in self.extensions if not Path(self.get_ext_fullpath(ext.name)).exists()]
            if missing:
                print(
                    f"WARNING: howdah's native implementation was not built ({', '.join(missing)}): is there a "
                    "C compiler, and are Python's headers installed? The pure-Python implementation is used; "
                    "it does the same, more slowly.",
                    file=sys.stderr,
                )


setup(
    cmdclass={"build_ext": BuildNative},
    ext_modules=cythonize(
        [
            Extension(
                f"howdah._native.{source.stem}",
                [str(source)],
                extra_compile_args=[] if sys.platform == "win32" else ["-O3"],
                optional=True,  # without a compiler the install succeeds, in pure Python
            )
            for source in SOURCES
        ],
        include_path=["core"],
        language_level=3,
        compiler_directives={"freethreading_compatible": True},
    ),
)
