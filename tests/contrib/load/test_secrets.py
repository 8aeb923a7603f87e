"""What travels to the workers of an engine, and what must not."""

from __future__ import annotations

import functools
import pickle

import pytest

import howdah
from howdah_load.address import Address
from howdah_load.names import Names
from howdah_load.task import WriteTask


def password():
    return "from the vault"


@pytest.mark.parametrize(
    "conninfo",
    [
        "host=a password=hidden",
        "postgresql://user:hidden@a/b",
        "host=a sslpassword=hidden",
        "aws:host=a password=hidden",
        "host=a oauth_client_secret=hidden",
    ],
)
def test_a_secret_in_the_conninfo(conninfo):
    with pytest.raises(howdah.ProgrammingError, match="would travel") as caught:
        Address(conninfo).check_portable()
    assert "hidden" not in str(caught.value)
    assert "hidden" not in repr(Address(conninfo))


@pytest.mark.parametrize(
    "given", ["hidden", lambda: "hidden", functools.partial(str, "hidden"), "x".join], ids=range(4)
)
def test_a_password_that_does_not_travel(given):
    with pytest.raises(howdah.ProgrammingError) as caught:
        Address("host=a", given).check_portable()
    assert "hidden" not in str(caught.value)


def test_a_function(dsn):
    address = Address("host=a passfile=/etc/pass service=b", password)
    address.check_portable()
    task = WriteTask(address, Names.new("public", "staged"), ("public", "t"), ("a",))
    data = pickle.dumps(task)
    assert b"vault" not in data
    assert pickle.loads(data) == task


def test_threads_take_any_password(dsn):
    """They are in the same process."""
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("CREATE TABLE with_password (id int)")
        import pyarrow as pa

        table = pa.table({"id": [1]})
        assert howdah.load(dsn, "with_password", table, password="hidden").rows == 1
        assert howdah.load(dsn, "with_password", table, password=lambda: "hidden").rows == 1
        conn.execute("DROP TABLE with_password")


def test_workers_with_another_environment(server, monkeypatch):
    """What the environment of the program says, except for secrets, goes with the work."""
    monkeypatch.setenv("PGHOST", f"/nowhere,{server.host}")
    monkeypatch.setenv("PGPORT", str(server.port))
    monkeypatch.setenv("PGUSER", server.user)
    monkeypatch.setenv("PGDATABASE", server.dbname)
    monkeypatch.setenv("PGPASSWORD", "hidden")
    address = Address("application_name=here")
    with address.connect(autocommit=True) as conn:
        portable = address.portable(conn)
    for name in ("PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD"):
        monkeypatch.delenv(name)
    assert "hidden" not in portable.conninfo and "passfile" not in portable.conninfo
    with portable.connect(autocommit=True) as conn:
        assert conn.info.host == server.host
        assert conn.info.get_parameters()["application_name"] == "here"
