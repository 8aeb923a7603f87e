"""Stopping the temporary server of a process that was killed, and could not stop it itself."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["watch"]

#: Waits for the end of its input, and shuts the server down at once (SIGQUIT) if it is still there.
_SCRIPT = """
exec 3<&0
(
    while read -r line; do :; done <&3
    [ -f "$1/PG_VERSION" ] || exit
    if read -r pid < "$1/postmaster.pid"; then
        kill -QUIT "$pid"
        while [ -f "$1/postmaster.pid" ] && kill -0 "$pid"; do sleep 1; done
    fi
    rm -rf "$1"
) &
"""


def watch(directory: Path) -> int | None:
    """Have a server stopped and its data removed when this process has ended without having done it.

    Processes that this one has forked keep the server running: they may use it, too.

    Args:
        directory: the data directory.

    Returns:
        The file descriptor that the end of the last process closes; to close it ends the watch as well. None
        on Windows, where there is no watch.

    Raises:
        OSError: no other process can be started.
    """
    if os.name != "posix":
        return None
    reader, writer = os.pipe()
    try:
        # The shell leaves its work to a process that is no child of this one, which may wait for all of them.
        subprocess.run(
            ["/bin/sh", "-c", _SCRIPT, "howdah_embedded", directory],
            stdin=reader,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
            check=False,
        )
    except BaseException:
        os.close(writer)
        raise
    finally:
        os.close(reader)
    return writer
