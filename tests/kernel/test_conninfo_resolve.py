"""Explicit parameters, service, environment and defaults; values checked and typed."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from howdah.conninfo import PARAMETERS, AuthRequirement, Parameter, resolve, session_settings
from howdah.errors import NotSupportedError, OperationalError, ProgrammingError

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment with a home of its own and nothing else."""
    return {"HOME": str(tmp_path), "PGSYSCONFDIR": str(tmp_path / "etc")}


def test_defaults(environ: dict[str, str]) -> None:
    resolved = resolve("", {}, environ=environ)
    me = pwd.getpwuid(os.geteuid()).pw_name
    assert resolved["user"] == resolved["dbname"] == me
    assert resolved["passfile"] == os.path.join(environ["HOME"], ".pgpass")
    assert resolved["port"] == "5432"
    assert resolved["sslmode"] == "prefer"
    assert resolved["keepalives"] is True
    assert resolved["host"] is resolved["connect_timeout"] is resolved["password"] is None
    assert resolved["max_protocol_version"] == "3.0"
    assert list(resolved) == [parameter.name for parameter in PARAMETERS]


def another_value(parameter: Parameter) -> str:
    """A value that the parameter takes and that is not its default."""
    if parameter.choices is not None:
        if parameter.default == "latest":
            return parameter.choices[0]
        return parameter.choices[1 if parameter.choices[1] != parameter.default else 0]
    if parameter.type is bool:
        return "0" if parameter.default else "1"
    return "md5" if parameter.name == "require_auth" else "1"


@pytest.mark.parametrize("parameter", [p for p in PARAMETERS if p.environ], ids=lambda p: p.name)
def test_every_environment_variable_is_read(parameter: Parameter, environ: dict[str, str]) -> None:
    assert parameter.environ is not None
    (Path(environ["HOME"]) / ".pg_service.conf").write_text("[1]\n")
    # With these every other parameter may have its value.
    environ |= {"PGSSLMODE": "require", "PGSSLMINPROTOCOLVERSION": "TLSv1"}
    before = resolve("", {}, environ=environ)[parameter.name]
    value = another_value(parameter)
    after = resolve("", {}, environ=environ | {parameter.environ: value})[parameter.name]
    assert after == parameter.convert(value) != before


def test_precedence(environ: dict[str, str]) -> None:
    (Path(environ["HOME"]) / ".pg_service.conf").write_text(
        "[s]\nuser=service\nhost=service\ndbname=service\n"
    )
    environ |= {
        "PGUSER": "environ",
        "PGHOST": "environ",
        "PGPORT": "1",
        "PGSERVICE": "s",
        "PGDATABASE": "environ",
    }
    resolved = resolve("user=explicit dbname=explicit", {"dbname": "argument"}, environ=environ)
    assert (resolved["dbname"], resolved["user"], resolved["host"], resolved["port"]) == (
        "argument",
        "explicit",
        "service",
        "1",
    )


def test_an_empty_value_stands_for_the_default(environ: dict[str, str]) -> None:
    environ |= {"PGHOST": "environ", "PGPORT": "1", "PGSSLMODE": "", "PGSERVICE": "s"}
    resolved = resolve("host='' service=", {"port": ""}, environ=environ)
    assert (resolved["host"], resolved["port"], resolved["sslmode"]) == (None, "5432", "prefer")


