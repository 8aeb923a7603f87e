"""One exception class for every SQLSTATE of PostgreSQL.

Written by .ci/generate_sqlstates.py from PostgreSQL's errcodes.txt: do not edit.

Source: PostgreSQL documentation, "PostgreSQL Error Codes".
"""

# ruff: noqa: N801 - the names are PostgreSQL's

from __future__ import annotations

from howdah.errors.base import (
    DatabaseError,
    DataError,
    IntegrityError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)

__all__ = [
    "ActiveSqlTransaction",
    "AdminShutdown",
    "AmbiguousAlias",
    "AmbiguousColumn",
    "AmbiguousFunction",
    "AmbiguousParameter",
    "ArraySubscriptError",
    "AssertFailure",
    "BadCopyFileFormat",
    "BranchTransactionAlreadyActive",
    "CannotCoerce",
    "CannotConnectNow",
    "CantChangeRuntimeParam",
    "CardinalityViolation",
    "CaseNotFound",
    "CharacterNotInRepertoire",
    "CheckViolation",
    "CollationMismatch",
    "ConfigFileError",
    "ConfigurationLimitExceeded",
    "ConnectionDoesNotExist",
    "ConnectionException",
    "ConnectionFailure",
    "ContainingSqlNotPermitted",
    "CrashShutdown",
    "DataCorrupted",
    "DataException",
    "DatabaseDropped",
    "DatatypeMismatch",
    "DatetimeFieldOverflow",
    "DeadlockDetected",
    "DependentObjectsStillExist",
    "DependentPrivilegeDescriptorsStillExist",
    "DeprecatedFeature",
    "DiagnosticsException",
    "DiskFull",
    "DivisionByZero",
    "DuplicateAlias",
    "DuplicateColumn",
    "DuplicateCursor",
    "DuplicateDatabase",
    "DuplicateFile",
    "DuplicateFunction",
    "DuplicateJsonObjectKeyValue",
    "DuplicateObject",
    "DuplicatePreparedStatement",
    "DuplicateSchema",
    "DuplicateTable",
    "DynamicResultSetsReturned",
    "ErrorInAssignment",
    "EscapeCharacterConflict",
    "EventTriggerProtocolViolated",
    "ExclusionViolation",
    "ExternalRoutineException",
    "ExternalRoutineInvocationException",
    "FdwColumnNameNotFound",
    "FdwDynamicParameterValueNeeded",
    "FdwError",
    "FdwFunctionSequenceError",
    "FdwInconsistentDescriptorInformation",
    "FdwInvalidAttributeValue",
    "FdwInvalidColumnName",
    "FdwInvalidColumnNumber",
    "FdwInvalidDataType",
    "FdwInvalidDataTypeDescriptors",
    "FdwInvalidDescriptorFieldIdentifier",
    "FdwInvalidHandle",
    "FdwInvalidOptionIndex",
    "FdwInvalidOptionName",
    "FdwInvalidStringFormat",
    "FdwInvalidStringLengthOrBufferLength",
    "FdwInvalidUseOfNullPointer",
    "FdwNoSchemas",
    "FdwOptionNameNotFound",
    "FdwOutOfMemory",
    "FdwReplyHandle",
    "FdwSchemaNotFound",
    "FdwTableNotFound",
    "FdwTooManyHandles",
    "FdwUnableToCreateExecution",
    "FdwUnableToCreateReply",
    "FdwUnableToEstablishConnection",
    "FeatureNotSupported",
    "FileNameTooLong",
    "FloatingPointException",
    "ForeignKeyViolation",
    "FunctionExecutedNoReturnStatement",
    "GeneratedAlways",
    "GroupingError",
    "HeldCursorRequiresSameIsolationLevel",
    "IdleInTransactionSessionTimeout",
    "IdleSessionTimeout",
    "ImplicitZeroBitPadding",
    "InFailedSqlTransaction",
    "InappropriateAccessModeForBranchTransaction",
    "InappropriateIsolationLevelForBranchTransaction",
    "IndeterminateCollation",
    "IndeterminateDatatype",
    "IndexCorrupted",
    "IndicatorOverflow",
    "InsufficientPrivilege",
    "InsufficientResources",
    "IntegrityConstraintViolation",
    "InternalError_",
    "IntervalFieldOverflow",
    "InvalidArgumentForLogarithm",
    "InvalidArgumentForNthValueFunction",
    "InvalidArgumentForNtileFunction",
    "InvalidArgumentForPowerFunction",
    "InvalidArgumentForSqlJsonDatetimeFunction",
    "InvalidArgumentForWidthBucketFunction",
    "InvalidArgumentForXquery",
    "InvalidAuthorizationSpecification",
    "InvalidBinaryRepresentation",
    "InvalidCatalogName",
    "InvalidCharacterValueForCast",
    "InvalidColumnDefinition",
    "InvalidColumnReference",
    "InvalidCursorDefinition",
    "InvalidCursorName",
    "InvalidCursorState",
    "InvalidDatabaseDefinition",
    "InvalidDatetimeFormat",
    "InvalidEscapeCharacter",
    "InvalidEscapeOctet",
    "InvalidEscapeSequence",
    "InvalidForeignKey",
    "InvalidFunctionDefinition",
    "InvalidGrantOperation",
    "InvalidGrantor",
    "InvalidIndicatorParameterValue",
    "InvalidJsonText",
    "InvalidLocatorSpecification",
    "InvalidName",
    "InvalidObjectDefinition",
    "InvalidParameterValue",
    "InvalidPassword",
    "InvalidPrecedingOrFollowingSize",
    "InvalidPreparedStatementDefinition",
    "InvalidRecursion",
    "InvalidRegularExpression",
    "InvalidRoleSpecification",
    "InvalidRowCountInLimitClause",
    "InvalidRowCountInResultOffsetClause",
    "InvalidSavepointSpecification",
    "InvalidSchemaDefinition",
    "InvalidSchemaName",
    "InvalidSqlJsonSubscript",
    "InvalidSqlStatementName",
    "InvalidSqlstateReturned",
    "InvalidTableDefinition",
    "InvalidTablesampleArgument",
    "InvalidTablesampleRepeat",
    "InvalidTextRepresentation",
    "InvalidTimeZoneDisplacementValue",
    "InvalidTransactionInitiation",
    "InvalidTransactionState",
    "InvalidTransactionTermination",
    "InvalidUseOfEscapeCharacter",
    "InvalidXmlComment",
    "InvalidXmlContent",
    "InvalidXmlDocument",
    "InvalidXmlProcessingInstruction",
    "IoError",
    "LocatorException",
    "LockFileExists",
    "LockNotAvailable",
    "ModifyingSqlDataNotPermitted",
    "ModifyingSqlDataNotPermittedExt",
    "MoreThanOneSqlJsonItem",
    "MostSpecificTypeMismatch",
    "NameTooLong",
    "NoActiveSqlTransaction",
    "NoActiveSqlTransactionForBranchTransaction",
    "NoAdditionalDynamicResultSetsReturned",
    "NoData",
    "NoDataFound",
    "NoSqlJsonItem",
    "NonNumericSqlJsonItem",
    "NonUniqueKeysInAJsonObject",
    "NonstandardUseOfEscapeCharacter",
    "NotAnXmlDocument",
    "NotNullViolation",
    "NullValueEliminatedInSetFunction",
    "NullValueNoIndicatorParameter",
    "NullValueNotAllowed",
    "NullValueNotAllowedExt",
    "NumericValueOutOfRange",
    "ObjectInUse",
    "ObjectNotInPrerequisiteState",
    "OperatorIntervention",
    "OutOfMemory",
    "PlpgsqlError",
    "PrivilegeNotGranted",
    "PrivilegeNotRevoked",
    "ProgramLimitExceeded",
    "ProhibitedSqlStatementAttempted",
    "ProhibitedSqlStatementAttemptedExt",
    "ProtocolViolation",
    "QueryCanceled",
    "RaiseException",
    "ReadOnlySqlTransaction",
    "ReadingSqlDataNotPermitted",
    "ReadingSqlDataNotPermittedExt",
    "ReservedName",
    "RestrictViolation",
    "SavepointException",
    "SchemaAndDataStatementMixingNotSupported",
    "SequenceGeneratorLimitExceeded",
    "SerializationFailure",
    "SingletonSqlJsonItemRequired",
    "SnapshotTooOld",
    "SqlJsonArrayNotFound",
    "SqlJsonItemCannotBeCastToTargetType",
    "SqlJsonMemberNotFound",
    "SqlJsonNumberNotFound",
    "SqlJsonObjectNotFound",
    "SqlJsonScalarRequired",
    "SqlRoutineException",
    "SqlStatementNotYetComplete",
    "SqlclientUnableToEstablishSqlconnection",
    "SqlserverRejectedEstablishmentOfSqlconnection",
    "SrfProtocolViolated",
    "StackedDiagnosticsAccessedWithoutActiveHandler",
    "StatementCompletionUnknown",
    "StatementTooComplex",
    "StringDataLengthMismatch",
    "StringDataRightTruncation",
    "StringDataRightTruncation_",
    "SubstringError",
    "SuccessfulCompletion",
    "SyntaxError",
    "SyntaxErrorOrAccessRuleViolation",
    "SystemError",
    "TooManyArguments",
    "TooManyColumns",
    "TooManyConnections",
    "TooManyJsonArrayElements",
    "TooManyJsonObjectMembers",
    "TooManyRows",
    "TransactionIntegrityConstraintViolation",
    "TransactionResolutionUnknown",
    "TransactionRollback",
    "TransactionTimeout",
    "TriggerProtocolViolated",
    "TriggeredActionException",
    "TriggeredDataChangeViolation",
    "TrimError",
    "UndefinedColumn",
    "UndefinedFile",
    "UndefinedFunction",
    "UndefinedObject",
    "UndefinedParameter",
    "UndefinedTable",
    "UniqueViolation",
    "UnsafeNewEnumValueUsage",
    "UnterminatedCString",
    "UntranslatableCharacter",
    "Warning_",
    "WindowingError",
    "WithCheckOptionViolation",
    "WrongObjectType",
    "ZeroLengthCharacterString",
]

