"""The password file.

Source: PostgreSQL documentation, 34.16 "The Password File".
"""

from __future__ import annotations

import os
import re
import stat
import sys
import warnings

from howdah.lazy.pattern import pattern

__all__ = ["find_password"]

# hostname:port:database:username:password, where a backslash escapes a colon or a backslash.
_LINE = pattern(r"((?:\\.|[^\\:])*):" * 4 + r"((?:\\.|[^:])*)")


def find_password(passfile: str, host: str, port: int, dbname: str, user: str) -> str | None:
    """Look up a password in a password file.

    A file that other users can read is ignored, with a warning. A missing file is no error.

    Args:
        passfile: the path of the file.
        host: the host by its name in the file: `localhost` for the default socket directory.
        port: the port.
        dbname: the database.
        user: the user.

    Returns:
        The password of the first line that matches, or None.
    """
    try:
        status = os.stat(passfile)
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        warnings.warn(f'password file "{passfile}" is not a plain file; it is not used', stacklevel=2)
        return None
    if sys.platform != "win32" and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        warnings.warn(
            f'password file "{passfile}" has group or world access; it is not used. '
            "Permissions should be u=rw (0600) or less",
            stacklevel=2,
        )
        return None
    try:
        with open(passfile, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().split("\n")
    except OSError:
        return None
    wanted = (host, str(port), dbname, user)
    for line in lines:
        if line.startswith("#"):
            continue
        match = _LINE.match(line)
        if match and all(
            field == "*" or _unescape(field) == value
            for field, value in zip(match.groups()[:4], wanted, strict=True)
        ):
            return _unescape(match[5]) or None
    return None


def _unescape(field: str) -> str:
    return re.sub(r"\\(.)", r"\1", field)
