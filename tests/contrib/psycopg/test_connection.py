"""psycopg's connections, cursors and pools: the classes, and what stands for libpq's objects."""

from __future__ import annotations

from tests.contrib.psycopg.fresh import run


def test_classes(dsn):
    run(
        """
        import sys
        from typing import Any
        import psycopg
        from psycopg.rows import dict_row

        class MyCursor(psycopg.Cursor[Any]):
            pass

        class MyConnection(psycopg.Connection[Any]):
            cursor_factory = MyCursor

        with psycopg.connect(sys.argv[1]) as conn:
            assert type(conn) is psycopg.Connection and repr(conn).startswith("<psycopg.Connection [IDLE]")
            assert type(conn.cursor()) is psycopg.Cursor
            assert type(conn.cursor("name")) is psycopg.ServerCursor
            assert repr(conn.cursor()).startswith("<psycopg.Cursor ")
            assert isinstance(psycopg.ClientCursor(conn), psycopg.Cursor)
            assert psycopg.ClientCursor(conn).mogrify("SELECT %s", ["it's"]) == "SELECT 'it''s'"
            assert psycopg.RawCursor(conn).execute("SELECT $1::int", [1]).fetchone() == (1,)
            assert isinstance(conn.adapters, psycopg.adapt.AdaptersMap)
            try:
                conn.execute("SELEC")
            except psycopg.errors.SyntaxError as error:
                assert error.sqlstate == "42601" and error.pgconn is None and error.pgresult is None
            conn.rollback()
            raw = psycopg.RawServerCursor(conn, "raw")
            assert raw.execute("SELECT generate_series(1, $1::int)", [3]).fetchall() == [(1,), (2,), (3,)]
        with MyConnection.connect(sys.argv[1], row_factory=dict_row) as conn:
            assert type(conn) is MyConnection and type(conn.cursor()) is MyCursor
            assert conn.execute("SELECT 1 AS a").fetchone() == {"a": 1}
        """,
        dsn,
    )


def test_async_classes(dsn):
    run(
        """
        import asyncio, sys
        import psycopg

        assert asyncio.iscoroutinefunction(psycopg.AsyncCursor.execute)

        async def main():
            async with await psycopg.AsyncConnection.connect(sys.argv[1]) as conn:
                assert type(conn) is psycopg.AsyncConnection and type(conn.cursor()) is psycopg.AsyncCursor
                assert type(conn.cursor("name")) is psycopg.AsyncServerCursor
                cur = conn.cursor()
                assert await cur.execute("SELECT generate_series(1, %s)", [3]) is cur
                assert await (await conn.execute("SELECT 1")).fetchone() == (1,)
                assert cur._query.query == b"SELECT generate_series(1, $1)"
                assert (cur.pgresult.ntuples, conn.pgconn.transaction_status) == (3, 2)
                cur._close()
                assert cur.closed and conn.pgconn.socket == conn.fileno()
                cur = conn.cursor()
                cur.itersize = 2  # a portal is open
                await cur.execute("SELECT generate_series(1, 10)")
                await cur.fetchone()
                cur._close()
                assert cur.closed
                async with conn.cursor("named") as named:
                    await named.execute("SELECT generate_series(1, 3)")
                    named._close()
                    assert named.closed
                assert await (await conn.execute("SELECT 2")).fetchone() == (2,)
                raw = psycopg.AsyncRawServerCursor(conn, "raw")
                await raw.execute("SELECT $1::int", [1])
                assert await raw.fetchone() == (1,)

        asyncio.run(main())
        """,
        dsn,
    )


