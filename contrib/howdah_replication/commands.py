"""Composing the commands of the replication protocol, and their answers.

Source: PostgreSQL documentation, "Streaming Replication Protocol".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from howdah.client.flags import checked_flag
from howdah.errors import NotSupportedError, ProgrammingError
from howdah_replication.lsn import LSN

__all__ = [
    "Slot",
    "SlotState",
    "Snapshot",
    "Streaming",
    "SystemInfo",
    "TimelineHistory",
    "alter_slot",
    "base_backup",
    "create_logical_slot",
    "create_physical_slot",
    "drop_slot",
    "identifier",
    "literal",
    "pgoutput_options",
    "start_logical",
    "start_physical",
]

Snapshot: TypeAlias = Literal["export", "use", "nothing"]
Streaming: TypeAlias = Literal["off", "on", "parallel"]
OptionValue: TypeAlias = str | int | bool | None


@dataclass(frozen=True, slots=True)
class SystemInfo:
    """The result of IDENTIFY_SYSTEM.

    Attributes:
        system_id: identifies the cluster, and its standbys.
        timeline: the current timeline.
        lsn: the end of the log.
        dbname: the database; None for a connection for physical replication.
    """

    system_id: str
    timeline: int
    lsn: LSN
    dbname: str | None


@dataclass(frozen=True, slots=True)
class TimelineHistory:
    """The history of a timeline.

    Attributes:
        filename: the name of its file.
        content: the content of the file.
    """

    filename: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Slot:
    """A replication slot that has just been created.

    Attributes:
        name: its name.
        lsn: the position from which it has everything; the server does not report it for physical slots.
        snapshot: the name of the exported snapshot; it exists until the next command on the connection.
        plugin: the output plugin; None for a physical slot.
    """

    name: str
    lsn: LSN
    snapshot: str | None
    plugin: str | None


@dataclass(frozen=True, slots=True)
class SlotState:
    """The state of a physical slot, as READ_REPLICATION_SLOT reports it.

    Attributes:
        lsn: the position from which the server keeps the log; None if it keeps nothing for the slot.
        timeline: the timeline of `lsn`.
    """

    lsn: LSN | None
    timeline: int | None


def identifier(name: str) -> str:
    """Return a name as a quoted identifier.

    Raises:
        howdah.ProgrammingError: it is empty, or contains a zero byte.
    """
    return '"' + _checked(name, "a name").replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return text as a literal; the grammar of replication commands knows no backslashes.

    Raises:
        howdah.ProgrammingError: it contains a zero byte.
    """
    if "\0" in text:
        raise ProgrammingError("a value in a replication command cannot contain a zero byte")
    return "'" + text.replace("'", "''") + "'"


def _checked(text: str, what: str) -> str:
    if not text or "\0" in text:
        raise ProgrammingError(f"{what} in a replication command cannot be empty or contain a zero byte")
    return text


def _check_flags(**flags: bool | None) -> None:
    """Refuse flags that are text."""
    for name, value in flags.items():
        checked_flag(name, value)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _creation(name: str, temporary: bool) -> str:
    return f"CREATE_REPLICATION_SLOT {identifier(name)}{' TEMPORARY' * temporary}"


def create_logical_slot(
    version: int,
    name: str,
    plugin: str,
    *,
    temporary: bool,
    snapshot: Snapshot,
    two_phase: bool,
    failover: bool,
) -> str:
    """Return CREATE_REPLICATION_SLOT for a logical slot, as a server of a version has it."""
    _check_flags(temporary=temporary, two_phase=two_phase, failover=failover)
    if snapshot not in _OLD_SNAPSHOTS:
        raise ProgrammingError(f"snapshot is 'export', 'use' or 'nothing', not {snapshot!r}")
    if failover and version < 170000:
        raise NotSupportedError("failover slots need PostgreSQL 17")
    if two_phase and version < 150000:
        raise NotSupportedError("to create a slot with two_phase needs PostgreSQL 15")
    begin = f"{_creation(name, temporary)} LOGICAL {identifier(plugin)}"
    if version < 150000:
        return f"{begin} {_OLD_SNAPSHOTS[snapshot]}"
    options = [f"SNAPSHOT {literal(snapshot)}"]
    if two_phase:
        options.append("TWO_PHASE true")
    if failover:
        options.append("FAILOVER true")
    return f"{begin} ({', '.join(options)})"


#: Options of servers before version 15.
_OLD_SNAPSHOTS = {"export": "EXPORT_SNAPSHOT", "use": "USE_SNAPSHOT", "nothing": "NOEXPORT_SNAPSHOT"}


def create_physical_slot(version: int, name: str, *, temporary: bool, reserve_wal: bool) -> str:
    """Return CREATE_REPLICATION_SLOT for a physical slot, as a server of a version has it."""
    _check_flags(temporary=temporary, reserve_wal=reserve_wal)
    begin = f"{_creation(name, temporary)} PHYSICAL"
    if not reserve_wal:
        return begin
    return f"{begin} (RESERVE_WAL true)" if version >= 150000 else f"{begin} RESERVE_WAL"