#: The DB-API exception of each class of SQLSTATEs (their first two characters).
BASES: dict[str, type[DatabaseError]] = {
    "00": DatabaseError,
    "01": DatabaseError,
    "02": DatabaseError,
    "03": DatabaseError,
    "08": OperationalError,
    "09": DatabaseError,
    "0A": NotSupportedError,
    "0B": DatabaseError,
    "0F": DatabaseError,
    "0L": DatabaseError,
    "0P": DatabaseError,
    "0Z": DatabaseError,
    "10": ProgrammingError,
    "20": ProgrammingError,
    "21": ProgrammingError,
    "22": DataError,
    "23": IntegrityError,
    "24": InternalError,
    "25": InternalError,
    "26": ProgrammingError,
    "27": OperationalError,
    "28": OperationalError,
    "2B": InternalError,
    "2D": InternalError,
    "2F": OperationalError,
    "34": ProgrammingError,
    "38": OperationalError,
    "39": OperationalError,
    "3B": OperationalError,
    "3D": ProgrammingError,
    "3F": ProgrammingError,
    "40": OperationalError,
    "42": ProgrammingError,
    "44": ProgrammingError,
    "53": OperationalError,
    "54": OperationalError,
    "55": OperationalError,
    "57": OperationalError,
    "58": OperationalError,
    "72": DatabaseError,
    "F0": OperationalError,
    "HV": OperationalError,
    "P0": ProgrammingError,
    "XX": InternalError,
}


