"""The attributes of a cursor after each kind of command, compared with psycopg; differences are intended."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

import howdah

psycopg = pytest.importorskip("psycopg")

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

SETUP = """
    create temp table t (a int, b text);
    insert into t values (1, 'a'), (2, 'b'), (3, 'c');
    create procedure pg_temp.p() language sql as '';
    create procedure pg_temp.q(inout x int) language sql as 'select 42'
"""
ERRORS = {
    "syntax": "wat",
    "data": "select 1 / 0",
    "late": "select 1 / (3 - g) from generate_series(1, 5) g",
    "relkind": "refresh materialized view t",
}
#: Executed twice in one transaction, the second fails.
ONCE = {
    "select into": "select a into temp z from t",
    "prepare": "prepare s as select 1",
    "declare": "declare c scroll cursor for select a from t order by a",
}
COPIES = {
    "copy out": "copy t to stdout",
    "copy in": "copy t from stdin",
    "copy query": "copy (select 1) to stdout",
}
SCRIPTS = {
    "selects": "select 1 as a; select 2 as b union all select 3",
    "mixed": "select 1; insert into t values (5, 'x'); show work_mem",
    "dml first": "update t set b = 'q'; select a from t order by a; delete from t",
    "ddl": "create temp table w (a int); drop table w; select 1",
    "savepoints": "savepoint x; select 1; release x",
    "fetch": "declare c scroll cursor for select a from t order by a;"
    "fetch 2 from c; move 1 in c; fetch all in c; close c",
    "failing": "select 1; select 1 / 0",
    "with copy": "select 1; copy t to stdout",
}
WITHOUT_ROWS = {
    "select of none": "select a from t where false",
    "update returning none": "update t set b = 'z' where a > 100 returning *",
}
COMMANDS: dict[str, str] = {
    "select": "select a, b from t order by a",
    "no columns": "select",
    "rows without columns": "select from t",
    "types": "select 1 as x, 'a'::varchar(5) as x, 1.5::numeric(4, 2), '{1}'::numeric(4, 2)[], null",
    "bits": "select b'101'::bit(3)",
    "record": "select row(1, 'a')",
    "void": "select pg_sleep(0)",
    "function": "select generate_series(1, 5)",
    "insert": "insert into t values (10, 'x')",
    "insert returning": "insert into t values (10, 'x'), (11, 'y') returning a",
    "insert none": "insert into t select 1, 'a' where false",
    "update": "update t set b = 'z' where a > 1",
    "update returning": "update t set b = 'z' where a > 1 returning *",
    "delete": "delete from t",
    "delete returning": "delete from t returning a",
    "merge": "merge into t using (values (1)) v (x) on a = x when matched then delete",
    "with dml": "with d as (delete from t returning a) select a from d",
    "show": "show work_mem",
    "show all": "show all",
    "explain": "explain (costs off) select 1",
    "explain analyze": "explain (analyze, timing off, summary off, costs off, buffers off) select 1",
    "values": "values (1, 'a'), (2, 'b')",
    "table": "table t",
    "call": "call pg_temp.p()",
    "call out": "call pg_temp.q(null)",
    "do": "do $$begin end$$",
    "create table": "create temp table if not exists x (a int)",
    "create as": "create temp table if not exists y as select * from t",
    "set": "set local work_mem = '1MB'",
    "lock": "lock table t",
    "truncate": "truncate t",
    "savepoint": "savepoint a",
    "listen": "listen l",
    "notify": "notify l",
    "copy program": "copy (select 1) to program 'cat > /dev/null'",
    "empty": "",
    "semicolon": ";",
    "comment": "-- nothing",
    "trailing semicolon": "select 1;",
    **WITHOUT_ROWS,
    **ONCE,
    **ERRORS,
    **COPIES,
    **SCRIPTS,
}
PARAMETERS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "select %s": ("select a, b from t where a > %s order by a", (1,)),
    "insert %s": ("insert into t values (%s, %s)", (10, "x")),
    "insert returning %s": ("insert into t values (%s, %s) returning a, b", (10, "x")),
    "update none %s": ("update t set b = %s where false", ("x",)),
    "call %s": ("call pg_temp.q(%s)", (1,)),
    "late %s": ("select 1 / (a - %s) from t order by a", (3,)),
}


class Meant(NamedTuple):
    """A difference that is meant to be: in which ways, of which commands, after which steps, in what."""

    ways: str
    commands: object = "*"
    steps: str = "*"
    what: str = "*"


PIPELINES = "pipeline pipeline_synced pipeline_fetching pipeline_many pipeline_many_returning"
MEANT = [
    # howdah knows the type void, and reads bits and the fields of records in binary.
    Meant("*", {"void"}, what="description"),
    Meant("binary_cursor binary", {"bits", "record", "void"}, what="answer"),
    # A COPY through execute is refused, and the connection usable; psycopg's is lost in some of the ways.
    Meant("*", {*COPIES, "with copy"}, "closed.executemany", "answer"),
    Meant(f"again many many_returning many_client {PIPELINES}", {*COPIES, "with copy"}),
    # Scripts in a pipeline are executed.
    Meant(PIPELINES, SCRIPTS),
    # Fetching tells why there is nothing, and not only that.
    Meant(PIPELINES, {*ERRORS, *ONCE, "late %s"}, "fetchone", "answer"),
    # What was returned before an execution failed is not kept.
    Meant("many_returning pipeline_many_returning", ONCE),
    # The columns of a stream are known even if no row comes; an empty query is no internal error.
    Meant("stream stream_left", WITHOUT_ROWS, what="description"),
    Meant("stream stream_left", WITHOUT_ROWS, "results"),
    Meant("stream stream_left", {"empty", "semicolon", "comment"}, "run", "answer"),
    # A named cursor tells the tag of DECLARE or FETCH, and has a description without columns, too. It does
    # not go before its first row, set_result() does not pretend to have moved, a closed one stays closed.
    Meant("named", what="statusmessage"),
    Meant("named", {"no columns", "rows without columns"}, what="description"),
    Meant("named", steps="scroll scroll_back nextset results set_result closed.scroll closed.execute"),
    # With itersize, a command is one, and the server tells the count at the end.
    Meant("itersize", SCRIPTS),
    Meant("itersize", what="rowcount"),
    Meant("itersize", what="statusmessage"),
    Meant("itersize", {"late", "late %s"}),
    # It scrolls within the rows that are here.
    Meant("itersize", steps="scroll scroll_back nextset set_result results"),
    # The tag is told of every COPY; one refused leaves nothing.
    Meant("copy", what="statusmessage"),
    Meant("copy", {"copy in"}),
    Meant("copy", SCRIPTS, "run", "answer"),
]


def is_meant(way: str, command: str, step: str, what: str) -> bool:
    return any(
        (each.ways == "*" or way in each.ways.split())
        and (each.commands == "*" or command in each.commands)
        and (each.steps == "*" or step in each.steps.split())
        and each.what in ("*", what)
        for each in MEANT
    )


class Driver:
    """A driver, blocking or not, with one connection."""

    def __init__(self, module: Any, asynchronous: bool, dsn: str) -> None:
        self.module = module
        self.dsn = dsn
        self.prefix = "Async" if asynchronous else ""
        self.loop = asyncio.new_event_loop() if asynchronous else None
        self.conn: Any = None

    def do(self, value: Any) -> Any:
        """Return what a call returns, awaited."""
        if self.loop is not None and inspect.isawaitable(value):

            async def wait() -> Any:
                return await value

            return self.loop.run_until_complete(wait())
        return value

    def attempt(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Return what a call returns, or the name of the exception."""
        try:
            return self.do(call(*args, **kwargs))
        except Exception as e:
            return type(e).__name__

    def begin(self) -> None:
        """Have a connection on which nothing has happened."""
        if self.conn is None or self.conn.closed or self.attempt(self.conn.rollback) is not None:
            self.close()
            connect = getattr(self.module, f"{self.prefix}Connection").connect
            self.conn = self.do(connect(self.dsn))
            self.do(self.conn.execute(SETUP))
            self.do(self.conn.commit())

    def cursor(self, kind: str = "") -> Any:
        return getattr(self.module, f"{self.prefix}{kind}Cursor")(self.conn)

    def close(self) -> None:
        if self.conn is not None:
            self.attempt(self.conn.close)

    def end(self) -> None:
        self.close()
        if self.loop is not None:
            self.loop.close()


