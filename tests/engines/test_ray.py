"""Ray: its workers read the tasks of a scan, and write the blocks of a dataset."""

from __future__ import annotations

import os
import signal

import pytest

pytest.importorskip("ray")

import pyarrow as pa

import howdah
from howdah import errors
from howdah_load import LoadError
from tests.engines.zoo import COLUMNS, ROWS, busy, rows_at, stored

pytestmark = [pytest.mark.usefixtures("tables", "ray"), pytest.mark.filterwarnings("ignore")]


def rows_of(dataset, columns=COLUMNS):
    table = pa.concat_tables(ray_table for ray_table in dataset.iter_batches(batch_format="pyarrow"))
    texts = {"u": lambda value: None if value is None else str(value)}
    rows = table.sort_by("id").to_pylist()
    return [tuple(texts.get(name, lambda value: value)(row[name]) for name in columns) for row in rows]


def test_every_row(dsn):
    from howdah_scan.ray import dataset

    with busy(dsn), howdah.scan(dsn, "zoo", partitions=5) as scan:
        assert rows_of(dataset(scan)) == rows_at(dsn, scan)


def test_a_computation(dsn):
    from howdah_scan.ray import dataset

    with howdah.scan(dsn, "zoo", partitions=4) as scan:
        pids = dataset(scan).map_batches(lambda batch: {"pid": [os.getpid()]}).unique("pid")
        assert os.getpid() not in pids
        assert dataset(scan).count() == ROWS
        assert dataset(scan).sum("id") == ROWS * (ROWS + 1) // 2


def test_only_the_columns_that_are_used_are_read(dsn):
    from howdah_scan.ray import ScanDatasource, dataset

    with howdah.scan(dsn, "zoo", partitions=2) as scan:
        source = ScanDatasource(scan).apply_projection({"n": "n", "id": "id"})
        (block, *_) = source.get_read_tasks(2)[0]()
        assert block.column_names == ["n", "id"]
        chosen = dataset(scan).select_columns(["id", "small"])
        assert rows_of(chosen, ["id", "small"]) == rows_at(dsn, scan, ["id", "small"])
        # Ray itself pushes it down: there is nothing but the read in its plan.
        assert "Project" not in str(chosen.materialize().stats())


def test_limit(dsn):
    from howdah_scan.ray import ScanDatasource, dataset

    with howdah.scan(dsn, "zoo", partitions=2) as scan:
        assert len(dataset(scan).limit(7).take_all()) == 7
        tasks = ScanDatasource(scan).get_read_tasks(2, per_task_row_limit=3)
        assert [sum(block.num_rows for block in task()) for task in tasks] == [3, 3]


def test_no_rows(dsn):
    from howdah_scan.ray import dataset

    with howdah.scan(dsn, "zoo", where="id < 0") as scan:
        assert dataset(scan).schema().names == list(COLUMNS)
        assert dataset(scan).count() == 0


@pytest.mark.parametrize("mode", ["independent", "staged", "two_phase"])
def test_load(dsn, mode):
    from howdah_scan.ray import dataset

    with howdah.scan(dsn, "zoo", columns=["id", "n", "name"], partitions=4) as scan:
        loaded = howdah.load(dsn, "written", dataset(scan), mode=mode)
        assert stored(dsn) == rows_at(dsn, scan, ["id", "n", "name"])
    assert loaded.rows == ROWS and loaded.parts >= 1


@pytest.mark.parametrize("mode", ["independent", "staged", "two_phase"])
def test_a_block_that_is_refused(dsn, ray, mode):
    blocks = [pa.table({"id": range(i * 10, i * 10 + 10), "n": [0] * 10}) for i in (0, 1, 2, 1)]
    source = ray.data.from_arrow(blocks)
    address = f"{dsn} options='-c lock_timeout=500ms'"
    with pytest.raises(LoadError) as caught:
        howdah.load(address, "written", source, mode=mode)
    assert isinstance(caught.value.__cause__, (errors.UniqueViolation, errors.LockNotAvailable))
    written = sum(part.rows for part in caught.value.written)
    assert len(stored(dsn)) == written and (mode == "independent" or written == 0)


@pytest.mark.parametrize("mode", ["independent", "staged", "two_phase"])
def test_a_worker_is_killed(dsn, ray, tmp_path, mode):
    """Ray runs its tasks again; each part is written once."""
    killed = str(tmp_path / "killed")

    def part_or_death(batch):
        if not os.path.exists(killed):
            with open(killed, "w"):
                os.kill(os.getpid(), signal.SIGKILL)
        return batch

    blocks = [pa.table({"id": range(i * 10, i * 10 + 10), "n": [0] * 10}) for i in range(4)]
    source = ray.data.from_arrow(blocks).map_batches(part_or_death, batch_format="pyarrow")
    assert howdah.load(dsn, "written", source, mode=mode, columns=["id", "n"]).rows == 40
    assert os.path.exists(killed)
    assert stored(dsn) == [(i, 0, None) for i in range(40)]


def test_page(run_page):
    assert run_page("ray") == 1000