def test_pgconn(dsn):
    run(
        """
        import sys
        import psycopg
        from psycopg import pq

        conn = psycopg.connect(sys.argv[1], application_name="zoo", options="-c geqo=off")
        pgconn, info = conn.pgconn, conn.info
        assert pgconn == conn.pgconn and len({pgconn, conn.pgconn}) == 1
        assert (pgconn.db, pgconn.user) == (info.dbname.encode(), info.user.encode())
        assert (pgconn.host, pgconn.port) == (info.host.encode(), str(info.port).encode())
        assert (pgconn.hostaddr, pgconn.password) == (info.hostaddr.encode(), info.password.encode())
        assert (pgconn.options, pgconn.tty) == (b"-c geqo=off", b"")
        assert (pgconn.server_version, pgconn.backend_pid) == (info.server_version, info.backend_pid)
        assert (pgconn.status, pgconn.pipeline_status) == (pq.ConnStatus.OK, pq.PipelineStatus.OFF)
        assert pgconn.protocol_version == 3 and pgconn.full_protocol_version >= 30000
        assert pgconn.parameter_status(b"application_name") == b"zoo"
        assert pgconn.parameter_status(b"nothing") is None
        assert (pgconn.needs_password, pgconn.used_gssapi) == (False, False)
        assert pgconn.ssl_in_use == info.ssl_in_use
        assert pgconn.used_password in (True, False)
        options = {option.keyword: option.val for option in pgconn.info}
        assert options[b"application_name"] == b"zoo" and b"host" in options
        assert pq.error_message(pgconn) == "no error details available" and pgconn.error_message == b""
        assert pgconn.transaction_status == pq.TransactionStatus.IDLE
        conn.execute("SELECT 1")
        assert pgconn.transaction_status == pq.TransactionStatus.INTRANS
        summary = pq.misc.connection_summary(pgconn)
        assert summary.startswith("[INTRANS] (") and f"database={info.dbname}" in summary, summary
        try:
            conn.execute("SELECT 1/0")
        except psycopg.errors.DivisionByZero:
            pass
        assert "division by zero" in pgconn.get_error_message()
        assert pgconn.transaction_status == pq.TransactionStatus.INERROR
        with conn.pipeline():
            assert pgconn.pipeline_status == pq.PipelineStatus.ON
        pgconn.get_cancel().cancel()
        assert not hasattr(pgconn, "exec_")
        try:
            pgconn.exec_
        except AttributeError as error:
            assert "no counterpart of PGconn.exec_" in str(error)
        assert not conn.broken
        pgconn.finish()
        assert conn.closed and conn.broken and pgconn.status == pq.ConnStatus.BAD
        assert pq.misc.connection_summary(pgconn) == "[BAD]"
        pgconn.finish()
        conn.close()
        assert conn.broken
        with psycopg.connect(sys.argv[1]) as conn:
            conn.execute("SELECT 1")
            conn.pgconn.finish()
        assert conn.closed and conn.broken
        conn = psycopg.connect(sys.argv[1])
        conn.close()
        conn.pgconn.finish()
        assert conn.closed and not conn.broken
        """,
        dsn,
    )


def test_the_text_of_values(dsn):
    """They are as the server writes them, whether they came as text or as binary."""
    run(
        r"""
        import sys
        import psycopg

        EXPRESSIONS = '''
            true | 1::int2 | 2^40 | 1.5::float4 | 0.1::float4 | 1e20::float8 | 'NaN'::float8
            '-Infinity'::float4 | 3.4028235e38::float4 | 0::float8 | 100000::float8 | 1.50 | 'NaN'::numeric
            'abc'::text | ''::text | 'x'::char(4) | 'n'::name | '\\xdeadbeef'::bytea | bit '101' | 1::oid
            json '{"a": [1, 2, null]}' | jsonb '{"a": "b"}' | jsonb '"x"' | jsonb '5'
            null::jsonb | null::int
            array[1, 2] | array['a', 'b c', null] | array[]::int[] | array[jsonb '{"a": 1}']
            array[true, false] | array[1.5, 2.25] | array[date '2020-01-01']
            date '2020-01-02' | time '10:00:00.5' | time '10:00' | timetz '10:00+02' | timetz '10:00-02:30'
            timestamp '2020-01-02 10:00' | timestamptz '2020-01-02 10:00:00.123+02'
            interval '1 day 02:00' | interval '-3 days' | interval '-1 day -02:00' | interval '0'
            interval '-1.5 seconds' | interval '400 days 00:00:00.000001' | interval '-2 hours'
            uuid '00000000-0000-0000-0000-000000000005' | inet '1.2.3.4'
            cidr '1.2.0.0/16' | inet '1.2.3.4/16'
            int4range(1, 3) | numrange(1.5, null) | '{[1,3)}'::int4multirange | row(1, 'x')
            point '(1,2)' | tsvector 'a b' | macaddr '08:00:2b:01:02:03'
        '''.replace('\n', '|').split('|')
        with psycopg.connect(sys.argv[1], autocommit=True) as conn:
            conn.execute("SET TimeZone TO 'Asia/Kolkata'")
            for expression in filter(None, map(str.strip, EXPRESSIONS)):
                with conn.cursor().copy(f"COPY (SELECT {expression}) TO STDOUT") as copy:
                    (text,) = copy.read_row()
                for binary in (False, True):
                    result = conn.cursor(binary=binary).execute(f"SELECT {expression}").pgresult
                    expected = None if text is None else text.encode()
                    got = result.get_value(0, 0)
                    assert got == expected, (expression, binary, got, text)
            conn.execute("CREATE TYPE pg_temp.mood AS ENUM ('sad')")
            for binary in (False, True):  # without an adapter
                cur = conn.cursor(binary=binary)
                assert cur.execute("SELECT 'sad'::pg_temp.mood").pgresult.get_value(0, 0) == b"sad"
            class Loader(psycopg.adapt.Loader):
                def load(self, data):
                    return complex(int(data), 1)
            conn.adapters.register_loader("int8", Loader)  # no dumper knows its objects
            assert conn.execute("SELECT 1::int8").pgresult.get_value(0, 0) == b"(1+1j)"
        """,
        dsn,
    )