class SuccessfulCompletion(DatabaseError):
    """00000 successful_completion."""

    sqlstate = "00000"


class Warning_(DatabaseError):
    """01000 warning."""

    sqlstate = "01000"


class NullValueEliminatedInSetFunction(DatabaseError):
    """01003 null_value_eliminated_in_set_function."""

    sqlstate = "01003"


class StringDataRightTruncation_(DatabaseError):
    """01004 string_data_right_truncation."""

    sqlstate = "01004"


class PrivilegeNotRevoked(DatabaseError):
    """01006 privilege_not_revoked."""

    sqlstate = "01006"


class PrivilegeNotGranted(DatabaseError):
    """01007 privilege_not_granted."""

    sqlstate = "01007"


class ImplicitZeroBitPadding(DatabaseError):
    """01008 implicit_zero_bit_padding."""

    sqlstate = "01008"


class DynamicResultSetsReturned(DatabaseError):
    """0100C dynamic_result_sets_returned."""

    sqlstate = "0100C"


class DeprecatedFeature(DatabaseError):
    """01P01 deprecated_feature."""

    sqlstate = "01P01"


class NoData(DatabaseError):
    """02000 no_data."""

    sqlstate = "02000"


class NoAdditionalDynamicResultSetsReturned(DatabaseError):
    """02001 no_additional_dynamic_result_sets_returned."""

    sqlstate = "02001"


class SqlStatementNotYetComplete(DatabaseError):
    """03000 sql_statement_not_yet_complete."""

    sqlstate = "03000"


class ConnectionException(OperationalError):
    """08000 connection_exception."""

    sqlstate = "08000"


class SqlclientUnableToEstablishSqlconnection(OperationalError):
    """08001 sqlclient_unable_to_establish_sqlconnection."""

    sqlstate = "08001"


class ConnectionDoesNotExist(OperationalError):
    """08003 connection_does_not_exist."""

    sqlstate = "08003"


class SqlserverRejectedEstablishmentOfSqlconnection(OperationalError):
    """08004 sqlserver_rejected_establishment_of_sqlconnection."""

    sqlstate = "08004"


class ConnectionFailure(OperationalError):
    """08006 connection_failure."""

    sqlstate = "08006"


class TransactionResolutionUnknown(OperationalError):
    """08007 transaction_resolution_unknown."""

    sqlstate = "08007"


class ProtocolViolation(OperationalError):
    """08P01 protocol_violation."""

    sqlstate = "08P01"


class TriggeredActionException(DatabaseError):
    """09000 triggered_action_exception."""

    sqlstate = "09000"


class FeatureNotSupported(NotSupportedError):
    """0A000 feature_not_supported."""

    sqlstate = "0A000"


class InvalidTransactionInitiation(DatabaseError):
    """0B000 invalid_transaction_initiation."""

    sqlstate = "0B000"


class LocatorException(DatabaseError):
    """0F000 locator_exception."""

    sqlstate = "0F000"


class InvalidLocatorSpecification(DatabaseError):
    """0F001 invalid_locator_specification."""

    sqlstate = "0F001"


class InvalidGrantor(DatabaseError):
    """0L000 invalid_grantor."""

    sqlstate = "0L000"


class InvalidGrantOperation(DatabaseError):
    """0LP01 invalid_grant_operation."""

    sqlstate = "0LP01"


class InvalidRoleSpecification(DatabaseError):
    """0P000 invalid_role_specification."""

    sqlstate = "0P000"


class DiagnosticsException(DatabaseError):
    """0Z000 diagnostics_exception."""

    sqlstate = "0Z000"


class StackedDiagnosticsAccessedWithoutActiveHandler(DatabaseError):
    """0Z002 stacked_diagnostics_accessed_without_active_handler."""

    sqlstate = "0Z002"


class InvalidArgumentForXquery(ProgrammingError):
    """10608 invalid_argument_for_xquery."""

    sqlstate = "10608"


class CaseNotFound(ProgrammingError):
    """20000 case_not_found."""

    sqlstate = "20000"


class CardinalityViolation(ProgrammingError):
    """21000 cardinality_violation."""

    sqlstate = "21000"


class DataException(DataError):
    """22000 data_exception."""

    sqlstate = "22000"


class StringDataRightTruncation(DataError):
    """22001 string_data_right_truncation."""

    sqlstate = "22001"


class NullValueNoIndicatorParameter(DataError):
    """22002 null_value_no_indicator_parameter."""

    sqlstate = "22002"


class NumericValueOutOfRange(DataError):
    """22003 numeric_value_out_of_range."""

    sqlstate = "22003"


class NullValueNotAllowed(DataError):
    """22004 null_value_not_allowed."""

    sqlstate = "22004"


class ErrorInAssignment(DataError):
    """22005 error_in_assignment."""

    sqlstate = "22005"


class InvalidDatetimeFormat(DataError):
    """22007 invalid_datetime_format."""

    sqlstate = "22007"


class DatetimeFieldOverflow(DataError):
    """22008 datetime_field_overflow."""

    sqlstate = "22008"