def test_none_means_not_given(environ: dict[str, str]) -> None:
    environ["PGPORT"] = "1"
    resolved = resolve("host=a", {"host": None, "port": None}, environ=environ)
    assert (resolved["host"], resolved["port"]) == ("a", "1")


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGAPPNAME", "mahout")
    assert resolve("", {})["application_name"] == "mahout"


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("port", 5433, "5433"),
        ("connect_timeout", "10", 10),
        ("connect_timeout", " -1 ", -1),
        ("connect_timeout", 2.5, 2.5),
        ("connect_timeout", " 2.5 ", 2.5),
        ("connect_timeout", "1e1", 10),
        ("connect_timeout", 3.0, 3),
        ("connect_timeout", 1, 1),
        ("keepalives", 0, False),
        ("keepalives", True, True),
        ("keepalives", "off", False),
        ("keepalives_idle", "7", 7),
        ("sslmode", "REQUIRE", "require"),
        ("ssl_min_protocol_version", "tlsv1.3", "TLSv1.3"),
        ("max_protocol_version", "latest", "3.2"),
        ("target_session_attrs", "prefer-standby", "prefer-standby"),
        ("load_balance_hosts", "random", "random"),
        ("passfile", Path("/x/y"), "/x/y"),
        ("replication", True, "1"),
        ("scram_client_key", KEY, KEY),
        ("options", "-c a=b", "-c a=b"),
    ],
)
def test_values_are_typed(name: str, given: Any, value: Any, environ: dict[str, str]) -> None:
    resolved = resolve("", {name: given}, environ=environ)[name]
    assert resolved == value
    assert type(resolved) is type(value)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"autocomit": True}, 'unknown connection parameter "autocomit"; did you mean "autocommit"'),
        ({"hots": "a"}, 'unknown connection parameter "hots"; did you mean "host"'),
        ({"dsn": "host=a"}, 'unknown connection parameter "dsn"; did you mean "conninfo"'),
        ({"ssl": True}, 'unknown connection parameter "ssl"; did you mean "sslmode"'),
        ({"timeout": 5}, 'unknown connection parameter "timeout"; did you mean "connect_timeout"'),
        ({"sslmode": "perhaps"}, 'invalid value "perhaps" for connection parameter "sslmode".*verify-full'),
        ({"target_session_attrs": "master"}, '"master".*"target_session_attrs".*prefer-standby'),
        ({"load_balance_hosts": "yes"}, '"load_balance_hosts"'),
        ({"connect_timeout": "soon"}, 'invalid value "soon" for connection parameter "connect_timeout"'),
        ({"connect_timeout": "2.5s"}, "connect_timeout.*number"),
        ({"connect_timeout": 2**31}, "connect_timeout.*number"),
        ({"connect_timeout": float("nan")}, 'invalid value "nan" for connection parameter "connect_timeout"'),
        ({"connect_timeout": "inf"}, "connect_timeout.*a number"),
        ({"keepalives_idle": 2.5}, "keepalives_idle.*got float"),
        ({"keepalives": "sometimes"}, "keepalives.*1 or 0"),
        ({"user": b"u"}, "user.*got bytes"),
        ({"user": "a\0b"}, "user.*NUL"),
        ({"require_auth": "md5,!password"}, "require_auth"),
        ({"sslrootcert": "system", "sslmode": "require"}, "sslmode.*sslrootcert=system"),
        ({"sslnegotiation": "direct"}, 'sslmode "prefer".*sslnegotiation=direct'),
        (
            {"ssl_min_protocol_version": "TLSv1.3", "ssl_max_protocol_version": "TLSv1.2"},
            "ssl_min_protocol_version",
        ),
        ({"min_protocol_version": "latest", "max_protocol_version": "3.0"}, "min_protocol_version"),
        ({"scram_client_key": "c2hvcnQ="}, "scram_client_key.*32 bytes"),
        ({"scram_server_key": "not base64"}, "scram_server_key.*32 bytes"),
    ],
)
def test_bad_values_are_named(params: dict[str, Any], message: str, environ: dict[str, str]) -> None:
    with pytest.raises(ProgrammingError, match=message):
        resolve("", params, environ=environ)


def test_a_bad_value_says_where_it_comes_from(environ: dict[str, str]) -> None:
    environ["PGCONNECT_TIMEOUT"] = "x"
    with pytest.raises(ProgrammingError, match="from PGCONNECT_TIMEOUT"):
        resolve("", {}, environ=environ)
    (Path(environ["HOME"]) / ".pg_service.conf").write_text("[s]\nconnect_timeout=y\n")
    with pytest.raises(ProgrammingError, match='from service "s"'):
        resolve("service=s", {}, environ=environ)