def test_wrong_conninfo(dsn):
    run(
        r"""
        import psycopg
        from psycopg.pq import Conninfo

        def error_of(function, *args):
            try:
                function(*args)
            except Exception as error:
                return type(error)

        for wrong in (b"host=x nonsense=y", b"host", b"postgresql://u@h:x y/d", b"host='x"):
            assert error_of(Conninfo.parse, wrong) is psycopg.OperationalError, wrong
            assert error_of(psycopg.conninfo.conninfo_to_dict, wrong.decode()) is psycopg.ProgrammingError
        for wrong in ("host=x", None):
            assert error_of(Conninfo.parse, wrong) is TypeError
        assert [each.val for each in Conninfo.parse(b"host=\xff") if each.val] == [b"\xff"]
        """,
        dsn,
    )


def test_pgresult(dsn):
    run(
        """
        import sys
        import psycopg
        from psycopg.pq import ExecStatus, Format

        with psycopg.connect(sys.argv[1]) as conn:
            cur = conn.cursor()
            assert cur.pgresult is None and cur._query is None
            cur.execute("CREATE TEMP TABLE t (a int PRIMARY KEY, b varchar(10), c numeric(6,2))")
            result = cur.pgresult
            assert (result.status, result.command_status) == (ExecStatus.COMMAND_OK, b"CREATE TABLE")
            assert (result.ntuples, result.nfields, result.command_tuples) == (0, 0, None)
            cur.execute("INSERT INTO t VALUES (1, 'x', 1.50), (2, NULL, NULL)")
            assert (cur.pgresult.command_status, cur.pgresult.command_tuples) == (b"INSERT 0 2", 2)
            for prepare in (False, True, True):  # in text, then in binary format
                cur.execute("SELECT *, a + 1 AS d, true AS e FROM t ORDER BY a", prepare=prepare)
                cur.fetchone()
                result = cur.pgresult
                assert (result.status, result.ntuples, result.nfields) == (ExecStatus.TUPLES_OK, 2, 5)
                assert [result.fname(i) for i in range(6)] == [b"a", b"b", b"c", b"d", b"e", None]
                assert [result.ftype(i) for i in range(6)] == [23, 1043, 1700, 23, 16, 0]
                assert [result.fmod(i) for i in range(3)] == [-1, 14, 393222]
                assert [result.fsize(i) for i in range(3)] == [4, -1, -1]
                assert result.ftable(0) == result.ftable(1) > 0 == result.ftable(3) == result.ftable(9)
                assert [result.ftablecol(i) for i in range(4)] == [1, 2, 3, 0]
                assert (result.fformat(0), result.binary_tuples) == (Format.TEXT, 0)
                assert [result.get_value(0, i) for i in range(5)] == [b"1", b"x", b"1.50", b"2", b"t"]
                assert [result.get_value(1, i) for i in range(3)] == [b"2", None, None]
                assert result.get_value(2, 0) is None is result.get_value(0, 5)
                assert (result.command_status, result.command_tuples) == (b"SELECT 2", 2)
            assert result.error_message == b""
            assert result.get_error_message() == "no error details available"
            assert result.error_field(67) is None
            assert (result.nparams, result.param_type(0), result.oid_value) == (0, 0, 0)
            assert "TUPLES_OK" in repr(result) and not hasattr(result, "pgresult_ptr")
            result.clear()
        """,
        dsn,
    )


