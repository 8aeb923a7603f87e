"""Everything that psycopg's modules have under names of their own is there, but for what is listed here."""

from __future__ import annotations

import json

import pytest

from tests.contrib.psycopg.fresh import python, run

pytest.importorskip("psycopg")
pytest.importorskip("psycopg_pool")

#: Writes the names that each public module of psycopg defines itself.
COLLECT = """
import json, pkgutil, types
from importlib import import_module

found = {}
for package in map(import_module, ("psycopg", "psycopg_pool")):
    walked = pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    for name in [package.__name__, *(module.name for module in walked)]:
        if "._" in name:
            continue
        module = import_module(name)
        documented = [*getattr(module, "__all__", ())]
        own = [
            key for key, value in vars(module).items()
            if not key.startswith("_") and getattr(value, "__module__", None) == name
        ]
        found[name] = sorted({*documented, *own})
print(json.dumps(found))
"""

#: Says which of them are missing.
COMPARE = """
import json, sys
from importlib import import_module

missing = {}
for name, names in json.loads(sys.argv[1]).items():
    try:
        module = import_module(name)
    except ModuleNotFoundError:
        missing[name] = None
        continue
    if lacks := [each for each in names if not hasattr(module, each)]:
        missing[name] = lacks
print(json.dumps(missing))
"""

LIBPQ = "it works with libpq's connection"
INTERNAL = "psycopg does not document it: what its own modules share"
WORKERS = "howdah's pools have workers of another kind"
#: Modules, and names in them, that are missing on purpose.
MISSING = {
    "psycopg.abc": {"ConnectionType": INTERNAL, "RV": INTERNAL, "ReadyFunc": LIBPQ, "WaitFunc": LIBPQ},
    "psycopg.conninfo": {},
    "psycopg.crdb": None,
    "psycopg.crdb.connection": None,
    "psycopg.dbapi20": {
        **dict.fromkeys(("BinaryBinaryDumper", "BinaryTextDumper"), INTERNAL),
        "register_dbapi20_adapters": INTERNAL,
    },
    "psycopg.errors": {
        **dict.fromkeys(("FinishedPGconn", "error_from_result", "finish_pgconn"), LIBPQ),
        "get_base_exception": INTERNAL,
    },
    "psycopg.generators": None,
    "psycopg.postgres": {
        "register_default_adapters": INTERNAL,
        "register_default_types": INTERNAL,
    },
    "psycopg.pq": {"PGcancelConn": LIBPQ, "import_from_libpq": LIBPQ},
    "psycopg.pq.abc": {"PGcancelConn": LIBPQ},
    "psycopg.pq.misc": dict.fromkeys(("find_libpq_full_path", "get_compiled_port", "strip_severity"), LIBPQ),
    "psycopg.pq.pq_ctypes": None,
    "psycopg.types.array": {
        **dict.fromkeys(("BaseListDumper", "register_all_arrays", "register_default_adapters"), INTERNAL),
    },
    "psycopg.types.hstore": dict.fromkeys(("BaseHstoreBinaryDumper", "BaseHstoreDumper"), INTERNAL),
    "psycopg.types.multirange": dict.fromkeys(("BaseMultirangeDumper", "BaseMultirangeLoader"), INTERNAL),
    "psycopg.types.numeric": dict.fromkeys(
        ("dump_decimal_to_numeric_binary", "dump_decimal_to_text", "dump_int_to_numeric_binary"), INTERNAL
    ),
    "psycopg.types.range": dict.fromkeys(
        (
            *("BaseRangeDumper", "BaseRangeLoader", "dump_range_binary", "dump_range_text", "fail_dump"),
            *("load_range_binary", "load_range_text", "make_bound_dump"),
        ),
        INTERNAL,
    ),
    "psycopg.types.shapely": dict.fromkeys(("BaseGeometryBinaryDumper", "BaseGeometryDumper"), INTERNAL),
    "psycopg.waiting": None,
    "psycopg_pool.abc": None,
    "psycopg_pool.base": {"AttemptWithBackoff": WORKERS},
    "psycopg_pool.base_null_pool": None,
    "psycopg_pool.sched": None,
    "psycopg_pool.sched_async": None,
}
#: Every module of types has this one.
EVERYWHERE = {"register_default_adapters", "T", "E"}
OF_WORKERS = {"AddConnection", "MaintenanceTask", "ReturnConnection", "Schedule", "ShrinkPool", "StopWorker"}