def test_a_bad_secret_is_not_shown(environ: dict[str, str]) -> None:
    for value in ("hOrse", "hOrse\0"):
        for name in ("scram_client_key", "scram_server_key"):
            with pytest.raises(ProgrammingError) as caught:
                resolve("", {name: value}, environ=environ)
            assert "hOrse" not in repr(caught.value)


def test_gssapi_encryption_is_not_supported(environ: dict[str, str]) -> None:
    with pytest.raises(NotSupportedError, match="gssencmode"):
        resolve("gssencmode=require", {}, environ=environ)
    assert resolve("gssencmode=prefer krbsrvname=x", {}, environ=environ)["gssencmode"] == "prefer"


def test_the_systems_certificates_imply_full_verification(environ: dict[str, str]) -> None:
    assert resolve("sslrootcert=system", {}, environ=environ)["sslmode"] == "verify-full"
    assert resolve("sslrootcert=system sslmode=''", {}, environ=environ)["sslmode"] == "verify-full"
    environ["PGSSLMODE"] = "prefer"
    with pytest.raises(ProgrammingError, match="sslrootcert=system"):
        resolve("sslrootcert=system", {}, environ=environ)


def test_a_minimum_protocol_version_lifts_the_one_asked_for(environ: dict[str, str]) -> None:
    assert resolve("min_protocol_version=3.2", {}, environ=environ)["max_protocol_version"] == "3.2"


def test_the_fallback_application_name(environ: dict[str, str]) -> None:
    given = "fallback_application_name=fallback"
    assert resolve(given, {}, environ=environ)["application_name"] == "fallback"
    assert resolve(given + " application_name=a", {}, environ=environ)["application_name"] == "a"


