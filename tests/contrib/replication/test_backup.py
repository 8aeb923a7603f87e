# Generated from tests/contrib/replication/test_backup_async.py by .ci/async_to_sync.py; do not edit.
"""Base backups."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

import howdah
from howdah_replication import (
    BackupArchive,
    BackupManifest,
    BackupProgress,
    ReplicationConnection,
    Tablespace,
)

if TYPE_CHECKING:
    from tests.contrib.replication.conftest import Site

pytestmark = pytest.mark.anyio


def test_a_backup(any_site: Site) -> None:
    files: list[bytearray] = []
    parts = []
    progress = []
    with ReplicationConnection.connect(any_site.dsn, physical=True) as repl:
        with repl.base_backup(
            "it's a label", fast=True, wal=True, progress=True, manifest=True, max_rate=1_000_000
        ) as backup:
            assert [space.path for space in backup.tablespaces] == [None]
            assert (backup.tablespaces[0].size or 0) > 1000
            with pytest.raises(howdah.ProgrammingError, match="has not ended"):
                backup.end  # noqa: B018
            with pytest.raises(howdah.ProgrammingError, match="a base backup is being received"):
                repl.identify_system()
            for part in backup:
                if isinstance(part, bytes):
                    files[-1] += part
                elif isinstance(part, BackupProgress):
                    progress.append(part.done)
                else:
                    parts.append(part)
                    files.append(bytearray())
            start, end = backup.start, backup.end
        assert start[1] == end[1] == 1 and start[0] < end[0]
        assert repl.identify_system().lsn >= end[0]
    assert parts == [BackupArchive("base.tar", ""), BackupManifest()]
    assert progress == sorted(progress) and progress
    with tarfile.open(fileobj=io.BytesIO(files[0])) as archive:
        names = archive.getnames()
        label = archive.extractfile("backup_label")
        assert label is not None and b"it's a label" in label.read()
    assert "PG_VERSION" in names and any(name.startswith("pg_wal/0") for name in names)
    assert json.loads(files[1])["PostgreSQL-Backup-Manifest-Version"]


def test_a_backup_that_is_left_early(site: Site) -> None:
    with ReplicationConnection.connect(site.dsn) as repl:
        backup = repl.base_backup(fast=True, options={"compression": "gzip"})
        with pytest.raises(howdah.ProgrammingError, match="not open"):
            backup.read()
        with backup:
            assert backup.read() == BackupArchive("base.tar.gz", "")
            assert backup.tablespaces == (Tablespace(None, None, None),)
            data = backup.read()
            assert isinstance(data, bytes) and data[:2] == b"\x1f\x8b"
        assert repl.identify_system().dbname == "postgres"
        with pytest.raises(howdah.ProgrammingError, match="not open"):
            backup.read()
        with pytest.raises(howdah.ProgrammingError, match="once"):
            backup.__enter__()


def test_a_backup_that_does_not_begin(site: Site) -> None:
    with ReplicationConnection.connect(site.dsn) as repl:
        with pytest.raises(howdah.Error):
            with repl.base_backup(options={"no such": "option"}):
                pass
        assert repl.identify_system().dbname == "postgres"
