"""Dask: workers in processes of their own read the tasks of a scan, and write the partitions of a load."""

from __future__ import annotations

import os
import signal

import pytest

dask = pytest.importorskip("dask")
pytest.importorskip("distributed")

import pandas as pd  # noqa: E402
import pyarrow as pa  # noqa: E402

import howdah  # noqa: E402
from howdah import errors  # noqa: E402
from howdah_load import LoadError  # noqa: E402
from tests.engines.zoo import COLUMNS, busy, rows_at, stored  # noqa: E402

pytestmark = [pytest.mark.usefixtures("tables"), pytest.mark.filterwarnings("ignore")]


def rows_of(frame, columns=COLUMNS):
    table = pa.Table.from_pandas(frame.sort_values("id"), preserve_index=False)
    return [tuple(row[name] for name in columns) for row in table.to_pylist()]


def pids_of(frame):
    """The processes that a frame is computed in."""
    return set(frame.map_partitions(lambda part: pd.Series([os.getpid()]), meta=pd.Series([0])).compute())


def test_every_row(client, dsn):
    from howdah_scan.dask import data_frame

    with busy(dsn), howdah.scan(dsn, "zoo", partitions=7) as scan:
        frame = data_frame(scan)
        assert frame.npartitions == len(scan.tasks) == 7
        assert rows_of(frame.compute()) == rows_at(dsn, scan)
        assert len(pids_of(frame)) > 1 and os.getpid() not in pids_of(frame)
        assert frame["n"].sum().compute() == sum(row[0] or 0 for row in rows_at(dsn, scan, ["n"]))


def test_types(dsn):
    from howdah_scan.dask import data_frame

    with howdah.scan(dsn, "zoo", where="id < 0") as scan:
        frame = data_frame(scan)
        computed = frame.compute(scheduler="synchronous")
        assert list(frame.dtypes) == list(computed.dtypes)
        assert str(frame.dtypes["n"]) == "int32[pyarrow]"


def test_only_the_columns_that_are_used_are_read(dsn, monkeypatch):
    from howdah_scan.dask import data_frame
    from howdah_scan.task import Task

    read = []
    real = Task.read
    monkeypatch.setattr(Task, "read", lambda task: read.append(task.columns) or real(task))
    with howdah.scan(dsn, "zoo", partitions=2) as scan:
        frame = data_frame(scan)
        frame[frame["small"] > 5]["n"].max().compute(scheduler="synchronous")
    assert [sorted(columns) for columns in read] == [["n", "small"]] * 2


def test_tokens(dsn):
    from dask.tokenize import tokenize

    from howdah_scan.dask import data_frame

    with dask.config.set({"tokenize.ensure-deterministic": True}):
        with howdah.scan(dsn, "zoo", partitions=3) as scan:
            first, second = data_frame(scan), data_frame(scan)
            assert first._name == second._name
            assert tokenize(first) == tokenize(second)
        with howdah.scan(dsn, "zoo", partitions=3) as other:
            assert data_frame(other)._name != first._name
        with howdah.scan(dsn, "zoo", partitions=3, where="id > 5") as filtered:
            assert data_frame(filtered)._name != data_frame(filtered)["n"]._name
            assert data_frame(filtered)._name != first._name


@pytest.mark.parametrize("mode", ["independent", "staged", "two_phase"])
def test_load(client, dsn, mode):
    from howdah_scan.dask import data_frame

    seen = []
    with howdah.scan(dsn, "zoo", columns=["id", "n", "name"], partitions=6) as scan:
        frame = data_frame(scan)
        loaded = howdah.load(dsn, "written", frame, mode=mode, progress=seen.append)
        assert stored(dsn) == rows_at(dsn, scan, ["id", "n", "name"])
    assert loaded.rows == len(stored(dsn)) and loaded.parts == 6
    assert seen[-1].rows == loaded.rows


@pytest.mark.parametrize("mode", ["independent", "staged", "two_phase"])
def test_a_partition_that_is_refused(client, dsn, mode):
    import dask.dataframe as dd

    frame = pd.DataFrame({"id": [*range(100), 55], "n": [0] * 101})
    source = dd.from_pandas(frame, npartitions=4)
    address = f"{dsn} options='-c lock_timeout=500ms'"
    with pytest.raises(LoadError) as caught:
        howdah.load(address, "written", source, mode=mode)
    assert isinstance(caught.value.__cause__, (errors.UniqueViolation, errors.LockNotAvailable))
    written = [i for part in caught.value.written for i in source.get_partition(part.number).compute()["id"]]
    assert [row[0] for row in stored(dsn)] == sorted(written)
    assert (len(written) > 0) == (mode == "independent")


@pytest.mark.parametrize("mode", ["independent", "staged", "two_phase"])
def test_a_worker_is_killed(client, dsn, tmp_path, mode):
    """Dask runs its tasks again on other workers; each part is written once."""
    import dask.dataframe as dd

    killed = str(tmp_path / "killed")
    frame = dd.from_map(_part_or_death, range(6), killed=killed, meta=_part_or_death(0, None))
    loaded = howdah.load(dsn, "written", frame, mode=mode)
    assert os.path.exists(killed)
    assert stored(dsn) == [(i, 1, None) for i in range(600)] and loaded.parts == 6


def test_a_partition_that_cannot_be_computed(client, dsn):
    """Dask fails as a whole; the record of the load says what its workers have written."""
    import dask.dataframe as dd

    source = dd.from_map(_part_or_error, range(6), meta=_part_or_error(0))
    with pytest.raises(LoadError, match="RuntimeError: no such file") as caught:
        howdah.load(dsn, "written", source)
    assert [part.number for part in caught.value.parts] == [*range(6)]
    assert 3 in [part.number for part in caught.value.not_written] and not caught.value.unknown
    written = [part.number for part in caught.value.written]
    assert stored(dsn) == [(number, 1, None) for number in written]


def _part_or_error(number):
    if number == 3:
        raise RuntimeError("no such file")
    return pd.DataFrame({"id": [number], "n": 1})


def _part_or_death(number, killed):
    if killed is not None and number == 3 and not os.path.exists(killed):
        with open(killed, "w"):
            os.kill(os.getpid(), signal.SIGKILL)
    return pd.DataFrame({"id": range(number * 100, number * 100 + 100), "n": 1})


def test_no_password_travels(dsn):
    import dask.dataframe as dd

    source = dd.from_pandas(pd.DataFrame({"id": [1]}), npartitions=1)
    for options in ({"conninfo": f"{dsn} password=hidden"}, {"conninfo": dsn, "password": "hidden"}):
        with pytest.raises(howdah.ProgrammingError, match="would travel"):
            howdah.load(table="written", source=source, **options)


def test_page(client, run_page):
    assert run_page("dask") == 100
