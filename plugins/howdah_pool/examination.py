"""What `howdah doctor --processes` tells: how many connections the pools of processes would open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from howdah.errors import Error
from howdah_pool.capacity import get_capacity
from howdah_pool.errors import BadArguments
from howdah_pool.options import PoolOptions
from howdah_pool.share import Capacity, ShareOfServer

if TYPE_CHECKING:
    from howdah.cli.doctor import Examination

__all__ = ["OPTIONS", "examine_pools"]

OPTIONS = [
    click.Option(
        ["-p", "--processes"],
        type=click.IntRange(1),
        help="Show how many connections the pools of this many processes would open, and whether the server"
        " admits them.",
    ),
    click.Option(
        ["--min-size"],
        type=click.IntRange(0),
        help=f"The min_size of each pool; {PoolOptions.min_size} by default.",
    ),
    click.Option(
        ["--max-size"],
        type=click.IntRange(1),
        help="The max_size of each pool; by default its share of what the server admits.",
    ),
    click.Option(["--reserve"], type=click.IntRange(0), help="How many connections to leave to others."),
]


def examine_pools(
    examination: Examination,
    connection: Any,
    *,
    processes: int | None,
    min_size: int | None,
    max_size: int | None,
    reserve: int | None,
) -> None:
    """Find out whether a server admits the pools of a number of processes.

    Args:
        examination: gets what is found.
        connection: a connection to the server.
        processes: how many processes; one if it is None, but another option is given.
        min_size: the minimum size of each pool, None for the default.
        max_size: the maximum size of each pool, None for its share.
        reserve: how many connections to leave to others, None for none.
    """
    if processes is min_size is max_size is reserve is None:
        return
    processes, reserve = processes or 1, reserve or 0
    try:
        capacity = get_capacity(connection)
        examination.findings += _described(capacity)
        share = ShareOfServer(processes=processes, reserve=reserve).of(capacity)
    except BadArguments as error:
        examination.faults.append(str(error))
        return
    except Error as error:
        examination.faults.append(f"the server does not say how many connections it admits: {error}")
        return
    size = share if max_size is None else max_size
    at_start = processes * min(PoolOptions.min_size if min_size is None else min_size, size)
    at_most = processes * size
    count = "1 process" if processes == 1 else f"{processes} processes"
    examination.findings.append(f"{count}: {at_start} connections at the start, {at_most} at most")
    if at_most > capacity.total - reserve:
        examination.faults.append(f"too many: the share of a process is max_size={share}")


def _described(capacity: Capacity) -> Iterator[str]:
    yield (
        f"the server admits {capacity.total} connections of this role to this database: max_connections ="
        f" {capacity.max_connections}, of which {capacity.reserved} are reserved"
    )
    for what, limit in (("role", capacity.role), ("database", capacity.database)):
        if limit >= 0:
            yield f"the limit of the {what} is {limit}"
    yield f"in use now: {capacity.in_use}, with this one"
    if capacity.pooled:
        yield "a pooler is in between, which has limits of its own: see SHOW CONFIG on its console"