class InvalidTimeZoneDisplacementValue(DataError):
    """22009 invalid_time_zone_displacement_value."""

    sqlstate = "22009"


class EscapeCharacterConflict(DataError):
    """2200B escape_character_conflict."""

    sqlstate = "2200B"


class InvalidUseOfEscapeCharacter(DataError):
    """2200C invalid_use_of_escape_character."""

    sqlstate = "2200C"


class InvalidEscapeOctet(DataError):
    """2200D invalid_escape_octet."""

    sqlstate = "2200D"


class ZeroLengthCharacterString(DataError):
    """2200F zero_length_character_string."""

    sqlstate = "2200F"


class MostSpecificTypeMismatch(DataError):
    """2200G most_specific_type_mismatch."""

    sqlstate = "2200G"


class SequenceGeneratorLimitExceeded(DataError):
    """2200H sequence_generator_limit_exceeded."""

    sqlstate = "2200H"


class NotAnXmlDocument(DataError):
    """2200L not_an_xml_document."""

    sqlstate = "2200L"


class InvalidXmlDocument(DataError):
    """2200M invalid_xml_document."""

    sqlstate = "2200M"


class InvalidXmlContent(DataError):
    """2200N invalid_xml_content."""

    sqlstate = "2200N"


class InvalidXmlComment(DataError):
    """2200S invalid_xml_comment."""

    sqlstate = "2200S"


class InvalidXmlProcessingInstruction(DataError):
    """2200T invalid_xml_processing_instruction."""

    sqlstate = "2200T"


class InvalidIndicatorParameterValue(DataError):
    """22010 invalid_indicator_parameter_value."""

    sqlstate = "22010"


class SubstringError(DataError):
    """22011 substring_error."""

    sqlstate = "22011"


class DivisionByZero(DataError):
    """22012 division_by_zero."""

    sqlstate = "22012"


class InvalidPrecedingOrFollowingSize(DataError):
    """22013 invalid_preceding_or_following_size."""

    sqlstate = "22013"


class InvalidArgumentForNtileFunction(DataError):
    """22014 invalid_argument_for_ntile_function."""

    sqlstate = "22014"


class IntervalFieldOverflow(DataError):
    """22015 interval_field_overflow."""

    sqlstate = "22015"


class InvalidArgumentForNthValueFunction(DataError):
    """22016 invalid_argument_for_nth_value_function."""

    sqlstate = "22016"


class InvalidCharacterValueForCast(DataError):
    """22018 invalid_character_value_for_cast."""

    sqlstate = "22018"


class InvalidEscapeCharacter(DataError):
    """22019 invalid_escape_character."""

    sqlstate = "22019"


class InvalidRegularExpression(DataError):
    """2201B invalid_regular_expression."""

    sqlstate = "2201B"


class InvalidArgumentForLogarithm(DataError):
    """2201E invalid_argument_for_logarithm."""

    sqlstate = "2201E"


class InvalidArgumentForPowerFunction(DataError):
    """2201F invalid_argument_for_power_function."""

    sqlstate = "2201F"


class InvalidArgumentForWidthBucketFunction(DataError):
    """2201G invalid_argument_for_width_bucket_function."""

    sqlstate = "2201G"


class InvalidRowCountInLimitClause(DataError):
    """2201W invalid_row_count_in_limit_clause."""

    sqlstate = "2201W"


class InvalidRowCountInResultOffsetClause(DataError):
    """2201X invalid_row_count_in_result_offset_clause."""

    sqlstate = "2201X"


class CharacterNotInRepertoire(DataError):
    """22021 character_not_in_repertoire."""

    sqlstate = "22021"


class IndicatorOverflow(DataError):
    """22022 indicator_overflow."""

    sqlstate = "22022"


class InvalidParameterValue(DataError):
    """22023 invalid_parameter_value."""

    sqlstate = "22023"


class UnterminatedCString(DataError):
    """22024 unterminated_c_string."""

    sqlstate = "22024"


class InvalidEscapeSequence(DataError):
    """22025 invalid_escape_sequence."""

    sqlstate = "22025"


class StringDataLengthMismatch(DataError):
    """22026 string_data_length_mismatch."""

    sqlstate = "22026"


class TrimError(DataError):
    """22027 trim_error."""

    sqlstate = "22027"


class ArraySubscriptError(DataError):
    """2202E array_subscript_error."""

    sqlstate = "2202E"


class InvalidTablesampleRepeat(DataError):
    """2202G invalid_tablesample_repeat."""

    sqlstate = "2202G"


class InvalidTablesampleArgument(DataError):
    """2202H invalid_tablesample_argument."""

    sqlstate = "2202H"


class DuplicateJsonObjectKeyValue(DataError):
    """22030 duplicate_json_object_key_value."""

    sqlstate = "22030"


class InvalidArgumentForSqlJsonDatetimeFunction(DataError):
    """22031 invalid_argument_for_sql_json_datetime_function."""

    sqlstate = "22031"


class InvalidJsonText(DataError):
    """22032 invalid_json_text."""

    sqlstate = "22032"


class InvalidSqlJsonSubscript(DataError):
    """22033 invalid_sql_json_subscript."""

    sqlstate = "22033"


class MoreThanOneSqlJsonItem(DataError):
    """22034 more_than_one_sql_json_item."""

    sqlstate = "22034"


class NoSqlJsonItem(DataError):
    """22035 no_sql_json_item."""

    sqlstate = "22035"


class NonNumericSqlJsonItem(DataError):
    """22036 non_numeric_sql_json_item."""

    sqlstate = "22036"


class NonUniqueKeysInAJsonObject(DataError):
    """22037 non_unique_keys_in_a_json_object."""

    sqlstate = "22037"