def alter_slot(version: int, name: str, *, failover: bool | None, two_phase: bool | None) -> str:
    """Return ALTER_REPLICATION_SLOT."""
    _check_flags(failover=failover, two_phase=two_phase)
    needed = 180000 if two_phase is not None else 170000
    if version < needed:
        raise NotSupportedError(f"to change this of a slot needs PostgreSQL {needed // 10000}")
    given = {"FAILOVER": failover, "TWO_PHASE": two_phase}
    options = [f"{option} {_flag(value)}" for option, value in given.items() if value is not None]
    if not options:
        raise ProgrammingError("give what to change of the slot: failover or two_phase")
    return f"ALTER_REPLICATION_SLOT {identifier(name)} ({', '.join(options)})"


def drop_slot(name: str, *, wait: bool) -> str:
    """Return DROP_REPLICATION_SLOT."""
    _check_flags(wait=wait)
    return f"DROP_REPLICATION_SLOT {identifier(name)}{' WAIT' * wait}"


def start_logical(slot: str, start: LSN, options: Mapping[str, OptionValue]) -> str:
    """Return START_REPLICATION for a logical slot."""
    command = f"START_REPLICATION SLOT {identifier(slot)} LOGICAL {start}"
    if not options:
        return command
    return f"{command} ({', '.join(_option(name, value) for name, value in options.items())})"


def _option(name: str, value: OptionValue) -> str:
    if value is None:
        return identifier(name)
    text = _flag(value) if isinstance(value, bool) else str(value)
    return f"{identifier(name)} {literal(text)}"


def start_physical(slot: str | None, start: LSN, timeline: int | None) -> str:
    """Return START_REPLICATION for the log itself."""
    command = "START_REPLICATION"
    if slot is not None:
        command += f" SLOT {identifier(slot)}"
    command += f" PHYSICAL {start}"
    return command if timeline is None else f"{command} TIMELINE {int(timeline)}"


def pgoutput_options(
    version: int,
    publications: Sequence[str],
    *,
    protocol: int | None,
    binary: bool,
    streaming: Streaming,
    two_phase: bool,
    messages: bool,
    origin: str | None,
) -> dict[str, OptionValue]:
    """Return the options of pgoutput.

    Args:
        version: the server's.
        publications: the names of the publications.
        protocol: the version of the protocol; None for the lowest one that has the requested features.
        binary: whether values are sent in binary format.
        streaming: whether large transactions are sent in parts before their end.
        two_phase: whether transactions are sent when they are prepared.
        messages: whether messages of `pg_logical_emit_message` are sent.
        origin: `none` to get only transactions without an origin; None for the server's default.

    Raises:
        howdah.NotSupportedError: the server is too old for them.
        howdah.ProgrammingError: they do not go together, or a flag is text.
    """
    _check_flags(binary=binary, two_phase=two_phase, messages=messages)
    if isinstance(publications, str) or not publications:
        raise ProgrammingError("publications is a sequence of at least one name")
    if streaming not in _STREAMING:
        raise ProgrammingError(f"streaming is 'off', 'on' or 'parallel', not {streaming!r}")
    needed = max(_STREAMING[streaming], 3 if two_phase else 1)
    if protocol is None:
        protocol = needed
    if not needed <= protocol <= 4:
        raise ProgrammingError(f"these options need a version of the protocol from {needed} to 4")
    if version < _SERVERS[protocol]:
        raise NotSupportedError(
            f"version {protocol} of the protocol needs PostgreSQL {_SERVERS[protocol] // 10000}"
        )
    options: dict[str, OptionValue] = {
        "proto_version": protocol,
        "publication_names": ",".join(identifier(name) for name in publications),
    }
    if binary:
        options["binary"] = True
    if streaming != "off":
        options["streaming"] = streaming
    if two_phase:
        options["two_phase"] = True
    if messages:
        options["messages"] = True
    if origin is not None:
        options["origin"] = origin
    return options


#: The version of the protocol that each kind of streaming needs.
_STREAMING = {"off": 1, "on": 2, "parallel": 4}
#: The server that each version of the protocol needs.
_SERVERS = {1: 100000, 2: 140000, 3: 150000, 4: 160000}


def base_backup(
    version: int,
    *,
    label: str,
    checkpoint: str,
    wal: bool,
    progress: bool,
    manifest: bool,
    max_rate: int | None,
    tablespace_map: bool,
    verify_checksums: bool,
    options: Mapping[str, OptionValue],
) -> str:
    """Return BASE_BACKUP."""
    _check_flags(
        wal=wal,
        progress=progress,
        manifest=manifest,
        tablespace_map=tablespace_map,
        verify_checksums=verify_checksums,
    )
    if version < 150000:
        raise NotSupportedError("base_backup() needs PostgreSQL 15")
    given: list[tuple[str, str]] = [
        ("LABEL", literal(label)),
        ("CHECKPOINT", literal(checkpoint)),
        ("WAL", _flag(wal)),
        ("PROGRESS", _flag(progress)),
        ("MANIFEST", literal("yes" if manifest else "no")),
        ("TABLESPACE_MAP", _flag(tablespace_map)),
        ("VERIFY_CHECKSUMS", _flag(verify_checksums)),
    ]
    if max_rate is not None:
        given.append(("MAX_RATE", str(int(max_rate))))
    written = [f"{name} {value}" for name, value in given]
    written += [_option(name.lower(), value) for name, value in options.items()]
    return f"BASE_BACKUP ({', '.join(written)})"
