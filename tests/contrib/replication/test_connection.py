# Generated from tests/contrib/replication/test_connection_async.py by .ci/async_to_sync.py; do not edit.
"""Connections for replication: slots, and what the server tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import howdah
import howdah_replication
from howdah_replication import LSN, ReplicationConnection
from tests.servers import Server, Standby

if TYPE_CHECKING:
    from tests.contrib.replication.conftest import Site


pytestmark = pytest.mark.anyio


def connect(site: Site, **params: Any) -> ReplicationConnection:
    return ReplicationConnection.connect(site.dsn, **params)


def test_identify_system_and_show(any_site: Site) -> None:
    site = any_site
    with connect(site) as repl:
        system = repl.identify_system()
        assert system.dbname == "postgres" and system.timeline == 1
        assert system.lsn <= LSN(site.run("SELECT pg_current_wal_insert_lsn()")[0][0])
        assert site.run("SELECT system_identifier::text FROM pg_control_system()") == [(system.system_id,)]
        assert repl.show("wal_level") == "logical"
        with pytest.raises(howdah.errors.UndefinedObject):
            repl.show("no_thing")
        with pytest.raises(howdah.errors.UndefinedFile):
            repl.timeline_history(1)
        # SQL runs on it as well.
        assert repl.connection.execute("SELECT 6 * 7").fetchone() == (42,)
        assert "ReplicationConnection of <" in repr(repl) and not repl.closed
    assert repl.closed
    with connect(site, physical=True) as repl:
        assert repl.identify_system().dbname is None
        with pytest.raises(howdah.Error):
            repl.connection.execute("SELECT 1")


def test_logical_slots(any_site: Site) -> None:
    site = any_site
    with connect(site) as repl:
        slot = repl.create_logical_slot(site.slot)
        assert (slot.name, slot.plugin, slot.snapshot) == (site.slot, "pgoutput", None)
        assert slot.lsn <= LSN(site.run("SELECT pg_current_wal_insert_lsn()")[0][0])
        with pytest.raises(howdah.errors.DuplicateObject):
            repl.create_logical_slot(site.slot)
        state = "SELECT plugin, temporary, two_phase FROM pg_replication_slots WHERE slot_name = '{s}'"
        assert site.run(state) == [("pgoutput", False, False)]
        repl.drop_slot(site.slot)
        assert site.run(state) == []
        with pytest.raises(howdah.errors.UndefinedObject):
            repl.drop_slot(site.slot, wait=True)
        repl.create_logical_slot(site.slot, "test_decoding", temporary=True, two_phase=True)
        assert site.run(state) == [("test_decoding", True, True)]
        with pytest.raises(howdah.Error):
            repl.create_logical_slot(site.slot + "_2", 'no "plugin')
        with pytest.raises(howdah.ProgrammingError, match="snapshot is"):
            repl.create_logical_slot(site.slot, snapshot="none")  # type: ignore[arg-type]
        with pytest.raises(howdah.ProgrammingError, match="cannot be empty"):
            repl.drop_slot("")


def test_a_slot_in_use(site: Site) -> None:
    with connect(site) as repl, connect(site) as other:
        repl.create_logical_slot(site.slot, "test_decoding")
        with repl.start_logical(site.slot):
            with pytest.raises(howdah.errors.ObjectInUse):
                other.drop_slot(site.slot)
        other.drop_slot(site.slot, wait=True)


def test_a_logical_slot_is_altered(site: Site) -> None:
    state = "SELECT failover, two_phase FROM pg_replication_slots WHERE slot_name = '{s}'"
    with connect(site) as repl:
        repl.create_logical_slot(site.slot, failover=True)
        assert site.run(state) == [(True, False)]
        repl.alter_slot(site.slot, failover=False, two_phase=True)
        assert site.run(state) == [(False, True)]
        with pytest.raises(howdah.ProgrammingError, match="failover or two_phase"):
            repl.alter_slot(site.slot)


def test_what_an_older_server_lacks(server15: Server) -> None:
    with ReplicationConnection.connect(server15.dsn) as repl:
        with pytest.raises(howdah.NotSupportedError, match="PostgreSQL 17"):
            repl.create_logical_slot("s", failover=True)
        with pytest.raises(howdah.NotSupportedError, match="PostgreSQL 17"):
            repl.alter_slot("s", failover=True)
        with pytest.raises(howdah.NotSupportedError, match="PostgreSQL 18"):
            repl.alter_slot("s", two_phase=True)
        with pytest.raises(howdah.NotSupportedError, match="PostgreSQL 16"):
            repl.start_pgoutput("s", ["p"], streaming="parallel")


def test_options_that_do_not_go_together(site: Site) -> None:
    with connect(site) as repl:
        with pytest.raises(howdah.ProgrammingError, match="from 3 to 4"):
            repl.start_pgoutput("s", ["p"], two_phase=True, protocol=1)
        with pytest.raises(howdah.ProgrammingError, match="publications"):
            repl.start_pgoutput("s", "p")
        with pytest.raises(howdah.ProgrammingError, match="streaming is"):
            repl.start_pgoutput("s", ["p"], streaming="yes")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="status_interval"):
            repl.start_pgoutput("s", ["p"], status_interval=0)
        with pytest.raises(ValueError, match="buffer_size"):
            repl.start_logical("s", buffer_size=0)


def test_physical_slots(any_site: Site) -> None:
    site = any_site
    with connect(site) as repl:
        assert repl.read_slot(site.slot) is None
        slot = repl.create_physical_slot(site.slot)
        assert (slot.lsn, slot.plugin, slot.snapshot) == (0, None, None)
        state = repl.read_slot(site.slot)
        assert state is not None and state.lsn is None and state.timeline is None
        repl.drop_slot(site.slot)
        repl.create_physical_slot(site.slot, temporary=True, reserve_wal=True)
        state = repl.read_slot(site.slot)
        assert state is not None and state.lsn is not None and state.timeline == 1
        assert state.lsn <= repl.identify_system().lsn


def test_a_snapshot_is_exported(any_site: Site) -> None:
    site = any_site
    site.create()
    site.run("INSERT INTO {t} VALUES (1, 'before')")
    with connect(site) as repl:
        slot = repl.create_logical_slot(site.slot, snapshot="export")
        site.run("INSERT INTO {t} VALUES (2, 'after')")
        with howdah.connect(site.dsn) as conn:
            conn.isolation_level = howdah.IsolationLevel.REPEATABLE_READ
            conn.execute(f"SET TRANSACTION SNAPSHOT '{slot.snapshot}'")
            assert conn.execute(f"SELECT id FROM {site.table}").fetchall() == [(1,)]


def test_a_snapshot_is_used(site: Site) -> None:
    site.create()
    site.run("INSERT INTO {t} VALUES (1, 'before')")
    with connect(site) as repl:
        repl.connection.execute("BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ")
        slot = repl.create_logical_slot(site.slot, snapshot="use", temporary=True)
        assert slot.snapshot is None
        site.run("INSERT INTO {t} VALUES (2, 'after')")
        cur = repl.connection.execute(f"SELECT id FROM {site.table}")
        assert cur.fetchall() == [(1,)]
        repl.connection.execute("COMMIT")


def test_connect(site: Site) -> None:
    with howdah_replication.connect(site.dsn) as repl:
        assert isinstance(repl, ReplicationConnection)
        assert repl.identify_system().dbname == "postgres"


def test_a_timeline_that_has_ended() -> None:
    with Server("18", **Standby.PRIMARY) as primary, Standby(primary) as standby:
        primary.stop()
        (standby.data / "pg_hba.conf").write_text("local all all trust\nlocal replication all trust\n")
        standby.reload()
        standby.promote()
        with howdah_replication.connect(standby.dsn, physical=True) as repl:
            system = repl.identify_system()
            assert system.timeline == 2
            history = repl.timeline_history(2)
            assert history.filename == "00000002.history"
            end = LSN(history.content.split()[1].decode())
            # The segment in which it ends has been renamed, but what is before is sent from the next one.
            with repl.start_physical(end, timeline=1) as stream:
                assert list(stream) == []
                assert stream.ended and stream.next_timeline == (2, end)
            with repl.start_physical(end - end % 8192, timeline=1) as stream:
                log = b"".join([message.data for message in stream])
                assert len(log) == end % 8192
                assert stream.next_timeline == (2, end)
            assert (repl.identify_system()).timeline == 2