def test_query(dsn):
    run(
        """
        import sys
        import psycopg
        from psycopg.pq import Format

        with psycopg.connect(sys.argv[1]) as conn:
            cur = conn.cursor()
            for _ in range(12):  # prepared, and on the fast path
                cur.execute("SELECT %s, %t", [1, "x"])
                query = cur._query
                assert query.query == b"SELECT $1, $2"
                assert query.params == [b"\\x00\\x01", b"x"], query.params
                assert query.formats == [Format.BINARY, Format.TEXT]
                assert query.types[0] == 21
            assert "x" not in repr(query).replace("SELECT", "").replace("PostgresQuery", "").replace("0x", "")
            cur.execute("SELECT %(a)s::int, %(a)s::int, %(b)s", {"b": None, "a": 5})
            assert cur._query.query == b"SELECT $1::int, $1::int, $2"
            assert cur._query.params == [b"\\x00\\x05", None]
            cur.execute("SELECT 1")
            assert (cur._query.query, cur._query.params, cur._query.formats) == (b"SELECT 1", None, [])
            assert cur._query.types == ()
            client = psycopg.ClientCursor(conn)
            client.execute("SELECT %s", [1])
            assert (client._query.query, client._query.params) == (b"SELECT 1", None)
            raw = psycopg.RawCursor(conn)
            raw.execute("SELECT $1::text", ["x"])
            assert raw._query.params == [b"x"]
            cur.executemany("SELECT %s::int", [[1], [2]])
            assert (cur._query.query, cur._query.params) == (b"SELECT $1::int", None)
            composed = psycopg.sql.SQL("SELECT {}, %s::text").format(psycopg.sql.Literal("é"))
            cur.execute(composed, ["é"])
            assert cur._query.params == ["é".encode()], cur._query.params
            with cur.copy("COPY (SELECT %s) TO STDOUT", [1]) as copy:
                copy.read()
            assert cur._query.params is None
            conn.execute("SET client_encoding = latin1")
            cur.execute("SELECT 'é', %t", ["é"])
            assert cur._query.params == [b"\\xe9"], cur._query.params
        """,
        dsn,
    )


def test_escaping(dsn):
    run(
        """
        import sys
        import psycopg
        from psycopg.pq import Conninfo, Escaping, version, version_pretty

        with psycopg.connect(sys.argv[1]) as conn:
            escaping = Escaping(conn.pgconn)
            for text in ("it's", "a\\\\b", 'a"b', "é%"):
                literal = escaping.escape_literal(text.encode()).decode()
                identifier = escaping.escape_identifier(text.encode()).decode()
                string = escaping.escape_string(memoryview(text.encode())).decode()
                cur = conn.cursor()
                cur.execute(f"SELECT {literal} AS {identifier}, '{string}'")
                assert cur.fetchone() == (text, text) and cur.description[0].name == text
            conn.execute("SET standard_conforming_strings = off")
            assert escaping.escape_string(b"a\\\\'") == b"a\\\\\\\\''"
            data = bytes(range(256))
            assert escaping.unescape_bytea(escaping.escape_bytea(data).replace(b"\\\\\\\\", b"\\\\")) == data
        for method in (escaping.escape_literal, Escaping().escape_identifier):
            try:
                method(b"x")
            except psycopg.OperationalError as error:
                assert "connection" in str(error)
            else:
                raise AssertionError(method)
        assert Escaping().escape_string(b"it's") == b"it''s"
        assert Escaping().escape_bytea(b"a\\x00") == b"\\\\x6100"
        assert Escaping().unescape_bytea(b"a\\\\000\\\\\\\\") == b"a\\x00\\\\"
        assert version() >= 180000 and version_pretty(180001) == "18.1" and version_pretty(90605) == "9.6.5"
        parsed = {o.keyword: o for o in Conninfo.parse(b"host=zoo password=secret port=1")}
        assert (parsed[b"host"].val, parsed[b"port"].val, parsed[b"user"].val) == (b"zoo", b"1", None)
        assert parsed[b"password"].dispchar == b"*" and parsed[b"port"].envvar == b"PGPORT"
        defaults = {o.keyword: o.val for o in Conninfo.get_defaults()}
        assert defaults[b"port"] == b"5432"
        assert psycopg.capabilities.has_pipeline() and psycopg.capabilities.has_cancel_safe(check=True)
        assert not psycopg.capabilities.has_set_trace_flags()
        try:
            psycopg.capabilities.has_set_trace_flags(check=True)
        except psycopg.NotSupportedError:
            pass
        else:
            raise AssertionError
        from psycopg._encodings import conn_encoding, conninfo_encoding, pg2pyenc
        assert conn_encoding(None) == conninfo_encoding("") == "utf-8" == pg2pyenc(b"UTF8")
        assert conninfo_encoding("client_encoding=latin1") == "iso8859-1"
        """,
        dsn,
    )


