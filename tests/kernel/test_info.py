"""The attributes of `conn.info`."""

from __future__ import annotations

import datetime as dt

import pytest

import howdah
from howdah import pq


def test_server(conn):
    info = conn.info
    assert info.vendor == "PostgreSQL"
    (number,) = conn.execute("show server_version_num").fetchone()
    assert info.server_version == int(number)
    assert conn.execute("select pg_backend_pid()").fetchone() == (info.backend_pid,)
    assert info.full_protocol_version in (30000, 30002)


def test_place(conn, server):
    assert conn.execute("select current_database(), current_user").fetchone() == (
        conn.info.dbname,
        conn.info.user,
    )
    assert str(conn.info.port) == conn.execute("show port").fetchone()[0]
    assert conn.info.host == server.host


def test_tcp(server):
    with howdah.connect(server.tcp_dsn, password="secret!") as conn:
        assert conn.info.host
        assert conn.info.hostaddr in ("127.0.0.1", "::1") or conn.info.hostaddr
        assert conn.info.password == "secret!"
        assert "secret!" not in conn.info.dsn
        assert "password" not in conn.info.get_parameters()


def test_dsn_leads_back(conn):
    with howdah.connect(conn.info.dsn) as again:
        assert again.info.dbname == conn.info.dbname
        assert again.info.user == conn.info.user
        assert again.info.host == conn.info.host


def test_parameters(dsn):
    with howdah.connect(dsn, application_name="it's me", options="-c statement_timeout=7s") as conn:
        parameters = conn.info.get_parameters()
        assert parameters["application_name"] == "it's me"
        assert conn.info.options == "-c statement_timeout=7s"
        assert conn.execute("show statement_timeout").fetchone() == ("7s",)
        with howdah.connect(conn.info.dsn) as again:
            assert again.execute("show statement_timeout").fetchone() == ("7s",)


def test_transaction_status(conn):
    Status = pq.TransactionStatus
    assert conn.info.transaction_status is Status.IDLE
    assert conn.info.status is pq.ConnStatus.OK
    conn.execute("select 1")
    assert conn.info.transaction_status is Status.INTRANS
    with pytest.raises(howdah.DatabaseError):
        conn.execute("wrong")
    assert conn.info.transaction_status is Status.INERROR
    conn.rollback()
    stream = conn.cursor().stream("select generate_series(1, 100000)")
    next(stream)
    assert conn.info.transaction_status is Status.ACTIVE
    stream.close()
    conn.close()
    assert conn.info.transaction_status is Status.UNKNOWN
    assert conn.info.status is pq.ConnStatus.BAD


def test_pipeline_status(conn):
    assert conn.info.pipeline_status == pq.PipelineStatus.OFF == 0


def test_parameter_status(conn):
    assert conn.info.parameter_status("standard_conforming_strings") == "on"
    assert conn.info.parameter_status("work_mem") is None
    conn.execute("set application_name to 'changed'")
    assert conn.info.parameter_status("application_name") == "changed"


@pytest.mark.parametrize(
    ("name", "codec"),
    [("utf8", "utf-8"), ("latin1", "iso8859-1"), ("latin9", "iso8859-15"), ("win1251", "cp1251")]
    + [("euc_jp", "euc_jp"), ("sql_ascii", "ascii"), ("koi8r", "koi8-r"), ("gb18030", "gb18030")],
)
def test_encoding(conn, name, codec):
    conn.execute(f"set client_encoding to {name}")
    assert conn.info.encoding == codec


def test_client_encoding_of_connect(dsn):
    with howdah.connect(dsn, client_encoding="latin1") as conn:
        assert conn.info.encoding == "iso8859-1"
        assert conn.execute("select 'é', %s", ("é",)).fetchone() == ("é", "é")


@pytest.mark.parametrize(
    ("setting", "offset"),
    [("UTC", 0), ("Europe/Rome", 1), ("Asia/Tokyo", 9)],
)
def test_timezone(conn, setting, offset):
    conn.execute(f"set timezone to '{setting}'")
    winter = dt.datetime(2020, 1, 1, tzinfo=conn.info.timezone)
    assert winter.utcoffset() == dt.timedelta(hours=offset)


def test_a_timezone_python_does_not_know(conn):
    conn.execute("set timezone to 'FOO0'")
    assert conn.info.timezone == dt.timezone.utc


def test_error_message(conn, dsn):
    assert conn.info.error_message == ""
    with pytest.raises(howdah.errors.SyntaxError):
        conn.execute("wat")
    assert 'syntax error at or near "wat"' in conn.info.error_message
    conn.rollback()
    with howdah.connect(dsn) as other:
        other.execute("select pg_terminate_backend(%s)", [conn.info.backend_pid])
    with pytest.raises(howdah.OperationalError):
        conn.execute("select 1")
    assert "terminating connection" in conn.info.error_message
    conn.close()
    assert "terminating connection" in conn.info.error_message


def test_a_closed_connection_still_tells_where_it_led(conn):
    before = {name: getattr(conn.info, name) for name in ("host", "port", "dbname", "user", "dsn")}
    before["backend_pid"] = conn.info.backend_pid
    conn.close()
    assert before == {name: getattr(conn.info, name) for name in before}
    assert conn.info.status is pq.ConnStatus.BAD


def test_authentication(conn):
    assert conn.info.authentication
    assert conn.info.ssl_in_use is False
