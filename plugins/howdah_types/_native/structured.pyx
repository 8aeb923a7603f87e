"""Native adapters of types whose values are objects of the standard library, or consist of other values.

They are imported with the first such value, because `datetime`, `ipaddress` and `json` are slow to import.
"""

cdef extern from "<strings.h>" nogil:
    int strncasecmp(const char *a, const char *b, size_t size)

cdef enum:
    #: The maximum number of dimensions of arrays (MAXDIM).
    MAX_DIMENSIONS = 6
    #: The length that represents NULL.
    NULL_LENGTH = 0xFFFFFFFF
    # The flags in the first byte of a range.
    EMPTY = 0x01
    LOWER_INCLUSIVE = 0x02
    UPPER_INCLUSIVE = 0x04
    LOWER_INFINITE = 0x08
    UPPER_INFINITE = 0x10


class Malformed(Exception):
    """The value is malformed; the loader's Python method raises the error."""


include "load_dates.pxi"
include "dump_dates.pxi"
include "load_network.pxi"
include "dump_network.pxi"
include "load_json.pxi"
include "dump_json.pxi"
include "load_arrays.pxi"
include "dump_arrays.pxi"
include "load_composed.pxi"
include "dump_composed.pxi"

from howdah.native.adapters cimport native_adapter

# Each has functions to load and dump text and binary, and to return keys; and whether values contain others.
ARRAY = native_adapter(load_array_text, load_array, dump_array_text, dump_array, array_key, True)
CIDR = native_adapter(load_cidr_text, load_cidr, NULL, dump_cidr, NULL, True)
COMPOSITE = native_adapter(load_composite_text, load_composite, dump_composite_text, dump_composite, NULL, True)
DATE = native_adapter(load_date_text, load_date, dump_date_text, dump_date)
DATETIME = native_adapter(NULL, NULL, dump_datetime_text, dump_datetime, datetime_key)
INET = native_adapter(load_inet_text, load_inet, dump_inet_text, dump_inet)
INTERVAL = native_adapter(load_interval_text, load_interval, dump_interval_text, dump_interval)
JSON = native_adapter(load_json, load_json, dump_json, dump_json, NULL, True)
JSONB = native_adapter(NULL, load_jsonb, NULL, dump_jsonb, NULL, True)
MACADDR = native_adapter(NULL, load_macaddr)
MACADDR8 = native_adapter(NULL, load_macaddr8)
MULTIRANGE = native_adapter(load_multirange_text, load_multirange, NULL, NULL, NULL, True)
RANGE = native_adapter(load_range_text, load_range, dump_range_text, dump_range, range_key, True)
RECORD = native_adapter(load_record_text, load_record, NULL, NULL, NULL, True)
TIME = native_adapter(load_time_text, load_time, dump_time_text, dump_time, time_key)
TIMESTAMP = native_adapter(load_timestamp_text, load_timestamp, dump_timestamp_text, dump_timestamp)
TIMESTAMPTZ = native_adapter(load_timestamptz_text, load_timestamptz)
TIMETZ = native_adapter(load_timetz_text, load_timetz, dump_timetz_text, dump_timetz)
TUPLE = native_adapter(NULL, NULL, dump_tuple, NULL, NULL, True)