def test_encrypted_passwords(dsn):
    run(
        """
        import sys
        import psycopg

        with psycopg.connect(sys.argv[1]) as conn:
            for algorithm, starts in ((None, b"SCRAM-SHA-256$4096:"), (b"md5", b"md5"), (b"on", b"md5")):
                made = conn.pgconn.encrypt_password("pässword".encode(), b"howdah_md", algorithm)
                assert made.startswith(starts)
                conn.execute("SET LOCAL client_min_messages = error")
                conn.execute(psycopg.sql.SQL("CREATE ROLE howdah_md LOGIN PASSWORD {}").format(made.decode()))
                stored = conn.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'howdah_md'")
                assert stored.fetchone() == (made.decode(),)  # as it is: the server has not hashed it again
                conn.rollback()
            try:
                conn.pgconn.encrypt_password(b"x", b"y", b"rot13")
            except psycopg.OperationalError as error:
                assert "rot13" in str(error)
            else:
                raise AssertionError
        """,
        dsn,
    )


def test_a_scram_verifier_authenticates():
    """The verifier of RFC 7677's example."""
    printed = run(
        """
        import base64
        from howdah_psycopg import passwords
        import os
        os.urandom = lambda size: base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
        print(passwords.encrypt_password(b"pencil", b"user", b"scram-sha-256").decode())
        """
    )
    import base64
    import hashlib
    import hmac

    salted = hashlib.pbkdf2_hmac("sha256", b"pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    message = (
        b"n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        b"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    )
    signature = base64.b64encode(hmac.digest(server_key, message, "sha256"))
    assert signature == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="  # the example's
    assert printed[0].endswith(":" + base64.b64encode(server_key).decode())


def test_pools(dsn):
    run(
        """
        import sys
        import psycopg, psycopg_pool

        class MyConnection(psycopg.Connection):
            pass

        def configure(conn):
            configured.append(type(conn))

        configured = []
        check = psycopg_pool.ConnectionPool.check_connection
        with psycopg_pool.ConnectionPool(
            sys.argv[1], kwargs={"autocommit": True}, min_size=1, check=check, configure=configure, open=False
        ) as pool:
            assert (pool.min_size, pool.max_size) == (1, 1)
            assert pool._check is check and pool._configure is configure and pool._reset is None
            assert pool._resolve_conninfo() == sys.argv[1] and pool._resolve_kwargs() == {"autocommit": True}
            with pool.connection() as conn:
                assert type(conn) is psycopg.Connection and conn._pool is pool
            assert conn._pool is None
            conn = pool.getconn()
            assert conn._pool is pool
            pool.putconn(conn)
            assert configured == [psycopg.Connection]
            pool.resize(2)
            assert pool.max_size == 2
            assert repr(pool).startswith("<psycopg_pool.ConnectionPool 'pool-")
        with psycopg_pool.ConnectionPool(
            lambda: sys.argv[1], connection_class=MyConnection, max_size=5
        ) as pool:
            assert pool._resolve_conninfo() == sys.argv[1] and pool._resolve_kwargs() == {}
            assert (pool.min_size, pool.max_size) == (4, 5)
            with pool.connection() as conn:
                assert type(conn) is MyConnection
        with psycopg_pool.NullConnectionPool(sys.argv[1], open=True) as pool:
            assert (pool.min_size, pool.max_size) == (0, 0)
            with pool.connection() as conn:
                assert conn._pool is pool and isinstance(pool, psycopg_pool.ConnectionPool)
        for sizes in ({"min_size": 0}, {"min_size": 2, "max_size": 1}, {"min_size": -1}):
            try:
                psycopg_pool.ConnectionPool("", open=False, **sizes)
            except ValueError:
                pass
            else:
                raise AssertionError(sizes)
        """,
        dsn,
    )


