# Generated from tests/contrib/replication/test_stream_async.py by .ci/async_to_sync.py; do not edit.
"""Streams: what they yield, what the server is told, and how they end."""

from __future__ import annotations

import datetime
from decimal import Decimal
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah.adapt import Loader
from howdah_replication import (
    LSN,
    UNCHANGED,
    Begin,
    BeginPrepare,
    Commit,
    CommitPrepared,
    Delete,
    Insert,
    LogicalMessage,
    Prepare,
    Relation,
    ReplicaIdentity,
    ReplicationConnection,
    RollbackPrepared,
    StreamAbort,
    StreamCommit,
    StreamPrepare,
    StreamStart,
    StreamStop,
    Truncate,
    Type,
    Update,
)
from tests.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contrib.replication.conftest import Site


from time import sleep

from tests.contrib.replication.beside import start

pytestmark = pytest.mark.anyio

KILL = "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{s}'"
CANCEL = "SELECT pg_cancel_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{s}'"


def connect(site: Site, **params: Any) -> ReplicationConnection:
    return ReplicationConnection.connect(site.dsn, **params)


def read_until(stream: Any, kind: Any, count: int = 1) -> list[Any]:
    """Return the messages up to the so manieth of a kind."""
    messages: list[Any] = []
    while count:
        message = stream.read(30)
        assert message is not None, messages
        messages.append(message)
        count -= isinstance(message, kind)
    return messages


def of(messages: list[Any], *kinds: Any) -> list[Any]:
    return [message for message in messages if isinstance(message, kinds)]


def until(condition: Any) -> None:
    for _ in range(1500):
        if condition():
            return
        sleep(0.02)
    pytest.fail("it never happens")


@pytest.mark.parametrize("binary", [False, True])
def test_values_go_through_the_adapters(any_site: Site, binary: bool) -> None:
    site = any_site
    site.create(
        "id int PRIMARY KEY, price numeric, born date, tags text[], doc jsonb, raw bytea, seen timestamptz"
    )
    with connect(site) as repl:
        repl.create_logical_slot(site.slot)
        site.run("""INSERT INTO {t} VALUES (1, 12.50, '1510-01-01', '{{a,NULL,"b c"}}', '{{"a": [1, null]}}',
                 '\\x00ff', '2020-01-01 12:00+00'), (2, NULL, NULL, NULL, NULL, NULL, NULL)""")
        with repl.start_pgoutput(site.slot, [site.publication], binary=binary) as stream:
            messages = read_until(stream, Commit)
    first, second = of(messages, Insert)
    assert first.new == site.run("SELECT * FROM {t} WHERE id = 1")[0]
    assert first.new[1:5] == (
        Decimal("12.50"),
        datetime.date(1510, 1, 1),
        ["a", None, "b c"],
        {"a": [1, None]},
    )
    assert second.new == (2, *[None] * 6)
    assert second.new_dict == {column.name: None for column in second.relation.columns} | {"id": 2}


class Shouting(Loader):
    def load(self, data: Any) -> str:
        return bytes(data).decode().upper()