class SingletonSqlJsonItemRequired(DataError):
    """22038 singleton_sql_json_item_required."""

    sqlstate = "22038"


class SqlJsonArrayNotFound(DataError):
    """22039 sql_json_array_not_found."""

    sqlstate = "22039"


class SqlJsonMemberNotFound(DataError):
    """2203A sql_json_member_not_found."""

    sqlstate = "2203A"


class SqlJsonNumberNotFound(DataError):
    """2203B sql_json_number_not_found."""

    sqlstate = "2203B"


class SqlJsonObjectNotFound(DataError):
    """2203C sql_json_object_not_found."""

    sqlstate = "2203C"


class TooManyJsonArrayElements(DataError):
    """2203D too_many_json_array_elements."""

    sqlstate = "2203D"


class TooManyJsonObjectMembers(DataError):
    """2203E too_many_json_object_members."""

    sqlstate = "2203E"


class SqlJsonScalarRequired(DataError):
    """2203F sql_json_scalar_required."""

    sqlstate = "2203F"


class SqlJsonItemCannotBeCastToTargetType(DataError):
    """2203G sql_json_item_cannot_be_cast_to_target_type."""

    sqlstate = "2203G"


class FloatingPointException(DataError):
    """22P01 floating_point_exception."""

    sqlstate = "22P01"


class InvalidTextRepresentation(DataError):
    """22P02 invalid_text_representation."""

    sqlstate = "22P02"


class InvalidBinaryRepresentation(DataError):
    """22P03 invalid_binary_representation."""

    sqlstate = "22P03"


class BadCopyFileFormat(DataError):
    """22P04 bad_copy_file_format."""

    sqlstate = "22P04"


class UntranslatableCharacter(DataError):
    """22P05 untranslatable_character."""

    sqlstate = "22P05"


class NonstandardUseOfEscapeCharacter(DataError):
    """22P06 nonstandard_use_of_escape_character."""

    sqlstate = "22P06"


class IntegrityConstraintViolation(IntegrityError):
    """23000 integrity_constraint_violation."""

    sqlstate = "23000"


class RestrictViolation(IntegrityError):
    """23001 restrict_violation."""

    sqlstate = "23001"


class NotNullViolation(IntegrityError):
    """23502 not_null_violation."""

    sqlstate = "23502"


class ForeignKeyViolation(IntegrityError):
    """23503 foreign_key_violation."""

    sqlstate = "23503"


class UniqueViolation(IntegrityError):
    """23505 unique_violation."""

    sqlstate = "23505"


class CheckViolation(IntegrityError):
    """23514 check_violation."""

    sqlstate = "23514"


class ExclusionViolation(IntegrityError):
    """23P01 exclusion_violation."""

    sqlstate = "23P01"


class InvalidCursorState(InternalError):
    """24000 invalid_cursor_state."""

    sqlstate = "24000"


class InvalidTransactionState(InternalError):
    """25000 invalid_transaction_state."""

    sqlstate = "25000"


class ActiveSqlTransaction(InternalError):
    """25001 active_sql_transaction."""

    sqlstate = "25001"


class BranchTransactionAlreadyActive(InternalError):
    """25002 branch_transaction_already_active."""

    sqlstate = "25002"


class InappropriateAccessModeForBranchTransaction(InternalError):
    """25003 inappropriate_access_mode_for_branch_transaction."""

    sqlstate = "25003"


class InappropriateIsolationLevelForBranchTransaction(InternalError):
    """25004 inappropriate_isolation_level_for_branch_transaction."""

    sqlstate = "25004"


class NoActiveSqlTransactionForBranchTransaction(InternalError):
    """25005 no_active_sql_transaction_for_branch_transaction."""

    sqlstate = "25005"


class ReadOnlySqlTransaction(InternalError):
    """25006 read_only_sql_transaction."""

    sqlstate = "25006"


class SchemaAndDataStatementMixingNotSupported(InternalError):
    """25007 schema_and_data_statement_mixing_not_supported."""

    sqlstate = "25007"


class HeldCursorRequiresSameIsolationLevel(InternalError):
    """25008 held_cursor_requires_same_isolation_level."""

    sqlstate = "25008"


class NoActiveSqlTransaction(InternalError):
    """25P01 no_active_sql_transaction."""

    sqlstate = "25P01"


class InFailedSqlTransaction(InternalError):
    """25P02 in_failed_sql_transaction."""

    sqlstate = "25P02"


class IdleInTransactionSessionTimeout(InternalError):
    """25P03 idle_in_transaction_session_timeout."""

    sqlstate = "25P03"


class TransactionTimeout(InternalError):
    """25P04 transaction_timeout."""

    sqlstate = "25P04"


class InvalidSqlStatementName(ProgrammingError):
    """26000 invalid_sql_statement_name."""

    sqlstate = "26000"


class TriggeredDataChangeViolation(OperationalError):
    """27000 triggered_data_change_violation."""

    sqlstate = "27000"


class InvalidAuthorizationSpecification(OperationalError):
    """28000 invalid_authorization_specification."""

    sqlstate = "28000"


class InvalidPassword(OperationalError):
    """28P01 invalid_password."""

    sqlstate = "28P01"


class DependentPrivilegeDescriptorsStillExist(InternalError):
    """2B000 dependent_privilege_descriptors_still_exist."""

    sqlstate = "2B000"


class DependentObjectsStillExist(InternalError):
    """2BP01 dependent_objects_still_exist."""

    sqlstate = "2BP01"


class InvalidTransactionTermination(InternalError):
    """2D000 invalid_transaction_termination."""

    sqlstate = "2D000"