def test_async_pools(dsn):
    run(
        """
        import asyncio, sys
        import psycopg, psycopg_pool

        async def conninfo():
            return sys.argv[1]

        async def main():
            check = psycopg_pool.AsyncConnectionPool.check_connection
            async with psycopg_pool.AsyncConnectionPool(
                conninfo, min_size=1, check=check, open=False
            ) as pool:
                assert pool._check is check and pool.max_size == 1
                assert await pool._resolve_conninfo() == sys.argv[1] and await pool._resolve_kwargs() == {}
                async with pool.connection() as conn:
                    assert type(conn) is psycopg.AsyncConnection and conn._pool is pool
                    assert await (await conn.execute("SELECT 1")).fetchone() == (1,)
                await pool.resize(1, 3)
                assert pool.max_size == 3
            async with psycopg_pool.AsyncNullConnectionPool(sys.argv[1], open=False) as pool:
                async with pool.connection() as conn:
                    assert conn._pool is pool

        asyncio.run(main())
        """,
        dsn,
    )


def test_types_and_adapters(dsn):
    run(
        """
        import json, sys
        import psycopg
        from psycopg.adapt import Dumper, Loader
        from psycopg.types import TypeInfo
        from psycopg.types.composite import CompositeInfo, register_composite
        from psycopg.types.enum import EnumInfo, register_enum
        from psycopg.types.json import Json, set_json_dumps, set_json_loads
        from psycopg.types.range import Range

        class Upper(Loader):
            def load(self, data):
                return bytes(data).decode().upper()

        with psycopg.connect(sys.argv[1]) as conn:
            conn.execute("CREATE TYPE howdah_alias AS (a int, b text)")
            info = CompositeInfo.fetch(conn, "howdah_alias")
            register_composite(info, conn)
            (value,) = conn.execute("SELECT (1, 'x')::howdah_alias").fetchone()
            assert value.a == 1 and conn.execute("SELECT %s", [value]).fetchone() == (value,)
            assert conn.execute("SELECT %s::int4range", [Range(1, 5)]).fetchone() == (Range(1, 5),)
            assert TypeInfo.fetch(conn, "text").oid == psycopg.adapters.types["text"].oid == 25
            set_json_loads(lambda data: [json.loads(data)])  # for all connections
            set_json_dumps(lambda obj: json.dumps({"wrapped": obj}))
        psycopg.adapters.register_loader("text", Upper)
        with psycopg.connect(sys.argv[1]) as conn:
            assert conn.execute("SELECT 'x'::text, %s", [Json(1)]).fetchone() == ("X", [{"wrapped": 1}])
            assert psycopg.sql.Literal(Json(2)).as_string() == '\\'{"wrapped": 2}\\'::json'
        """,
        dsn,
    )


def test_values_of_other_plugins_are_those_of_psycopg(dsn):
    """A type that psycopg does not know is text, whatever plugins howdah has."""
    run(
        """
        import sys
        import numpy
        import psycopg

        with psycopg.connect(sys.argv[1]) as conn:
            available = conn.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'").fetchone()
            if available:
                conn.execute("CREATE EXTENSION IF NOT EXISTS vector")
                assert conn.execute("SELECT '[1,2]'::vector").fetchone() == ("[1,2]",)
            conn.rollback()
            try:
                conn.execute("SELECT %s", [numpy.array([1])])
            except psycopg.ProgrammingError:
                pass
            else:
                raise AssertionError("psycopg does not adapt arrays of numpy")
        """,
        dsn,
    )
