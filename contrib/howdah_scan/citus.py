"""Tables that Citus distributes: their shards are read on the servers that hold them.

Source: Citus documentation, "Citus Tables and Views", pg_dist_partition and citus_shards.
"""

from __future__ import annotations

from howdah_scan.pieces import Piece

__all__ = ["DISTRIBUTED", "INSTALLED", "SHARDS", "shard"]

INSTALLED = "SELECT pg_catalog.to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL"
DISTRIBUTED = "SELECT EXISTS (SELECT FROM pg_catalog.pg_dist_partition WHERE logicalrelid = %s)"
#: One placement of each shard.
SHARDS = """\
SELECT DISTINCT ON (shardid) shard_name::text, nodename::text, nodeport::int, coalesce(shard_size, 0)::bigint
FROM pg_catalog.citus_shards WHERE table_name = %s::oid::regclass ORDER BY shardid, nodename, nodeport
"""


def shard(name: str, host: str, port: int, size: int) -> Piece:
    """Return the piece of a shard.

    Args:
        name: its name, in SQL.
        host: the host of the server.
        port: its port.
        size: its size, in bytes.
    """
    return Piece(name, size=size, relation=name, server=(host, port))