def look(cur: Any) -> dict[str, Any]:
    columns = cur.description
    return {
        "rowcount": cur.rowcount,
        "statusmessage": cur.statusmessage,
        "rownumber": cur.rownumber,
        "format": int(cur.format),
        "closed": cur.closed,
        "description": columns if columns is None else [(*column, column.type_display) for column in columns],
    }


class Trail:
    """What a cursor answers and tells, step by step."""

    def __init__(self, driver: Driver, cur: Any) -> None:
        self.driver = driver
        self.cur = cur
        self.steps: list[tuple[str, Any, dict[str, Any]]] = []

    def step(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        answer = self.driver.attempt(call, *args, **kwargs)
        answer = "cursor" if answer is self.cur else answer
        self.steps.append((name, answer, look(self.cur)))
        return answer

    def note(self, name: str, answer: Any = None) -> None:
        self.steps.append((name, answer, look(self.cur)))

    def count(self) -> list[tuple[int, int | None]]:
        return [(each.rowcount, each.rownumber) for each in self.cur.results()]

    async def count_asynchronously(self) -> list[tuple[int, int | None]]:
        return [(each.rowcount, each.rownumber) async for each in self.cur.results()]

    def follow(self) -> Trail:
        cur, step = self.cur, self.step
        step("fetchone", cur.fetchone)
        step("fetchmany", cur.fetchmany, 2)
        step("fetchall", cur.fetchall)
        step("fetchone", cur.fetchone)
        step("scroll", cur.scroll, 0, "absolute")
        step("scroll_back", cur.scroll, -1)
        while step("nextset", cur.nextset):
            step("fetchall", cur.fetchall)
        for index in (-1, 0, 9):
            step("set_result", cur.set_result, index)
        step("results", self.count_asynchronously if self.driver.loop else self.count)
        step("close", cur.close)
        step("closed.fetchone", cur.fetchone)
        step("closed.execute", cur.execute, "select 1")
        step("closed.nextset", cur.nextset)
        step("closed.scroll", cur.scroll, 0, "absolute")
        step("closed.executemany", cur.executemany, "select 1", [()])
        return self


Way = Callable[[Driver, str, Any], Trail]


def executing(kind: str = "", again: int = 0, options: dict[str, Any] | None = None, **settings: Any) -> Way:
    def way(driver: Driver, query: str, params: Any) -> Trail:
        cur = driver.cursor(kind) if kind else driver.conn.cursor(**settings)
        if kind == "Raw":
            for number in range(1, query.count("%s") + 1):
                query = query.replace("%s", f"${number}", 1)
        for _ in range(again):
            driver.attempt(cur.execute, "savepoint again")
            driver.attempt(cur.execute, query, params)
            driver.attempt(cur.execute, "rollback to again")
        trail = Trail(driver, cur)
        if not again:
            trail.note("new")
        trail.step("run", cur.execute, query, params, **options or {})
        return trail.follow()

    return way


def many(kind: str = "", times: int = 3, **options: Any) -> Way:
    def way(driver: Driver, query: str, params: Any) -> Trail:
        cur = driver.cursor(kind)
        driver.do(cur.execute("select 1 as before; select 2"))
        trail = Trail(driver, cur)
        trail.step("run", cur.executemany, query, [params or ()] * times, **options)
        return trail.follow()

    return way


def itersize(driver: Driver, query: str, params: Any) -> Trail:
    cur = driver.conn.cursor()
    if driver.module is howdah:
        cur.itersize = 2
    trail = Trail(driver, cur)
    trail.step("run", cur.execute, query, params)
    return trail.follow()


def streaming(left: bool) -> Way:
    def way(driver: Driver, query: str, params: Any) -> Trail:
        trail = Trail(driver, driver.conn.cursor())

        def blocking() -> None:
            rows = trail.cur.stream(query, params)
            for row in rows:
                trail.note("row", row)
                if left:
                    break
            rows.close()

        async def awaiting() -> None:
            rows = trail.cur.stream(query, params)
            async for row in rows:
                trail.note("row", row)
                if left:
                    break
            await rows.aclose()

        trail.step("run", awaiting if driver.loop else blocking)
        return trail.follow()

    return way


def pipelined(call: str, end: str = "", **options: Any) -> Way:
    def way(driver: Driver, query: str, params: Any) -> Trail:
        trail = Trail(driver, driver.conn.cursor())
        cur = trail.cur
        args = [params or ()] * 3 if call == "executemany" else params

        def blocking() -> None:
            with driver.conn.pipeline() as pipeline:
                getattr(cur, call)(query, args, **options)
                if end:
                    trail.note("inside", cur.fetchone() if end == "fetch" else pipeline.sync())
                elif options:
                    trail.note("inside", cur.nextset())

        async def awaiting() -> None:
            async with driver.conn.pipeline() as pipeline:
                await getattr(cur, call)(query, args, **options)
                if end:
                    trail.note("inside", await (cur.fetchone() if end == "fetch" else pipeline.sync()))
                elif options:
                    trail.note("inside", cur.nextset())

        trail.step("run", awaiting if driver.loop else blocking)
        return trail.follow()

    return way


def copying(driver: Driver, query: str, params: Any) -> Trail:
    trail = Trail(driver, driver.conn.cursor())

    def blocking() -> None:
        with trail.cur.copy(query, params) as copy:
            trail.note("begun")
            trail.note("read", b"".join([bytes(block) for block in copy]))

    async def awaiting() -> None:
        async with trail.cur.copy(query, params) as copy:
            trail.note("begun")
            trail.note("read", b"".join([bytes(block) async for block in copy]))

    trail.step("run", awaiting if driver.loop else blocking)
    return trail.follow()


WAYS: dict[str, Way] = {
    "execute": executing(),
    "prepared": executing(options={"prepare": True}),
    "binary": executing(options={"binary": True}),
    "binary_cursor": executing(binary=True),
    "again": executing(again=8),
    "client": executing("Client"),
    "raw": executing("Raw"),
    "named": executing(name="n", scrollable=True),
    "itersize": itersize,
    "many": many(),
    "many_none": many(times=0),
    "many_returning": many(returning=True),
    "many_none_returning": many(times=0, returning=True),
    "many_client": many("Client"),
    "stream": streaming(left=False),
    "stream_left": streaming(left=True),
    "pipeline": pipelined("execute"),
    "pipeline_synced": pipelined("execute", end="sync"),
    "pipeline_fetching": pipelined("execute", end="fetch"),
    "pipeline_many": pipelined("executemany"),
    "pipeline_many_returning": pipelined("executemany", returning=True),
    "copy": copying,
}


@pytest.fixture(params=["sync", "async"])
def drivers(request: pytest.FixtureRequest, dsn: str) -> Iterator[tuple[Driver, Driver]]:
    both = Driver(psycopg, request.param == "async", dsn), Driver(howdah, request.param == "async", dsn)
    yield both
    for driver in both:
        driver.end()


@pytest.mark.parametrize("way", WAYS)
def test_as_psycopg(drivers: tuple[Driver, Driver], way: str) -> None:
    different = []
    for command, (query, params) in {**{k: (q, None) for k, q in COMMANDS.items()}, **PARAMETERS}.items():
        trails = []
        for driver in drivers:
            driver.begin()
            trails.append(WAYS[way](driver, query, params).steps)
        different += [each for each in compare(*trails) if not is_meant(way, command, each[0], each[1])]
        assert drivers[1].conn.closed is False
        assert not different, (command, different[:3])


def compare(theirs: list[Any], ours: list[Any]) -> Iterator[tuple[str, str, Any, Any]]:
    """Yield what differs: after which step, what, and what it is in each."""
    if [step[0] for step in theirs] != [step[0] for step in ours]:
        yield "", "steps", [step[0] for step in theirs], [step[0] for step in ours]
        return
    for (name, answer, told), (_, our_answer, we_tell) in zip(theirs, ours, strict=True):
        if answer != our_answer:
            yield name, "answer", answer, our_answer
        for key, value in told.items():
            if value != we_tell[key]:
                yield name, key, value, we_tell[key]
