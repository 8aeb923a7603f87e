"""Native adapters of common types, and of other types that consist of numbers and text."""

include "load_numbers.pxi"
include "dump_numbers.pxi"
include "load_text.pxi"
include "dump_text.pxi"
include "load_catalog.pxi"
include "load_geometry.pxi"
include "load_search.pxi"
include "quote_scalars.pxi"

from howdah.native.adapters cimport load_bytes, native_adapter, native_quote

# Each has functions to load text and binary, and to dump them.
BIT = native_adapter(NULL, load_bit)
BOOL = native_adapter(load_bool_text, load_bool, dump_bool_text, dump_bool)
BOX = native_adapter(NULL, load_box)
BYTEA = native_adapter(load_bytea_text, load_bytes, dump_bytea_text, dump_bytea)
CHAR = native_adapter(NULL, load_char_binary)
CIRCLE = native_adapter(NULL, load_circle)
ENUM = native_adapter(load_enum, load_enum, dump_enum, dump_enum, NULL, True)
FLOAT = native_adapter(load_float_text, NULL)
FLOAT4 = native_adapter(load_float4_text, load_float4, dump_float_text, dump_float4)
FLOAT8 = native_adapter(NULL, load_float8, dump_float_text, dump_float8)
INT = native_adapter(load_int_text, NULL, dump_int_text, dump_int, int_key)
INT2 = native_adapter(NULL, load_int2, dump_integer_text, dump_int2)
INT4 = native_adapter(NULL, load_int4, dump_integer_text, dump_int4)
INT8 = native_adapter(NULL, load_int8, dump_integer_text, dump_int8)
LINE = native_adapter(NULL, load_line)
LSEG = native_adapter(NULL, load_lseg)
LSN = native_adapter(NULL, load_lsn)
MONEY = native_adapter(load_money_text, load_money)
NUMERIC = native_adapter(load_numeric_text, load_numeric, dump_numeric_text, dump_numeric)
OID = native_adapter(NULL, load_oid, dump_integer_text, dump_oid)
PATH = native_adapter(NULL, load_path)
POINT = native_adapter(NULL, load_point)
POLYGON = native_adapter(NULL, load_polygon)
SNAPSHOT = native_adapter(NULL, load_snapshot)
TID = native_adapter(NULL, load_tid)
TSQUERY = native_adapter(NULL, load_tsquery)
TSVECTOR = native_adapter(NULL, load_tsvector)
UUID = native_adapter(load_uuid_text, load_uuid, dump_uuid_text, dump_uuid)
VECTOR = native_adapter(NULL, load_vector)
VERSIONED = native_adapter(NULL, load_versioned)
XID = native_adapter(NULL, load_xid)
XID8 = native_adapter(NULL, load_xid8)
XML = native_adapter(NULL, load_xml)

# What makes literals of the texts that these functions dump.
BOOL_LITERAL = native_quote(quote_bool)
BYTEA_LITERAL = native_quote(quote_bytea)
NUMBER_LITERAL = native_quote(quote_number)
