"""What travels with the tasks: no secret, and one server."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

import howdah
from howdah.conninfo import conninfo_to_dict, make_conninfo
from howdah.conninfo.portable import secret_of
from howdah_scan import Scan, SnapshotLost
from howdah_scan.address import address_of
from howdah_scan.fragments import Fragment, joined
from tests.servers import Server


def password() -> str:
    return "s3cret"


@pytest.fixture(scope="module")
def secure():
    """A server that asks for a password."""
    hba = (
        "local all postgres trust",
        "host all postgres 127.0.0.1/32 trust",
        "host all all all scram-sha-256",
    )
    with Server(hba=hba) as server:
        with howdah.connect(server.dsn, autocommit=True) as conn:
            conn.execute("CREATE ROLE keeper LOGIN PASSWORD 's3cret'")
            conn.execute(
                "CREATE TABLE t AS SELECT generate_series(1, 1000) AS i; GRANT SELECT ON t TO keeper"
            )
        yield server


@pytest.mark.parametrize(
    ("conninfo", "given", "match"),
    [
        ("host=h password=s3cret", None, "a password, which would travel"),
        ("postgresql://u:s3cret@h/d", None, "a password, which would travel"),
        ("host=h sslpassword=s3cret", None, "a sslpassword"),
        ("aws:host=h password=s3cret", None, "a password, which would travel"),
        ("aws:postgresql://u:s3cret@h/d", None, "a password, which would travel"),
        ("host=h", "s3cret", "the password would travel"),
        ("host=h", lambda: "s3cret", "cannot be pickled"),
    ],
)
def test_secrets_are_refused(conninfo, given, match):
    with pytest.raises(howdah.ProgrammingError, match=match) as caught:
        Scan(conninfo, "t", password=given)
    assert "s3cret" not in str(caught.value)


def test_passwords_from_functions_and_files(secure, tmp_path, monkeypatch):
    monkeypatch.delenv("PGPASSWORD", raising=False)
    dsn = make_conninfo(secure.tcp_dsn, user="keeper", dbname="postgres")
    passfile = tmp_path / "pass"
    passfile.write_text("*:*:*:keeper:s3cret\n")
    passfile.chmod(0o600)
    for conninfo, given in (dsn, password), (make_conninfo(dsn, passfile=str(passfile)), None):
        with howdah.scan(conninfo, "t", partitions=2, password=given) as scan:
            pickled = pickle.dumps(scan.tasks)
            assert b"s3cret" not in pickled
            assert sum(task.read().num_rows for task in pickle.loads(pickled)) == 1000
    monkeypatch.setenv("PGPASSWORD", "s3cret")
    with howdah.scan(dsn, "t") as scan:
        assert b"s3cret" not in pickle.dumps(scan.tasks)
        assert "passfile" not in conninfo_to_dict(scan.tasks[0].address.conninfo)
        assert scan.read().num_rows == 1000


def test_workers_connect_to_the_server_of_the_scan(secure, scan_dsn):
    """Of several hosts, it is the one that the scan has found."""
    other = conninfo_to_dict(scan_dsn)
    dsn = make_conninfo(
        "dbname=postgres user=postgres",
        host=f"/nowhere,{secure.host},{other['host']}",
        port=f"1,{secure.port},{other['port']}",
    )
    with howdah.scan(dsn, "t", partitions=2) as scan:
        found = conninfo_to_dict(scan.tasks[0].address.conninfo)
        assert (found["host"], found["port"]) == (secure.host, str(secure.port))
        assert scan.read(workers=2).num_rows == 1000


def test_a_snapshot_of_another_server_is_not_taken_for_it(secure, scan_dsn, db):
    """Two servers may have snapshots of the same name."""
    with howdah.scan(secure.dsn, "t") as scan, howdah.scan(scan_dsn, "heap") as other:
        (task,) = scan.tasks
        wrong = replace(other.tasks[0], snapshot=replace(task.snapshot, name=other.snapshot))
        with pytest.raises(SnapshotLost, match="another server"):
            wrong.read()


def test_values_are_never_shown(scan_dsn):
    with howdah.scan(scan_dsn, "heap", where="name <> %s", params=["s3cret"], partitions=2) as scan:
        assert "s3cret" not in repr(scan) + repr(scan.tasks) + repr(scan.tasks[0].conditions)
        with pytest.raises(howdah.Error) as caught:
            scan.tasks[0].filter("1 / (id - id) > %s AND true", ["7"]).filter("%s <> ''", ["s3cret"]).read()
        assert "s3cret" not in str(caught.value)
    with howdah.scan(scan_dsn, "SELECT id FROM heap WHERE name = 's3cret'", key="id") as scan:
        assert "s3cret" not in repr(scan.tasks) + repr(scan.tasks[0].pieces)


def test_parameters_of_two_kinds():
    named, positional = Fragment("a = %(x)s", {"x": 1}), Fragment("b = %s", [2])
    assert joined([Fragment('"50%" '), positional, positional]) == ('"50%%" b = %sb = %s', [2, 2])
    assert joined([Fragment("50% "), Fragment("60%")]) == ("50% 60%", None)
    assert joined([named, Fragment("%")]) == ("a = %(x)s%%", {"x": 1})
    with pytest.raises(howdah.ProgrammingError, match="with names and without"):
        joined([named, positional])
    with pytest.raises(howdah.ProgrammingError, match="same name"):
        joined([named, Fragment("b = %(x)s", {"x": 2})])
    assert joined([named, named])[1] == {"x": 1}


def test_conninfos_of_plugins_are_left_to_them():
    assert address_of(None, "aws:host=h", None).conninfo == "aws:host=h"
    assert address_of(None, "embedded:", None).conninfo == "embedded:"


@pytest.mark.parametrize(
    "conninfo", ["embedded:///tmp/data", "embedded:?application_name=me", "x-y1:any text"]
)
def test_a_conninfo_of_a_plugin_without_a_secret(conninfo: str) -> None:
    assert secret_of(conninfo) is None


@pytest.mark.parametrize(
    ("conninfo", "name"),
    [
        ("aws://u:s3cret@h/d", "password"),
        ("x-y1:password=s3cret", "password"),
        ("embedded:///tmp/data?pass%77ord=s3cret", "password"),
        ("embedded:?sslpassword=s3cret", "sslpassword"),
    ],
)
def test_a_conninfo_of_a_plugin_with_a_secret(conninfo: str, name: str) -> None:
    assert secret_of(conninfo) == name


def test_named_parameters_and_a_key(dsn: str) -> None:
    """The query is in the statement that looks for the bounds of the ranges twice."""
    query = "SELECT i AS id FROM generate_series(1, 1000) i WHERE i > %(least)s"
    with howdah.scan(dsn, query, params={"least": 366}, key="id", partitions=3) as scan:
        assert len(scan.tasks) == 3
        assert sorted(scan.read().column("id").to_pylist()) == list(range(367, 1001))