def test_a_loader_of_the_connection_even_by_the_name_of_a_type(site: Site) -> None:
    site.run("DROP TYPE IF EXISTS mood CASCADE")
    site.run("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    site.create("id int PRIMARY KEY, mood mood")
    with connect(site) as repl:
        repl.connection.adapters.register_loader("mood", Shouting)
        repl.create_logical_slot(site.slot)
        site.run("INSERT INTO {t} VALUES (1, 'ok')")
        with repl.start_pgoutput(site.slot, [site.publication]) as stream:
            messages = read_until(stream, Commit)
    assert of(messages, Insert)[0].new == (1, "OK")
    assert [(kind.schema, kind.name) for kind in of(messages, Type)] == [("public", "mood")]


def test_a_value_that_cannot_be_loaded_names_its_column_and_the_stream_goes_on(site: Site) -> None:
    site.create("id int PRIMARY KEY, day date")
    with connect(site) as repl:
        repl.create_logical_slot(site.slot)
        site.run("INSERT INTO {t} VALUES (1, 'infinity')")
        with repl.start_pgoutput(site.slot, [site.publication]) as stream:
            read_until(stream, Relation)
            with pytest.raises(howdah.DataError, match=f"'{site.table}', column 'day'"):
                stream.read(30)
            stream.confirm(read_until(stream, Commit)[-1])


def test_every_kind_of_change(any_site: Site) -> None:
    site = any_site
    site.create("id int PRIMARY KEY, name text")
    with connect(site) as repl:
        repl.create_logical_slot(site.slot)
        site.run("""BEGIN; INSERT INTO {t} VALUES (1, 'a'); UPDATE {t} SET name = 'b'; UPDATE {t} SET id = 2;
                 DELETE FROM {t}; TRUNCATE {t} RESTART IDENTITY CASCADE;
                 SELECT pg_logical_emit_message(true, 'note', 'within'); COMMIT""")
        site.run("SELECT pg_logical_emit_message(false, 'note', 'alone')")
        with repl.start_pgoutput(site.slot, [site.publication], messages=True) as stream:
            messages = read_until(stream, LogicalMessage, 2)
    begin = messages[0]
    relation = messages[1]
    commit = of(messages, Commit)[0]
    assert isinstance(begin, Begin) and isinstance(relation, Relation)
    assert begin.commit_lsn == commit.commit_lsn < commit.end_lsn
    assert begin.committed_at == commit.committed_at
    assert abs(begin.committed_at - datetime.datetime.now(datetime.timezone.utc)) < datetime.timedelta(
        hours=1
    )
    assert (relation.schema, relation.name) == ("public", site.table)
    assert relation.replica_identity is ReplicaIdentity.DEFAULT
    assert [(column.name, column.type_oid, column.key) for column in relation.columns] == [
        ("id", 23, True),
        ("name", 25, False),
    ]
    insert, update, moved, delete = of(messages, Insert, Update, Delete)
    assert insert == Insert(relation, (1, "a"))
    assert update == Update(relation, (1, "b")) and update.identity == {"id": 1}
    assert moved == Update(relation, (2, "b"), key=(1, None)) and moved.identity == {"id": 1}
    assert delete == Delete(relation, key=(2, None)) and delete.identity == {"id": 2}
    (truncate,) = of(messages, Truncate)
    assert truncate == Truncate(truncate.relations, True, True)
    assert [each.name for each in truncate.relations] == [site.table]
    within, alone = of(messages, LogicalMessage)
    assert (within.transactional, within.prefix, within.content) == (True, "note", b"within")
    assert (alone.transactional, alone.prefix, alone.content) == (False, "note", b"alone")


def test_replica_identities_and_unchanged_values(site: Site) -> None:
    site.create("id int PRIMARY KEY, name text, doc text")
    site.run("ALTER TABLE {t} ALTER doc SET STORAGE EXTERNAL")
    with connect(site) as repl:
        repl.create_logical_slot(site.slot)
        site.run("INSERT INTO {t} VALUES (1, 'a', repeat('x', 10000))")
        site.run("UPDATE {t} SET name = 'b'")
        site.run("ALTER TABLE {t} REPLICA IDENTITY FULL")
        site.run("UPDATE {t} SET name = 'c'")
        site.run("DELETE FROM {t}")
        with repl.start_pgoutput(site.slot, [site.publication]) as stream:
            messages = read_until(stream, Delete)
    first, second = of(messages, Update)
    assert first.new == (1, "b", UNCHANGED) and first.old is first.key is None
    assert first.new_dict == {"id": 1, "name": "b"}
    assert repr(UNCHANGED) == "UNCHANGED"
    # The old row has the value.
    assert second.new == (1, "c", UNCHANGED) and second.old == (1, "b", "x" * 10000)
    assert second.relation.replica_identity is ReplicaIdentity.FULL
    assert messages[-1].old == (1, "c", "x" * 10000) and messages[-1].key is None


@pytest.mark.parametrize("streaming", ["on", "parallel"])
def test_large_transactions_come_in_parts(site: Site, streaming: Any) -> None:
    site.create()
    with connect(site) as repl:
        repl.create_logical_slot(site.slot)
        site.run("INSERT INTO {t} SELECT i, repeat('x', 100) FROM generate_series(1, 3000) i")
        site.run("""BEGIN; INSERT INTO {t} SELECT i, repeat('x', 100) FROM generate_series(3001, 6000) i;
                 SAVEPOINT a; INSERT INTO {t} SELECT i, repeat('y', 100) FROM generate_series(6001, 9000) i;
                 ROLLBACK TO a; COMMIT""")
        with repl.start_pgoutput(site.slot, [site.publication], streaming=streaming) as stream:
            messages = read_until(stream, StreamCommit, 2)
            stream.confirm(messages[-1])
    starts = of(messages, StreamStart)
    commits = of(messages, StreamCommit)
    assert [commit.xid for commit in commits] == list(dict.fromkeys(start.xid for start in starts))
    assert starts[0].first and not starts[1].first
    assert len(starts) == len(of(messages, StreamStop)) > 2
    aborts = of(messages, StreamAbort)
    assert aborts and {abort.xid for abort in aborts} == {commits[1].xid}
    assert all((abort.abort_lsn is not None) == (streaming == "parallel") for abort in aborts)
    gone = {abort.subxid for abort in aborts}
    kept = [insert.new[0] for insert in of(messages, Insert) if insert.xid not in gone]
    assert sorted(kept) == list(range(1, 6001))
    # Changes of transactions that are no part of a stream have no number.
    with connect(site) as repl:
        site.run("INSERT INTO {t} VALUES (0, 'small')")
        with repl.start_pgoutput(site.slot, [site.publication], streaming=streaming) as stream:
            messages = read_until(stream, Commit)
    assert [(insert.new[0], insert.xid) for insert in of(messages, Insert)] == [(0, None)]


def test_two_phases(any_site: Site) -> None:
    site = any_site
    site.create()
    with connect(site) as repl:
        repl.create_logical_slot(site.slot, two_phase=True)
        site.run("BEGIN; INSERT INTO {t} VALUES (1, 'a'); PREPARE TRANSACTION '{s} one'")
        site.run("BEGIN; INSERT INTO {t} VALUES (2, 'b'); PREPARE TRANSACTION '{s} two'")
        site.run("COMMIT PREPARED '{s} one'")
        site.run("ROLLBACK PREPARED '{s} two'")
        site.run(
            "BEGIN; INSERT INTO {t} SELECT i FROM generate_series(9, 3000) i; PREPARE TRANSACTION '{s} three'"
        )
        site.run("COMMIT PREPARED '{s} three'")
        with repl.start_pgoutput(site.slot, [site.publication], two_phase=True, streaming="on") as stream:
            messages = read_until(stream, CommitPrepared, 2)
            stream.confirm(messages[-1])
    begins = of(messages, BeginPrepare)
    prepares = of(messages, Prepare)
    assert (
        [each.gid for each in begins]
        == [each.gid for each in prepares]
        == [f"{site.slot} one", f"{site.slot} two"]
    )
    assert [each.xid for each in begins] == [each.xid for each in prepares]
    assert [each.end_lsn for each in begins] == [each.end_lsn for each in prepares]
    (large,) = of(messages, StreamPrepare)
    assert large.gid == f"{site.slot} three"
    assert [each.gid for each in of(messages, CommitPrepared)] == [f"{site.slot} one", f"{site.slot} three"]
    (back,) = of(messages, RollbackPrepared)
    assert back.gid == f"{site.slot} two" and back.prepare_end_lsn == prepares[1].end_lsn < back.end_lsn
    assert back.prepared_at == prepares[1].prepared_at <= back.rolled_back_at


def test_what_is_confirmed_does_not_come_again_and_the_rest_does(any_site: Site) -> None:
    site = any_site
    site.create()
    with connect(site) as repl:
        repl.create_logical_slot(site.slot)
        site.run("INSERT INTO {t} VALUES (1, 'a')")
        site.run("INSERT INTO {t} VALUES (2, 'b')")
        with repl.start_pgoutput(site.slot, [site.publication]) as stream:
            messages = read_until(stream, Commit, 2)
            stream.confirm(of(messages, Commit)[0])
        # The connection can be used again.
        assert repl.identify_system().dbname == "postgres"
        assert site.run("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '{s}'") == [
            (str(of(messages, Commit)[0].end_lsn),)
        ]
        # The server ends a second one on the same connection.
        with repl.start_pgoutput(site.slot, [site.publication]) as stream:
            with pytest.raises(howdah.OperationalError, match="open another connection"):
                stream.read(30)
    with connect(site) as repl:
        with repl.start_pgoutput(site.slot, [site.publication]) as stream:
            again = read_until(stream, Commit)
            assert of(again, Insert)[0].new == (2, "b")
            assert stream.confirmed == 0
    # The position may be the program's own, too.
    with connect(site) as repl:
        with repl.start_pgoutput(site.slot, [site.publication], again[-1]) as stream:
            site.run("INSERT INTO {t} VALUES (3, 'c')")
            messages = read_until(stream, Commit)
            assert [insert.new for insert in of(messages, Insert)] == [(3, "c")]


def test_the_server_is_told_what_was_confirmed(site: Site) -> None:
    site.create()
    positions = "SELECT write_lsn, flush_lsn, replay_lsn FROM pg_stat_replication r, pg_replication_slots s \
        WHERE r.pid = s.active_pid AND slot_name = '{s}'"
    with connect(site) as repl:
        repl.create_logical_slot(site.slot)
        with repl.start_pgoutput(site.slot, [site.publication], status_interval=3600) as stream:
            site.run("INSERT INTO {t} VALUES (1, 'a')")
            end = read_until(stream, Commit)[-1].end_lsn
            stream.confirm(end - 2, written=end - 1, applied=end - 3)
            stream.send_feedback()
            told = [(str(LSN(end - 1)), str(LSN(end - 2)), str(LSN(end - 3)))]
            until(lambda: site.run(positions) == told)
            assert stream.confirmed == end - 2
            stream.confirm(1)
            assert stream.confirmed == end - 2
            with pytest.raises(TypeError, match="end_lsn"):
                stream.confirm(None)  # type: ignore[arg-type]


def test_what_is_not_for_the_program_is_confirmed_once_all_else_is(site: Site) -> None:
    """Otherwise the server would keep its log while only other tables change."""
    site.create()
    confirmed = "SELECT confirmed_flush_lsn::text FROM pg_replication_slots WHERE slot_name = '{s}'"

    def position() -> LSN:
        return LSN(site.run(confirmed)[0][0])

    with connect(site) as repl:
        repl.create_logical_slot(site.slot)
        with repl.start_pgoutput(site.slot, [site.publication], status_interval=0.05) as stream:
            site.run("INSERT INTO {t} VALUES (1, 'a')")
            commit = read_until(stream, Commit)[-1]
            site.run("CREATE TABLE {t}_copy AS SELECT generate_series(1, 100)")
            end = LSN(site.run("SELECT pg_current_wal_flush_lsn()")[0][0])
            stream.send_feedback(reply=True)
            until(lambda: stream.server_lsn >= end)
            assert position() < commit.end_lsn
            stream.confirm(commit)
            until(lambda: position() >= end)


def test_the_server_s_requests_are_answered_while_the_program_is_slow(site: Site) -> None:
    site.create()
    replied = "SELECT coalesce(reply_time::text, '') FROM pg_stat_replication r, pg_replication_slots s \
        WHERE r.pid = s.active_pid AND slot_name = '{s}'"
    with connect(site, options="-c wal_sender_timeout=2s") as repl:
        repl.create_logical_slot(site.slot)
        with repl.start_pgoutput(site.slot, [site.publication], status_interval=3600) as stream:
            site.run("INSERT INTO {t} VALUES (1, 'a')")
            before = site.run(replied)
            until(lambda: site.run(replied) > before)  # nobody reads meanwhile
            assert of(read_until(stream, Commit), Insert)[0].new == (1, "a")


def test_back_pressure_in_bounded_memory(site: Site) -> None:
    """While the program does not read, little is received, but the server is told that it is alive."""
    site.create()
    replied = "SELECT coalesce(reply_time::text, '') FROM pg_stat_replication r, pg_replication_slots s \
        WHERE r.pid = s.active_pid AND slot_name = '{s}'"
    with connect(site) as repl:
        repl.create_logical_slot(site.slot)
        site.run("INSERT INTO {t} SELECT i, repeat('x', 1000) FROM generate_series(1, 8000) i")
        with repl.start_pgoutput(
            site.slot, [site.publication], buffer_size=100_000, status_interval=0.05
        ) as stream:
            until(lambda: stream.progress.full)
            full = stream.progress.buffered
            before = site.run(replied)
            until(lambda: site.run(replied) > before)
            assert stream.progress.buffered == full < 4_000_000
            rows = 0
            most = 0
            while not isinstance(message := stream.read(30), Commit):
                rows += isinstance(message, Insert)
                most = max(most, stream.progress.buffered)
            assert rows == 8000 and most < 4_000_000


def test_only_one_stream_or_backup_is_open(site: Site) -> None:
    site.create()
    with connect(site) as repl:
        repl.create_logical_slot(site.slot)
        repl.start_pgoutput("never", ["begun"])
        stream = repl.start_pgoutput(site.slot, [site.publication])
        repl.start_physical(0)
        with stream:
            begins: list[Callable[[], object]] = [
                lambda: repl.start_pgoutput(site.slot, [site.publication]),
                lambda: repl.start_logical(site.slot),
                lambda: repl.start_physical(0),
                repl.base_backup,
            ]
            for begin in begins:
                with pytest.raises(howdah.ProgrammingError, match="a replication stream is open"):
                    begin()
            site.run("INSERT INTO {t} VALUES (1, 'a')")
            assert of(read_until(stream, Commit), Insert)[0].new == (1, "a")
        with repl.base_backup(fast=True):
            for begin in begins:
                with pytest.raises(howdah.ProgrammingError, match="a base backup is open"):
                    begin()
        stream = repl.start_physical(site.run("SELECT pg_current_wal_flush_lsn()::text")[0][0])
        stream.__enter__()
        repl.close()
        assert not stream.is_open and repl.closed


def test_the_server_s_timeout_shortens_the_interval(site: Site) -> None:
    """It asks for an answer in time, but not a program whose buffer is full."""
    with connect(site, options="-c wal_sender_timeout=6s", physical=True) as repl:
        with repl.start_physical(site.run("SELECT pg_current_wal_flush_lsn()::text")[0][0]) as stream:
            assert stream.progress.time_left(monotonic()) <= 2


def test_over_tls(tls_site: Site) -> None:
    site = tls_site
    site.create()
    dsn = f"{site.server.tcp_dsn} sslmode=require"
    with ReplicationConnection.connect(dsn) as repl:
        repl.create_logical_slot(site.slot)
        site.run("INSERT INTO {t} SELECT i, repeat('x', 1000) FROM generate_series(1, 5000) i")
        with repl.start_pgoutput(site.slot, [site.publication], buffer_size=100_000) as stream:
            messages = read_until(stream, Commit)
            assert [insert.new[0] for insert in of(messages, Insert)] == list(range(1, 5001))
            stream.confirm(messages[-1])
            site.run("INSERT INTO {t} VALUES (0, 'later')")
            assert of(read_until(stream, Commit), Insert)[0].new == (0, "later")
        assert repl.show("ssl") == "on"


def test_a_server_that_sends_something_else(site: Site) -> None:
    site.create()
    with connect(site) as repl:
        repl.create_logical_slot(site.slot)
    site.run("INSERT INTO {t} VALUES (1, 'a')")
    proxy = Proxy(site.server, lambda data: data.replace(b"w\0\0\0\0", b"?\0\0\0\0"))
    with proxy.listener:
        repl = ReplicationConnection.connect(proxy.dsn)
    with repl:
        with repl.start_pgoutput(site.slot, [site.publication]) as stream:
            with pytest.raises(howdah.OperationalError, match="unknown kind '\\?'"):
                stream.read(30)
            assert stream.ended
        assert repl.show("wal_level") == "logical"


def test_a_connection_that_is_cut(site: Site) -> None:
    site.create()
    with connect(site) as repl:
        repl.create_logical_slot(site.slot)
    site.run("INSERT INTO {t} SELECT i, repeat('x', 100) FROM generate_series(1, 1000) i")
    proxy = Proxy(site.server, limit=20_000)
    with proxy.listener:
        repl = ReplicationConnection.connect(proxy.dsn)
    with repl:
        with repl.start_pgoutput(site.slot, [site.publication]) as stream:
            with pytest.raises(howdah.OperationalError, match="closed the connection"):
                read_until(stream, Commit)
        assert repl.closed


def test_the_connection_is_reserved_meanwhile(site: Site) -> None:
    site.create()
    with connect(site) as repl:
        repl.create_logical_slot(site.slot, temporary=True)
        stream = repl.start_pgoutput(site.slot, [site.publication])
        with pytest.raises(howdah.ProgrammingError, match="'with' block"):
            stream.read()
        with pytest.raises(ZeroDivisionError):
            with stream:
                with pytest.raises(howdah.ProgrammingError, match="a replication stream is open"):
                    repl.show("wal_level")
                1 / 0  # noqa: B018
        assert repl.show("wal_level") == "logical"
        with pytest.raises(howdah.ProgrammingError, match="closed"):
            stream.read()
        with pytest.raises(howdah.ProgrammingError, match="once"):
            with stream:
                pass
        assert repl.show("wal_level") == "logical"


def test_a_stream_that_does_not_begin(site: Site) -> None:
    with connect(site) as repl:
        with pytest.raises(howdah.errors.UndefinedObject):
            with repl.start_pgoutput("no_slot", ["p"]):
                pass
        assert repl.show("wal_level") == "logical"


def test_a_stream_that_the_server_ends_with_an_error(site: Site) -> None:
    site.create()
    with connect(site) as repl:
        repl.create_logical_slot(site.slot)
        with pytest.raises(howdah.errors.QueryCanceled):
            with repl.start_pgoutput(site.slot, [site.publication]) as stream:
                site.run(CANCEL)
                stream.read(30)
        assert repl.show("wal_level") == "logical"


def test_a_walsender_that_is_killed(site: Site) -> None:
    site.create()
    with connect(site) as repl:
        repl.create_logical_slot(site.slot)
        site.run("INSERT INTO {t} VALUES (1, 'a')")
        with repl.start_pgoutput(site.slot, [site.publication]) as stream:
            read_until(stream, Commit)
            site.run(KILL)
            with pytest.raises(howdah.OperationalError):
                stream.read(30)
            assert stream.ended
        assert repl.closed
        # Even if nobody has read the error.
    with connect(site) as repl:
        with pytest.raises(howdah.OperationalError):
            with repl.start_pgoutput(site.slot, [site.publication]) as stream:
                site.run(KILL)
                until(lambda: repl.closed)


def test_a_stream_is_left_in_the_middle_of_a_large_transaction(site: Site) -> None:
    site.create()
    with connect(site) as repl:
        repl.create_logical_slot(site.slot)
        site.run("INSERT INTO {t} SELECT i, repeat('x', 1000) FROM generate_series(1, 8000) i")
        with repl.start_pgoutput(site.slot, [site.publication], buffer_size=10_000) as stream:
            read_until(stream, Insert)
        assert repl.show("wal_level") == "logical"


def test_plugins_that_write_text(any_site: Site) -> None:
    site = any_site
    site.create()
    with connect(site) as repl:
        repl.create_logical_slot(site.slot, "test_decoding")
        site.run("INSERT INTO {t} VALUES (1, 'Bärbel')")
        options = {"include-xids": False, "skip-empty-xacts": None}
        with repl.start_logical(site.slot, options=options) as stream:
            messages = [stream.read(30) for _ in range(3)]
            assert [message.data for message in messages] == [
                "BEGIN",
                f"table public.{site.table}: INSERT: id[integer]:1 name[text]:'Bärbel'",
                "COMMIT",
            ]
            stream.confirm(messages[-1])
            assert messages[0].lsn <= messages[1].lsn < messages[2].end_lsn <= stream.server_lsn
    site.run("INSERT INTO {t} VALUES (2, 'b')")
    with connect(site) as repl:
        with repl.start_logical(site.slot, options=options, binary=True) as stream:
            messages = [stream.read(30) for _ in range(2)]
            assert (
                messages[1].data
                == f"table public.{site.table}: INSERT: id[integer]:2 name[text]:'b'".encode()
            )


def test_wal2json(tls_site: Site) -> None:
    site = tls_site
    try:
        site.run("SELECT pg_create_logical_replication_slot('{s}', 'wal2json', true)")
    except howdah.errors.UndefinedFile:
        pytest.skip("postgresql-15-wal2json is not installed")
    site.run("SELECT pg_drop_replication_slot('{s}')")
    with connect(site) as repl:
        repl.create_logical_slot(site.slot, "wal2json", temporary=True)
        site.run("CREATE TABLE {t} AS SELECT 1 AS id")
        with repl.start_logical(site.slot, options={"format-version": 2}) as stream:
            messages = [stream.read(30) for _ in range(3)]
    assert [message.data[:13] for message in messages] == ['{"action":"B"', '{"action":"I"', '{"action":"C"']


def test_the_log_itself(any_site: Site) -> None:
    site = any_site
    site.create()
    with connect(site, physical=True) as repl:
        start = repl.identify_system().lsn
        repl.create_physical_slot(site.slot, reserve_wal=True)
        # Two, because the header of a page may stand in the middle of one.
        site.run("INSERT INTO {t} VALUES (1, 'Hanno the elephant'), (2, 'Hanno the elephant')")
        end = LSN(site.run("SELECT pg_current_wal_flush_lsn()")[0][0])
        logs = []
        for _ in range(2):
            log = b""
            with repl.start_physical(start, slot=site.slot, timeline=1) as stream:
                while start + len(log) < end:
                    data = stream.read(30)
                    assert data is not None and data.start == start + len(log)
                    log += data.data
                    assert data.end_lsn == start + len(log)
                stream.confirm(end)
            logs.append(log[: end - start])
        assert logs[0] == logs[1] and b"Hanno the elephant" in logs[0]
        state = repl.read_slot(site.slot)
        assert state is not None and state.lsn == end and state.timeline == 1


def test_a_wait_has_a_limit(site: Site) -> None:
    site.create()
    with connect(site) as repl:
        repl.create_logical_slot(site.slot)
        with repl.start_pgoutput(site.slot, [site.publication]) as stream:
            assert stream.read(0.01) is None
            assert stream.read(0) is None
            assert not stream.ended
            site.run("INSERT INTO {t} VALUES (1, 'a')")
            assert len(read_until(stream, Commit)) == 4


def test_iteration_and_closing(site: Site) -> None:
    site.create()
    with connect(site) as repl:
        repl.create_logical_slot(site.slot)
        site.run("INSERT INTO {t} VALUES (1, 'a')")
        with repl.start_pgoutput(site.slot, [site.publication]) as stream:
            seen = []
            for message in stream:
                seen.append(message)
                if isinstance(message, Commit):
                    stream.confirm(message)
                    break
            assert len(seen) == 4
            stream.close()
        assert repl.show("wal_level") == "logical"
    # Closing the connection ends the stream, too.
    with connect(site) as repl:
        repl.start_pgoutput(site.slot, [site.publication]).__enter__()
    assert site.run("SELECT active FROM pg_replication_slots WHERE slot_name = '{s}'") is not None


def test_a_stream_is_closed_while_it_is_read(site: Site) -> None:
    site.create()
    with connect(site) as repl:
        repl.create_logical_slot(site.slot)
        with repl.start_pgoutput(site.slot, [site.publication]) as stream:
            reader = start(stream.read)
            sleep(0.1)
            stream.close()
            with pytest.raises(howdah.ProgrammingError, match="the stream is closed"):
                reader.result()
        assert repl.show("wal_level") == "logical"