@pytest.mark.parametrize(("name", "encoding"), [("C.UTF-8", "utf-8"), ("C", "SQL_ASCII")])
def test_the_locales_encoding(name: str, encoding: str) -> None:
    code = (
        "from howdah.conninfo import resolve; print(resolve('client_encoding=auto', {})['client_encoding'])"
    )
    environ = os.environ | {"LC_ALL": name, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == encoding


def test_a_dbname_may_be_a_conninfo(environ: dict[str, str]) -> None:
    environ["PGDATABASE"] = "environ"
    params = {"host": "before", "dbname": "postgresql://inside:1/d", "port": 2}
    resolved = resolve("user=u", params, environ=environ)
    assert [resolved[n] for n in ("host", "port", "dbname", "user")] == ["inside", "2", "d", "u"]
    assert resolve("", {"dbname": "host=inside"}, environ=environ)["dbname"] == "environ"
    assert resolve("dbname=a=b", {}, environ=environ)["dbname"] == "a=b"


def test_parameters_of_plugins(environ: dict[str, str]) -> None:
    parameters = (
        *PARAMETERS,
        Parameter("trunk_length", int, 3, "HOWDAH_TRUNK", "Metres.", secret=True),
    )
    assert resolve("", {}, parameters=parameters, environ=environ)["trunk_length"] == 3
    assert resolve("trunk_length=4", {}, parameters=parameters, environ=environ)["trunk_length"] == 4
    with pytest.raises(ProgrammingError) as caught:
        resolve("", {}, parameters=parameters, environ=environ | {"HOWDAH_TRUNK": "long"})
    assert "long" not in str(caught.value).replace("trunk_length", "")
    assert "HOWDAH_TRUNK" in str(caught.value)
    with pytest.raises(ProgrammingError, match='"trunk_length"'):
        resolve("", {"trunk_length": 4}, environ=environ)


SERVICES = """
# comment
[other]
host=other
[ s ]
host=spaces
[s]
  host=first
host=second
password=p=w

options=-c geqo=off
[next]
user=next
"""


def test_service_file(environ: dict[str, str]) -> None:
    (Path(environ["HOME"]) / ".pg_service.conf").write_text(SERVICES)
    resolved = resolve("", {"service": "s"}, environ=environ)
    assert [resolved[n] for n in ("host", "password", "options", "service")] == [
        "first",
        "p=w",
        "-c geqo=off",
        "s",
    ]
    assert resolved["user"] != "next"
    with pytest.raises(ProgrammingError, match='service "absent" not found'):
        resolve("service=absent", {}, environ=environ)


def test_where_service_files_are(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "pg_service.conf").write_text("[s]\nhost=system\n[only]\nhost=only\n")
    assert resolve("service=s", {}, environ=environ)["host"] == "system"
    (tmp_path / ".pg_service.conf").write_text("[s]\nhost=home\n")
    assert resolve("service=s", {}, environ=environ)["host"] == "home"
    assert resolve("service=only", {}, environ=environ)["host"] == "only"
    (tmp_path / "mine").write_text("[s]\nhost=variable\n")
    environ["PGSERVICEFILE"] = str(tmp_path / "mine")
    assert resolve("service=s", {}, environ=environ)["host"] == "variable"
    (tmp_path / "given").write_text("[s]\nhost=parameter\n")
    assert resolve("service=s", {"servicefile": tmp_path / "given"}, environ=environ)["host"] == "parameter"
    with pytest.raises(ProgrammingError, match=r"service file .*absent.* not found"):
        resolve("service=s", {"servicefile": tmp_path / "absent"}, environ=environ)


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        ("hOrse", ProgrammingError, 'missing "=".* line 2'),
        ("hots=a", ProgrammingError, '"hots".* line 2.*did you mean "host"'),
        ("service=t", ProgrammingError, 'cannot set "service".* line 2'),
        ("servicefile=t", ProgrammingError, 'cannot set "servicefile".* line 2'),
        ("ldap://h/x", NotSupportedError, "LDAP.* line 2"),
    ],
)
def test_a_wrong_line_in_the_service_file(
    line: str, error: type[Exception], message: str, environ: dict[str, str]
) -> None:
    (Path(environ["HOME"]) / ".pg_service.conf").write_text(f"[s]\n{line}\n")
    with pytest.raises(error, match=message) as caught:
        resolve("service=s", {}, environ=environ)
    assert "hOrse" not in str(caught.value)


def test_a_service_file_that_cannot_be_read(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".pg_service.conf").mkdir()
    with pytest.raises(OperationalError, match=r"pg_service\.conf"):
        resolve("service=s", {}, environ=environ)


def test_session_settings() -> None:
    environ = {"PGTZ": "UTC", "PGDATESTYLE": "iso, mdy", "PGGEQO": "Default", "PGUSER": "u"}
    assert session_settings(environ) == {"timezone": "UTC", "datestyle": "iso, mdy"}


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        (None, "password md5 gss sspi scram-sha-256 oauth none mine"),
        ("", "password md5 gss sspi scram-sha-256 oauth none mine"),
        ("scram-sha-256", "scram-sha-256"),
        ("md5,none", "md5 none"),
        ("!none", "password md5 gss sspi scram-sha-256 oauth mine"),
        ("!password,!md5", "gss sspi scram-sha-256 oauth none mine"),
    ],
)
def test_require_auth(value: str | None, allowed: str) -> None:
    requirement = AuthRequirement.parse(value)
    methods = ["password", "md5", "gss", "sspi", "scram-sha-256", "oauth", "none", "mine"]
    assert [method for method in methods if requirement.allows(method)] == allowed.split()


@pytest.mark.parametrize("value", ["md4", "md5,", "md5,!none", "!none,md5", "md5,md5", "!md5,!md5", "!", ","])
def test_require_auth_refuses(value: str) -> None:
    with pytest.raises(ProgrammingError, match="require_auth"):
        AuthRequirement.parse(value)
