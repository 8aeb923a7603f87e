"""The protocol's enumerations, with libpq's names and values.

Source: PostgreSQL documentation, "libpq - C Library" and "Frontend/Backend
Protocol".
"""

from enum import IntEnum

__all__ = [
    "ConnStatus",
    "DiagnosticField",
    "ExecStatus",
    "Format",
    "PipelineStatus",
    "TransactionStatus",
]


class Format(IntEnum):
    """The format of a value: the format codes of Bind and RowDescription."""

    TEXT = 0
    BINARY = 1


class ConnStatus(IntEnum):
    """Whether a connection can be used."""

    OK = 0
    BAD = 1


class TransactionStatus(IntEnum):
    """The transaction status of a session, from ReadyForQuery."""

    IDLE = 0
    ACTIVE = 1
    INTRANS = 2
    INERROR = 3
    UNKNOWN = 4


class PipelineStatus(IntEnum):
    """Whether a connection is in pipeline mode."""

    OFF = 0
    ON = 1
    ABORTED = 2


class ExecStatus(IntEnum):
    """The kind of a query's result."""

    EMPTY_QUERY = 0
    COMMAND_OK = 1
    TUPLES_OK = 2
    COPY_OUT = 3
    COPY_IN = 4
    BAD_RESPONSE = 5
    NONFATAL_ERROR = 6
    FATAL_ERROR = 7
    COPY_BOTH = 8
    SINGLE_TUPLE = 9
    PIPELINE_SYNC = 10
    PIPELINE_ABORTED = 11
    TUPLES_CHUNK = 12


class DiagnosticField(IntEnum):
    """The fields of ErrorResponse and NoticeResponse: their letters on the wire.

    Source: PostgreSQL documentation, "Error and Notice Message Fields".
    """

    SEVERITY = ord("S")
    SEVERITY_NONLOCALIZED = ord("V")
    SQLSTATE = ord("C")
    MESSAGE_PRIMARY = ord("M")
    MESSAGE_DETAIL = ord("D")
    MESSAGE_HINT = ord("H")
    STATEMENT_POSITION = ord("P")
    INTERNAL_POSITION = ord("p")
    INTERNAL_QUERY = ord("q")
    CONTEXT = ord("W")
    SCHEMA_NAME = ord("s")
    TABLE_NAME = ord("t")
    COLUMN_NAME = ord("c")
    DATATYPE_NAME = ord("d")
    CONSTRAINT_NAME = ord("n")
    SOURCE_FILE = ord("F")
    SOURCE_LINE = ord("L")
    SOURCE_FUNCTION = ord("R")
