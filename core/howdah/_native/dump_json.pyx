"""Dumping what is wrapped to be json or jsonb."""

from cpython.bytes cimport PyBytes_CheckExact
from cpython.unicode cimport PyUnicode_CheckExact
from libc.stdint cimport uint32_t

from howdah._native.buffer cimport Buffer
from howdah._native.dumping cimport DumperEntry, put_value, register_dump

import json
from json.encoder import JSONEncoder, c_make_encoder, encode_basestring_ascii

cdef object _json_dumps = json.dumps
cdef object _make_encoder = c_make_encoder
cdef object _escape = encode_basestring_ascii
cdef object _default = JSONEncoder().default


cdef object _encode(object value):
    """Return the JSON of a value as `json.dumps` writes it."""
    # The arguments are those of JSONEncoder by default; the dictionary is to find what contains itself.
    return "".join(_make_encoder({}, _default, _escape, None, ": ", ", ", False, False, True)(value, 0))


cdef int dump_json(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    dumper = entry.dumper
    dumps = type(dumper).dumps
    try:
        if isinstance(obj, dumper.wrapper):
            dumps = obj.dumps or dumps
            obj = obj.obj
        text = _encode(obj) if dumps is _json_dumps and _make_encoder is not None else dumps(obj)
        if not PyUnicode_CheckExact(text) and not PyBytes_CheckExact(text):
            return 0
        put_value(out, text)
    except Exception:
        return 0
    return 1


cdef int dump_jsonb(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    out.reserve(1)[0] = 1  # the version of the format
    return dump_json(obj, out, oid, entry)


register_dump(0, "json", dump_json)
register_dump(1, "json", dump_json)
register_dump(1, "jsonb", dump_jsonb)
