"""The native half of the build: Cython twins of the hot paths, each of them optional."""

from __future__ import annotations

import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext


class BuildNative(build_ext):
    """Compiles what can be compiled, and says so when howdah will be pure Python."""

    def run(self) -> None:
        super().run()
        missing = [ext.name for ext in self.extensions if not Path(self.get_ext_fullpath(ext.name)).exists()]
        if missing:
            print(
                f"WARNING: howdah's native implementation was not built ({', '.join(missing)}): is there a C "
                "compiler, and are Python's headers installed? howdah will run in pure Python; that does the "
                "same, more slowly.",
                file=sys.stderr,
            )


extensions = cythonize(
    [
        Extension(
            ".".join(source.with_suffix("").parts[1:]),
            [str(source)],
            extra_compile_args=[] if sys.platform == "win32" else ["-O3"],
        )
        for root in ("core", "contrib")
        for source in sorted(Path(root).glob("*/_native/*.pyx"))
    ],
    include_path=["core"],
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
    extension.optional = True  # cythonize() forgets it; without a compiler the install is to succeed

setup(cmdclass={"build_ext": BuildNative}, ext_modules=extensions)