def test_names():
    process = python("-c", COLLECT)
    assert process.returncode == 0, process.stderr
    names = json.loads(process.stdout)
    assert len(names) > 40 and sum(map(len, names.values())) > 600
    (missing,) = run(COMPARE, json.dumps(names))
    for name, lacks in json.loads(missing).items():
        if lacks is None:
            assert MISSING.get(name, ()) is None, name
        else:
            expected = {*(MISSING.get(name) or ())}
            assert {*lacks} - EVERYWHERE - OF_WORKERS - {"WaitingClient"} <= expected, name
    assert {name for name, lacks in json.loads(missing).items() if lacks is None} == {
        name for name, lacks in MISSING.items() if lacks is None
    }


#: What the documentation of psycopg 3.3 imports, as it does.
DOCUMENTED = """
import psycopg
from psycopg import (
    AsyncClientCursor, AsyncConnection, AsyncCopy, AsyncCursor, AsyncPipeline, AsyncRawCursor,
    AsyncRawServerCursor, AsyncServerCursor, AsyncTransaction, BaseConnection, Capabilities, ClientCursor,
    Column, Connection, ConnectionInfo, Copy, Cursor, IsolationLevel, Notify, Pipeline, RawCursor,
    RawServerCursor, Rollback, ServerCursor, Transaction, Xid, adapters, capabilities, connect, errors,
    pq, rows, sql,
)
from psycopg.abc import AdaptContext, Buffer, ConnDict, Dumper, Loader, Params, Query
from psycopg.adapt import AdaptersMap, Dumper, Loader, PyFormat, RecursiveDumper, RecursiveLoader, Transformer
from psycopg.conninfo import conninfo_to_dict, make_conninfo, timeout_from_conninfo
from psycopg.copy import FileWriter, LibpqWriter, QueuedLibpqWriter, Writer
from psycopg.errors import Diagnostic, SerializationFailure, UniqueViolation, lookup
from psycopg.postgres import adapters, types
from psycopg.pq import (
    ConnStatus, Conninfo, DiagnosticField, Escaping, ExecStatus, Format, PGcancel, PGconn, PGresult, Ping,
    PipelineStatus, PollingStatus, Trace, TransactionStatus, error_message, version,
)
from psycopg.rows import (
    AsyncRowFactory, BaseRowFactory, DictRow, Row, RowFactory, RowMaker, TupleRow, args_row, class_row,
    dict_row, kwargs_row, namedtuple_row, scalar_row, tuple_row,
)
from psycopg.sql import SQL, Composable, Composed, DEFAULT, Identifier, Literal, NULL, Placeholder, quote
from psycopg.types import TypeInfo, TypesRegistry
from psycopg.types.array import ListBinaryDumper, ListDumper, register_array
from psycopg.types.bool import BoolDumper
from psycopg.types.composite import CompositeInfo, TupleDumper, register_composite
from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader
from psycopg.types.enum import EnumInfo, register_enum
from psycopg.types.hstore import register_hstore
from psycopg.types.json import Json, Jsonb, JsonbDumper, JsonDumper, set_json_dumps, set_json_loads
from psycopg.types.multirange import Multirange, MultirangeInfo, register_multirange
from psycopg.types.net import InetLoader
from psycopg.types.none import NoneDumper
from psycopg.types.numeric import Float4, Float8, FloatLoader, Int2, Int4, Int8, IntNumeric
from psycopg.types.numeric import NumericLoader, Oid
from psycopg.types.numpy import NPInt16Dumper
from psycopg.types.range import DateRange, Range, RangeDumper, RangeInfo, TimestamptzRange, register_range
from psycopg.types.shapely import GeometryBinaryLoader, register_shapely
from psycopg.types.string import StrDumper, TextBinaryLoader, TextLoader
from psycopg.types.uuid import UUIDLoader
from psycopg_pool import (
    AsyncConnectionPool, AsyncNullConnectionPool, ConnectionPool, NullConnectionPool, PoolClosed, PoolTimeout,
    TooManyRequests,
)
from psycopg_pool.base import BasePool
from psycopg._encodings import conn_encoding, pg2pyenc
from psycopg.connection import Connection
from psycopg.connection_async import AsyncConnection
assert issubclass(ConnectionPool, BasePool) and issubclass(AsyncNullConnectionPool, BasePool)
"""


def test_what_the_documentation_imports():
    pytest.importorskip("shapely")
    pytest.importorskip("numpy")
    run(DOCUMENTED)


def test_the_documentation_s_names_are_psycopg_s():
    pytest.importorskip("shapely")
    process = python("-c", DOCUMENTED)
    assert process.returncode == 0, process.stderr