class SqlRoutineException(OperationalError):
    """2F000 sql_routine_exception."""

    sqlstate = "2F000"


class ModifyingSqlDataNotPermitted(OperationalError):
    """2F002 modifying_sql_data_not_permitted."""

    sqlstate = "2F002"


class ProhibitedSqlStatementAttempted(OperationalError):
    """2F003 prohibited_sql_statement_attempted."""

    sqlstate = "2F003"


class ReadingSqlDataNotPermitted(OperationalError):
    """2F004 reading_sql_data_not_permitted."""

    sqlstate = "2F004"


class FunctionExecutedNoReturnStatement(OperationalError):
    """2F005 function_executed_no_return_statement."""

    sqlstate = "2F005"


class InvalidCursorName(ProgrammingError):
    """34000 invalid_cursor_name."""

    sqlstate = "34000"


class ExternalRoutineException(OperationalError):
    """38000 external_routine_exception."""

    sqlstate = "38000"


class ContainingSqlNotPermitted(OperationalError):
    """38001 containing_sql_not_permitted."""

    sqlstate = "38001"


class ModifyingSqlDataNotPermittedExt(OperationalError):
    """38002 modifying_sql_data_not_permitted."""

    sqlstate = "38002"


class ProhibitedSqlStatementAttemptedExt(OperationalError):
    """38003 prohibited_sql_statement_attempted."""

    sqlstate = "38003"


class ReadingSqlDataNotPermittedExt(OperationalError):
    """38004 reading_sql_data_not_permitted."""

    sqlstate = "38004"


class ExternalRoutineInvocationException(OperationalError):
    """39000 external_routine_invocation_exception."""

    sqlstate = "39000"


class InvalidSqlstateReturned(OperationalError):
    """39001 invalid_sqlstate_returned."""

    sqlstate = "39001"


class NullValueNotAllowedExt(OperationalError):
    """39004 null_value_not_allowed."""

    sqlstate = "39004"


class TriggerProtocolViolated(OperationalError):
    """39P01 trigger_protocol_violated."""

    sqlstate = "39P01"


class SrfProtocolViolated(OperationalError):
    """39P02 srf_protocol_violated."""

    sqlstate = "39P02"


class EventTriggerProtocolViolated(OperationalError):
    """39P03 event_trigger_protocol_violated."""

    sqlstate = "39P03"


class SavepointException(OperationalError):
    """3B000 savepoint_exception."""

    sqlstate = "3B000"


class InvalidSavepointSpecification(OperationalError):
    """3B001 invalid_savepoint_specification."""

    sqlstate = "3B001"


class InvalidCatalogName(ProgrammingError):
    """3D000 invalid_catalog_name."""

    sqlstate = "3D000"


class InvalidSchemaName(ProgrammingError):
    """3F000 invalid_schema_name."""

    sqlstate = "3F000"


class TransactionRollback(OperationalError):
    """40000 transaction_rollback."""

    sqlstate = "40000"


class SerializationFailure(OperationalError):
    """40001 serialization_failure."""

    sqlstate = "40001"


class TransactionIntegrityConstraintViolation(OperationalError):
    """40002 transaction_integrity_constraint_violation."""

    sqlstate = "40002"


class StatementCompletionUnknown(OperationalError):
    """40003 statement_completion_unknown."""

    sqlstate = "40003"


class DeadlockDetected(OperationalError):
    """40P01 deadlock_detected."""

    sqlstate = "40P01"


class SyntaxErrorOrAccessRuleViolation(ProgrammingError):
    """42000 syntax_error_or_access_rule_violation."""

    sqlstate = "42000"


class InsufficientPrivilege(ProgrammingError):
    """42501 insufficient_privilege."""

    sqlstate = "42501"


class SyntaxError(ProgrammingError):
    """42601 syntax_error."""

    sqlstate = "42601"


class InvalidName(ProgrammingError):
    """42602 invalid_name."""

    sqlstate = "42602"


class InvalidColumnDefinition(ProgrammingError):
    """42611 invalid_column_definition."""

    sqlstate = "42611"


class NameTooLong(ProgrammingError):
    """42622 name_too_long."""

    sqlstate = "42622"


class DuplicateColumn(ProgrammingError):
    """42701 duplicate_column."""

    sqlstate = "42701"


class AmbiguousColumn(ProgrammingError):
    """42702 ambiguous_column."""

    sqlstate = "42702"


class UndefinedColumn(ProgrammingError):
    """42703 undefined_column."""

    sqlstate = "42703"


class UndefinedObject(ProgrammingError):
    """42704 undefined_object."""

    sqlstate = "42704"


class DuplicateObject(ProgrammingError):
    """42710 duplicate_object."""

    sqlstate = "42710"


class DuplicateAlias(ProgrammingError):
    """42712 duplicate_alias."""

    sqlstate = "42712"


class DuplicateFunction(ProgrammingError):
    """42723 duplicate_function."""

    sqlstate = "42723"


class AmbiguousFunction(ProgrammingError):
    """42725 ambiguous_function."""

    sqlstate = "42725"


class GroupingError(ProgrammingError):
    """42803 grouping_error."""

    sqlstate = "42803"


class DatatypeMismatch(ProgrammingError):
    """42804 datatype_mismatch."""

    sqlstate = "42804"


class WrongObjectType(ProgrammingError):
    """42809 wrong_object_type."""

    sqlstate = "42809"


class InvalidForeignKey(ProgrammingError):
    """42830 invalid_foreign_key."""

    sqlstate = "42830"


class CannotCoerce(ProgrammingError):
    """42846 cannot_coerce."""

    sqlstate = "42846"


