"""Lists of hosts, and passwords for them from the password file."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah.conninfo import Host, hosts, resolve
from howdah.conninfo.environment import default_host
from howdah.conninfo.passfile import find_password
from howdah.errors import ProgrammingError

if TYPE_CHECKING:
    from pathlib import Path

ENVIRON = {"HOME": "/nonexistent"}


def places(conninfo: str) -> list[tuple[str, str, int]]:
    return [(h.host, h.hostaddr, h.port) for h in hosts(resolve(conninfo, {}, environ=ENVIRON))]


@pytest.mark.parametrize(
    ("conninfo", "expected"),
    [
        ("", [(default_host(), "", 5432)]),
        ("port=1", [(default_host(), "", 1)]),
        ("host=a", [("a", "", 5432)]),
        ("host=a,b port=1", [("a", "", 1), ("b", "", 1)]),
        ("host=a,b,c port=1,,3", [("a", "", 1), ("b", "", 5432), ("c", "", 3)]),
        ("host=a,,/tmp", [("a", "", 5432), (default_host(), "", 5432), ("/tmp", "", 5432)]),
        ("hostaddr=::1,127.0.0.1", [("", "::1", 5432), ("", "127.0.0.1", 5432)]),
        ("host=a,b hostaddr=,::1", [("a", "", 5432), ("b", "::1", 5432)]),
        ("postgresql://a:1,[::1]:2/d", [("a", "", 1), ("::1", "", 2)]),
        ("postgresql://a,b/d", [("a", "", 5432), ("b", "", 5432)]),
    ],
)
def test_hosts(conninfo: str, expected: list[tuple[str, str, int]]) -> None:
    assert places(conninfo) == expected


@pytest.mark.parametrize(
    ("conninfo", "message"),
    [
        ("host=a,b hostaddr=::1", "2 host names to 1 hostaddr"),
        ("host=a hostaddr=::1,::2", "1 host names to 2 hostaddr"),
        ("host=a,b,c port=1,2", "2 port numbers to 3 hosts"),
        ("host=a port=1,2", "2 port numbers to 1 hosts"),
        ("port=x", '"x" for connection parameter "port"'),
        ("port=0", "1 to 65535"),
        ("port=65536", "1 to 65535"),
        ("port=-1", "1 to 65535"),
    ],
)
def test_lists_that_do_not_fit(conninfo: str, message: str) -> None:
    with pytest.raises(ProgrammingError, match=message):
        places(conninfo)


def test_unix_sockets() -> None:
    assert Host("/tmp", "", 5432).is_unix
    assert Host("@abstract", "", 5432).is_unix
    assert not Host("localhost", "", 5432).is_unix
    assert not Host("/tmp", "127.0.0.1", 5432).is_unix


def test_the_password_is_not_in_the_repr() -> None:
    (host,) = hosts(resolve("password=hOrse", {}, environ=ENVIRON))
    assert host.password == "hOrse"
    assert "hOrse" not in repr(host)


@pytest.fixture
def passfile(tmp_path: Path) -> Path:
    path = tmp_path / ".pgpass"
    path.touch(mode=0o600)
    return path


def test_each_host_has_its_password(passfile: Path, tmp_path: Path) -> None:
    passfile.write_text(
        "a:1:d:u:first\nb:*:*:u:second\nlocalhost:*:*:*:socket\n::1:*:*:*:no\n\\:\\:1:*:*:*:six\n"
    )
    given = "host=a,b,c,,@x hostaddr=,,,, port=1,2,3,4,5 dbname=d user=u"
    environ = {"HOME": str(tmp_path)}
    assert [h.password for h in hosts(resolve(given, {}, environ=environ))] == [
        "first",
        "second",
        None,
        "socket",
        None,
    ]
    (host,) = hosts(resolve("hostaddr=::1", {}, environ=environ))
    assert host.password == "six"
    (host,) = hosts(resolve("host=b user=u password=mine", {}, environ=environ))
    assert host.password == "mine"
    (host,) = hosts(resolve("host=b user=u", {}, environ=environ | {"PGPASSWORD": "environ"}))
    assert host.password == "environ"
    (host,) = hosts(resolve("host=b user=u passfile=/nonexistent", {}, environ=environ))
    assert host.password is None


def test_the_password_file_is_read_when_its_password_is_wanted(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (host,) = hosts(resolve(f"host=a user=u passfile={tmp_path}", {}, environ=ENVIRON))
    with pytest.warns(UserWarning, match="not a plain file"):
        assert host.password is None


@pytest.mark.parametrize(
    ("line", "password"),
    [
        ("h:5432:d:u:p", "p"),
        ("*:*:*:*:p", "p"),
        ("h:5432:d:u:p:rest", "p"),
        (r"h:5432:d:u:a\:b\\c", r"a:b\c"),
        ("h:5432:d:u:back\\", "back\\"),
        ("h:5432:d:u:with space # and more ", "with space # and more "),
        ("h:5432:d:u:crlf\r", "crlf"),
        (r"\h:5432:d:u:p", "p"),
        ("#h:5432:d:u:p", None),
        (r"\*:*:*:*:p", None),
        ("h*:*:*:*:p", None),
        ("h:5433:d:u:p", None),
        ("h:5432:d:u", None),
        ("h:5432:d:u:", None),
        ("", None),
    ],
)
def test_lines_of_the_password_file(line: str, password: str | None, passfile: Path) -> None:
    passfile.write_bytes(line.encode() + b"\n")
    assert find_password(str(passfile), "h", 5432, "d", "u") == password


def test_the_first_line_that_matches_counts(passfile: Path) -> None:
    passfile.write_text("h:5432:d:u\nx:*:*:*:no\nh:*:*:*:first\nh:*:*:*:second\n")
    assert find_password(str(passfile), "h", 5432, "d", "u") == "first"


@given(st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), min_size=1))
def test_any_field_can_be_escaped(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("passfile") / "pgpass"
    path.touch(mode=0o600)
    escaped = "".join("\\" + c if c in ":\\*" else c for c in text)
    path.write_text(
        f"{'x' if text.startswith('#') else escaped}:1:{escaped}:{escaped}:{escaped}\n", encoding="utf-8"
    )
    assert find_password(str(path), "x" if text.startswith("#") else text, 1, text, text) == text


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_password_file_open_to_others_is_not_used(mode: int, passfile: Path) -> None:
    passfile.write_text("*:*:*:*:hOrse\n")
    passfile.chmod(mode)
    with pytest.warns(UserWarning, match="group or world access") as caught:
        assert find_password(str(passfile), "h", 1, "d", "u") is None
    assert "hOrse" not in str(caught[0].message)


def test_a_password_file_must_be_a_file(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="not a plain file"):
        assert find_password(str(tmp_path), "h", 1, "d", "u") is None
    os.mkfifo(tmp_path / "fifo", 0o600)
    with pytest.warns(UserWarning, match="not a plain file"):
        assert find_password(str(tmp_path / "fifo"), "h", 1, "d", "u") is None


def test_no_password_file_is_no_error(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert find_password(str(tmp_path / "absent"), "h", 1, "d", "u") is None
