# Dumping `Json` and `Jsonb`.

from cpython.bytes cimport PyBytes_CheckExact
from cpython.unicode cimport PyUnicode_CheckExact
from libc.stdint cimport uint32_t

from howdah.native.adapters cimport Buffer, DumperEntry, put_value

from json.encoder import JSONEncoder, c_make_encoder, encode_basestring_ascii

cdef object _json_dumps = json.dumps
#: Returns the same as `json.dumps`; None if json has no C accelerator. It does not check for circular
#: references: they end in a RecursionError, after which the Python method raises the right error.
cdef object _encode = None if c_make_encoder is None else c_make_encoder(
    None, JSONEncoder().default, encode_basestring_ascii, None, ": ", ", ", False, False, True
)


cdef int dump_json(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    dumper = entry.dumper
    dumps = type(dumper).dumps
    try:
        if isinstance(obj, dumper.wrapper):
            dumps = obj.dumps or dumps
            obj = obj.obj
        text = "".join(_encode(obj, 0)) if dumps is _json_dumps and _encode is not None else dumps(obj)
        if not PyUnicode_CheckExact(text) and not PyBytes_CheckExact(text):
            return 0
        put_value(out, text)
    except Exception:
        return 0
    return 1


cdef int dump_jsonb(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    out.reserve(1)[0] = 1  # the version of the format
    return dump_json(obj, out, oid, entry)