class UndefinedFunction(ProgrammingError):
    """42883 undefined_function."""

    sqlstate = "42883"


class GeneratedAlways(ProgrammingError):
    """428C9 generated_always."""

    sqlstate = "428C9"


class ReservedName(ProgrammingError):
    """42939 reserved_name."""

    sqlstate = "42939"


class UndefinedTable(ProgrammingError):
    """42P01 undefined_table."""

    sqlstate = "42P01"


class UndefinedParameter(ProgrammingError):
    """42P02 undefined_parameter."""

    sqlstate = "42P02"


class DuplicateCursor(ProgrammingError):
    """42P03 duplicate_cursor."""

    sqlstate = "42P03"


class DuplicateDatabase(ProgrammingError):
    """42P04 duplicate_database."""

    sqlstate = "42P04"


class DuplicatePreparedStatement(ProgrammingError):
    """42P05 duplicate_prepared_statement."""

    sqlstate = "42P05"


class DuplicateSchema(ProgrammingError):
    """42P06 duplicate_schema."""

    sqlstate = "42P06"


class DuplicateTable(ProgrammingError):
    """42P07 duplicate_table."""

    sqlstate = "42P07"


class AmbiguousParameter(ProgrammingError):
    """42P08 ambiguous_parameter."""

    sqlstate = "42P08"


class AmbiguousAlias(ProgrammingError):
    """42P09 ambiguous_alias."""

    sqlstate = "42P09"


class InvalidColumnReference(ProgrammingError):
    """42P10 invalid_column_reference."""

    sqlstate = "42P10"


class InvalidCursorDefinition(ProgrammingError):
    """42P11 invalid_cursor_definition."""

    sqlstate = "42P11"


class InvalidDatabaseDefinition(ProgrammingError):
    """42P12 invalid_database_definition."""

    sqlstate = "42P12"


class InvalidFunctionDefinition(ProgrammingError):
    """42P13 invalid_function_definition."""

    sqlstate = "42P13"


class InvalidPreparedStatementDefinition(ProgrammingError):
    """42P14 invalid_prepared_statement_definition."""

    sqlstate = "42P14"


class InvalidSchemaDefinition(ProgrammingError):
    """42P15 invalid_schema_definition."""

    sqlstate = "42P15"


class InvalidTableDefinition(ProgrammingError):
    """42P16 invalid_table_definition."""

    sqlstate = "42P16"


class InvalidObjectDefinition(ProgrammingError):
    """42P17 invalid_object_definition."""

    sqlstate = "42P17"


class IndeterminateDatatype(ProgrammingError):
    """42P18 indeterminate_datatype."""

    sqlstate = "42P18"


class InvalidRecursion(ProgrammingError):
    """42P19 invalid_recursion."""

    sqlstate = "42P19"


class WindowingError(ProgrammingError):
    """42P20 windowing_error."""

    sqlstate = "42P20"


class CollationMismatch(ProgrammingError):
    """42P21 collation_mismatch."""

    sqlstate = "42P21"


class IndeterminateCollation(ProgrammingError):
    """42P22 indeterminate_collation."""

    sqlstate = "42P22"


class WithCheckOptionViolation(ProgrammingError):
    """44000 with_check_option_violation."""

    sqlstate = "44000"


class InsufficientResources(OperationalError):
    """53000 insufficient_resources."""

    sqlstate = "53000"


class DiskFull(OperationalError):
    """53100 disk_full."""

    sqlstate = "53100"


class OutOfMemory(OperationalError):
    """53200 out_of_memory."""

    sqlstate = "53200"


class TooManyConnections(OperationalError):
    """53300 too_many_connections."""

    sqlstate = "53300"


class ConfigurationLimitExceeded(OperationalError):
    """53400 configuration_limit_exceeded."""

    sqlstate = "53400"


class ProgramLimitExceeded(OperationalError):
    """54000 program_limit_exceeded."""

    sqlstate = "54000"


class StatementTooComplex(OperationalError):
    """54001 statement_too_complex."""

    sqlstate = "54001"


class TooManyColumns(OperationalError):
    """54011 too_many_columns."""

    sqlstate = "54011"


class TooManyArguments(OperationalError):
    """54023 too_many_arguments."""

    sqlstate = "54023"


class ObjectNotInPrerequisiteState(OperationalError):
    """55000 object_not_in_prerequisite_state."""

    sqlstate = "55000"


class ObjectInUse(OperationalError):
    """55006 object_in_use."""

    sqlstate = "55006"


class CantChangeRuntimeParam(OperationalError):
    """55P02 cant_change_runtime_param."""

    sqlstate = "55P02"


class LockNotAvailable(OperationalError):
    """55P03 lock_not_available."""

    sqlstate = "55P03"


class UnsafeNewEnumValueUsage(OperationalError):
    """55P04 unsafe_new_enum_value_usage."""

    sqlstate = "55P04"


class OperatorIntervention(OperationalError):
    """57000 operator_intervention."""

    sqlstate = "57000"


class QueryCanceled(OperationalError):
    """57014 query_canceled."""

    sqlstate = "57014"


class AdminShutdown(OperationalError):
    """57P01 admin_shutdown."""

    sqlstate = "57P01"


class CrashShutdown(OperationalError):
    """57P02 crash_shutdown."""

    sqlstate = "57P02"


class CannotConnectNow(OperationalError):
    """57P03 cannot_connect_now."""

    sqlstate = "57P03"


class DatabaseDropped(OperationalError):
    """57P04 database_dropped."""

    sqlstate = "57P04"


