"""`howdah fleet`: how many connections the pools of processes would open, and whether there are so many."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from howdah.errors import Error
from howdah_pool.capacity import get_capacity
from howdah_pool.errors import BadArguments
from howdah_pool.share import Capacity, ShareOfServer

if TYPE_CHECKING:
    from howdah.framework.driver import Driver

__all__ = ["fleet"]


@click.command()
@click.argument("conninfo", default="")
@click.option("-p", "--processes", type=click.IntRange(1), default=1, show_default=True, help="How many.")
@click.option("--min-size", type=click.IntRange(0), default=4, show_default=True, help="Of each pool.")
@click.option("--max-size", type=click.IntRange(1), help="Of each pool; by default its share of the server.")
@click.option("--reserve", type=click.IntRange(0), default=0, help="Connections to leave to others.")
@click.pass_obj
def fleet(
    driver: Driver, conninfo: str, processes: int, min_size: int, max_size: int | None, reserve: int
) -> None:
    """Report whether a server admits the pools of a number of processes.

    CONNINFO is a connection string; what it leaves out comes from the environment. The exit status is 1 if
    the pools need more connections than there are.
    """
    try:
        with driver.connect(conninfo, autocommit=True) as connection:
            capacity = get_capacity(connection)
        for line in _described(capacity):
            click.echo(line)
        share = ShareOfServer(processes=processes, reserve=reserve).of(capacity)
    except BadArguments as error:
        sys.exit(str(error))
    except Error as error:
        sys.exit(f"cannot ask the server: {error}")
    size = share if max_size is None else max_size
    at_start, at_most = processes * min(min_size, size), processes * size
    click.echo(f"{processes} processes: {at_start} connections at the start, {at_most} at most")
    if at_most > capacity.total - reserve:
        sys.exit(f"too many: the share of a process is max_size={share}")


def _described(capacity: Capacity) -> list[str]:
    admitted = f"the server admits {capacity.total} connections of this role to this database"
    lines = [
        f"{admitted}: max_connections = {capacity.max_connections}, of which {capacity.reserved} are reserved"
    ]
    for what, limit in (("role", capacity.role), ("database", capacity.database)):
        if limit >= 0:
            lines.append(f"the limit of the {what} is {limit}")
    lines.append(f"in use now: {capacity.in_use}, with this one")
    if capacity.pooled:
        lines.append("a pooler is in between, which has limits of its own: see SHOW CONFIG on its console")
    return lines
