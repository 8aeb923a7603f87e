# Loading bytea, uuid, enums, bit strings, and types whose binary format contains text.
#
# Source: PostgreSQL documentation, "bytea Hex Format", "UUID Type", "Bit String Types";
# for binary, the types' send functions in PostgreSQL's src/backend/utils/adt.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.unicode cimport PyUnicode_DecodeASCII, PyUnicode_DecodeUTF8
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memcmp

from howdah.native.adapters cimport load_python, load_str
from howdah.native.instances cimport new_instance, set_slot, untrack
from howdah.native.byteorder cimport get_int32, int_from_16_bytes
from howdah.native.strings cimport PyUnicode_1BYTE_DATA, PyUnicode_New, nibble

cdef type _UUID = None
cdef object _int_slot, _is_safe_slot, _unknown


cdef object load_versioned(const char *data, Py_ssize_t size, object loader):
    # The version of the format, and the text.
    if size < 1 or data[0] != 1:
        return load_python(data, size, loader)
    try:
        return PyUnicode_DecodeUTF8(data + 1, size - 1, NULL)
    except UnicodeDecodeError:
        return load_python(data, size, loader)


cdef object load_xml(const char *data, Py_ssize_t size, object loader):
    if size >= 5 and memcmp(data, b"<?xml", 5) == 0:
        return load_python(data, size, loader)  # it may declare an encoding
    return load_str(data, size, loader)


cdef object load_char_binary(const char *data, Py_ssize_t size, object loader):
    if size != 1 or not 0 < data[0] < 0x80:
        return load_python(data, size, loader)
    return PyUnicode_DecodeASCII(data, 1, NULL)


cdef object load_bytea_text(const char *data, Py_ssize_t size, object loader):
    if size < 2 or size % 2 or data[0] != c"\\" or data[1] != c"x":
        return load_python(data, size, loader)  # the escape format, or malformed
    cdef bytes value = PyBytes_FromStringAndSize(NULL, size // 2 - 1)
    cdef char *out = PyBytes_AS_STRING(value)
    cdef Py_ssize_t i
    cdef int high, low
    for i in range(2, size, 2):
        high = nibble(data[i])
        low = nibble(data[i + 1])
        if high < 0 or low < 0:
            return load_python(data, size, loader)
        out[0] = <char> (high << 4 | low)
        out += 1
    return value


cdef int _import_uuid() except -1:
    """Import the class with the first value, because the import of its module is slow."""
    global _UUID, _int_slot, _is_safe_slot, _unknown
    from uuid import UUID, SafeUUID
    _int_slot = UUID.__dict__["int"]
    _is_safe_slot = UUID.__dict__["is_safe"]
    _unknown = SafeUUID.unknown
    _UUID = UUID
    return 0


cdef object _new_uuid(const char *data):
    """Return a UUID of 16 bytes, created without running its constructor."""
    if _UUID is None:
        _import_uuid()
    uuid = new_instance(_UUID, 0)
    set_slot(_int_slot, uuid, int_from_16_bytes(data))
    set_slot(_is_safe_slot, uuid, _unknown)
    # It cannot be part of a reference cycle.
    untrack(uuid)
    return uuid


cdef object load_uuid_text(const char *data, Py_ssize_t size, object loader):
    cdef char value[16]
    cdef Py_ssize_t i = 0
    cdef int n, high, low
    if size != 36 or data[8] != c"-" or data[13] != c"-" or data[18] != c"-" or data[23] != c"-":
        return load_python(data, size, loader)
    for n in range(16):
        if data[i] == c"-":
            i += 1
        high = nibble(data[i])
        low = nibble(data[i + 1])
        if high < 0 or low < 0:
            return load_python(data, size, loader)
        value[n] = <char> (high << 4 | low)
        i += 2
    return _new_uuid(value)


cdef object load_uuid(const char *data, Py_ssize_t size, object loader):
    if size != 16:
        return load_python(data, size, loader)
    return _new_uuid(data)


# bit

cdef object load_bit(const char *data, Py_ssize_t size, object loader):
    cdef int32_t i, length
    cdef const unsigned char *bits = <const unsigned char *> data + 4
    cdef str value
    cdef char *out
    if size < 4:
        return load_python(data, size, loader)
    length = get_int32(data)
    if length < 0 or size - 4 != (<int64_t> length + 7) // 8:
        return load_python(data, size, loader)
    value = PyUnicode_New(length, 127)
    out = <char *> PyUnicode_1BYTE_DATA(value)
    for i in range(length):
        out[i] = c"1" if bits[i >> 3] & (0x80 >> (i & 7)) else c"0"
    return value


cdef object load_enum(const char *data, Py_ssize_t size, object loader):
    cdef dict members = loader.members
    member = members.get(PyBytes_FromStringAndSize(data, size))
    return load_python(data, size, loader) if member is None else member