class IdleSessionTimeout(OperationalError):
    """57P05 idle_session_timeout."""

    sqlstate = "57P05"


class SystemError(OperationalError):
    """58000 system_error."""

    sqlstate = "58000"


class IoError(OperationalError):
    """58030 io_error."""

    sqlstate = "58030"


class UndefinedFile(OperationalError):
    """58P01 undefined_file."""

    sqlstate = "58P01"


class DuplicateFile(OperationalError):
    """58P02 duplicate_file."""

    sqlstate = "58P02"


class FileNameTooLong(OperationalError):
    """58P03 file_name_too_long."""

    sqlstate = "58P03"


class SnapshotTooOld(DatabaseError):
    """72000 snapshot_too_old."""

    sqlstate = "72000"


class ConfigFileError(OperationalError):
    """F0000 config_file_error."""

    sqlstate = "F0000"


class LockFileExists(OperationalError):
    """F0001 lock_file_exists."""

    sqlstate = "F0001"


class FdwError(OperationalError):
    """HV000 fdw_error."""

    sqlstate = "HV000"


class FdwOutOfMemory(OperationalError):
    """HV001 fdw_out_of_memory."""

    sqlstate = "HV001"


class FdwDynamicParameterValueNeeded(OperationalError):
    """HV002 fdw_dynamic_parameter_value_needed."""

    sqlstate = "HV002"


class FdwInvalidDataType(OperationalError):
    """HV004 fdw_invalid_data_type."""

    sqlstate = "HV004"


class FdwColumnNameNotFound(OperationalError):
    """HV005 fdw_column_name_not_found."""

    sqlstate = "HV005"


class FdwInvalidDataTypeDescriptors(OperationalError):
    """HV006 fdw_invalid_data_type_descriptors."""

    sqlstate = "HV006"


class FdwInvalidColumnName(OperationalError):
    """HV007 fdw_invalid_column_name."""

    sqlstate = "HV007"


class FdwInvalidColumnNumber(OperationalError):
    """HV008 fdw_invalid_column_number."""

    sqlstate = "HV008"


class FdwInvalidUseOfNullPointer(OperationalError):
    """HV009 fdw_invalid_use_of_null_pointer."""

    sqlstate = "HV009"


class FdwInvalidStringFormat(OperationalError):
    """HV00A fdw_invalid_string_format."""

    sqlstate = "HV00A"


class FdwInvalidHandle(OperationalError):
    """HV00B fdw_invalid_handle."""

    sqlstate = "HV00B"


class FdwInvalidOptionIndex(OperationalError):
    """HV00C fdw_invalid_option_index."""

    sqlstate = "HV00C"


class FdwInvalidOptionName(OperationalError):
    """HV00D fdw_invalid_option_name."""

    sqlstate = "HV00D"


class FdwOptionNameNotFound(OperationalError):
    """HV00J fdw_option_name_not_found."""

    sqlstate = "HV00J"


class FdwReplyHandle(OperationalError):
    """HV00K fdw_reply_handle."""

    sqlstate = "HV00K"


class FdwUnableToCreateExecution(OperationalError):
    """HV00L fdw_unable_to_create_execution."""

    sqlstate = "HV00L"


class FdwUnableToCreateReply(OperationalError):
    """HV00M fdw_unable_to_create_reply."""

    sqlstate = "HV00M"


class FdwUnableToEstablishConnection(OperationalError):
    """HV00N fdw_unable_to_establish_connection."""

    sqlstate = "HV00N"


class FdwNoSchemas(OperationalError):
    """HV00P fdw_no_schemas."""

    sqlstate = "HV00P"


class FdwSchemaNotFound(OperationalError):
    """HV00Q fdw_schema_not_found."""

    sqlstate = "HV00Q"


class FdwTableNotFound(OperationalError):
    """HV00R fdw_table_not_found."""

    sqlstate = "HV00R"


class FdwFunctionSequenceError(OperationalError):
    """HV010 fdw_function_sequence_error."""

    sqlstate = "HV010"


class FdwTooManyHandles(OperationalError):
    """HV014 fdw_too_many_handles."""

    sqlstate = "HV014"


class FdwInconsistentDescriptorInformation(OperationalError):
    """HV021 fdw_inconsistent_descriptor_information."""

    sqlstate = "HV021"


class FdwInvalidAttributeValue(OperationalError):
    """HV024 fdw_invalid_attribute_value."""

    sqlstate = "HV024"


class FdwInvalidStringLengthOrBufferLength(OperationalError):
    """HV090 fdw_invalid_string_length_or_buffer_length."""

    sqlstate = "HV090"


class FdwInvalidDescriptorFieldIdentifier(OperationalError):
    """HV091 fdw_invalid_descriptor_field_identifier."""

    sqlstate = "HV091"


class PlpgsqlError(ProgrammingError):
    """P0000 plpgsql_error."""

    sqlstate = "P0000"


class RaiseException(ProgrammingError):
    """P0001 raise_exception."""

    sqlstate = "P0001"


class NoDataFound(ProgrammingError):
    """P0002 no_data_found."""

    sqlstate = "P0002"


class TooManyRows(ProgrammingError):
    """P0003 too_many_rows."""

    sqlstate = "P0003"


class AssertFailure(ProgrammingError):
    """P0004 assert_failure."""

    sqlstate = "P0004"


class InternalError_(InternalError):
    """XX000 internal_error."""

    sqlstate = "XX000"


class DataCorrupted(InternalError):
    """XX001 data_corrupted."""

    sqlstate = "XX001"


class IndexCorrupted(InternalError):
    """XX002 index_corrupted."""

    sqlstate = "XX002"
