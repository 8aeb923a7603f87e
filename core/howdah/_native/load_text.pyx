"""Loading text, bytea, uuid, json, enums, bit strings and network addresses.

Source: PostgreSQL documentation, "bytea Hex Format", "UUID Type", "JSON Types", "Bit String Types",
"Network Address Types"; for binary, the types' send functions in PostgreSQL's src/backend/utils/adt.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.long cimport PyLong_FromUnsignedLong
from cpython.unicode cimport PyUnicode_DecodeASCII, PyUnicode_DecodeUTF8
from libc.stdint cimport int32_t, int64_t, uint32_t, uint8_t

from howdah._native.loading cimport load_python, register_load
from howdah._native.network cimport get_int32, get_uint32

import json
from ipaddress import IPv4Address, IPv6Address
from uuid import UUID, SafeUUID

cdef extern from *:
    """
    /* A non-negative integer from 16 bytes in network order. */
    static PyObject *howdah_int_from_16_bytes(const char *data) {
    #if PY_VERSION_HEX >= 0x030D0000
        return PyLong_FromNativeBytes(data, 16,
            Py_ASNATIVEBYTES_BIG_ENDIAN | Py_ASNATIVEBYTES_UNSIGNED_BUFFER);
    #else
        return _PyLong_FromByteArray((const unsigned char *) data, 16, 0, 0);
    #endif
    }

    /* What `object.__setattr__` does once it has found the slot. */
    static int howdah_set_slot(PyObject *slot, PyObject *instance, PyObject *value) {
        return Py_TYPE(slot)->tp_descr_set(slot, instance, value);
    }
    """
    object howdah_int_from_16_bytes(const char *data)
    int howdah_set_slot(object slot, object instance, object value) except -1
    object PyType_GenericAlloc(type cls, Py_ssize_t items)
    void PyObject_GC_UnTrack(object obj)
    str PyUnicode_New(Py_ssize_t size, uint32_t largest)
    void *PyUnicode_1BYTE_DATA(object text)

cdef type _UUID = UUID
cdef object _int_slot = UUID.__dict__["int"]
cdef object _is_safe_slot = UUID.__dict__["is_safe"]
cdef object _unknown = SafeUUID.unknown
cdef type _IPv4Address = IPv4Address
cdef type _IPv6Address = IPv6Address
cdef object _ipv4_slot = IPv4Address.__dict__["_ip"]
cdef object _ipv6_slot = IPv6Address.__dict__["_ip"]
cdef object _scope_slot = IPv6Address.__dict__["_scope_id"]
cdef const char *_DIGITS = "0123456789abcdef"
cdef object _json_loads = json.loads
cdef object _json_scan = json.JSONDecoder().scan_once


cdef object load_str(const char *data, Py_ssize_t size, object loader):
    # Found for loaders whose encoding is UTF-8 only.
    try:
        return PyUnicode_DecodeUTF8(data, size, NULL)
    except UnicodeDecodeError:
        return load_python(data, size, loader)


cdef object load_char_binary(const char *data, Py_ssize_t size, object loader):
    if size != 1 or not 0 < data[0] < 0x80:
        return load_python(data, size, loader)
    return PyUnicode_DecodeASCII(data, 1, NULL)


cdef inline int _nibble(char digit) noexcept nogil:
    """Return the value of a hexadecimal digit, or -1."""
    if c"0" <= digit <= c"9":
        return digit - c"0"
    if c"a" <= digit <= c"f":
        return digit - c"a" + 10
    if c"A" <= digit <= c"F":
        return digit - c"A" + 10
    return -1


cdef object load_bytea_text(const char *data, Py_ssize_t size, object loader):
    if size < 2 or size % 2 or data[0] != c"\\" or data[1] != c"x":
        return load_python(data, size, loader)  # the escape format, or malformed
    cdef bytes value = PyBytes_FromStringAndSize(NULL, size // 2 - 1)
    cdef char *out = PyBytes_AS_STRING(value)
    cdef Py_ssize_t i
    cdef int high, low
    for i in range(2, size, 2):
        high = _nibble(data[i])
        low = _nibble(data[i + 1])
        if high < 0 or low < 0:
            return load_python(data, size, loader)
        out[0] = <char> (high << 4 | low)
        out += 1
    return value


cdef object load_bytea(const char *data, Py_ssize_t size, object loader):
    return PyBytes_FromStringAndSize(data, size)


cdef object _new_uuid(const char *data):
    """Return a UUID of 16 bytes, its attributes written without running its constructor."""
    uuid = PyType_GenericAlloc(_UUID, 0)
    howdah_set_slot(_int_slot, uuid, howdah_int_from_16_bytes(data))
    howdah_set_slot(_is_safe_slot, uuid, _unknown)
    # It refers to nothing that could refer back to it.
    PyObject_GC_UnTrack(uuid)
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
        high = _nibble(data[i])
        low = _nibble(data[i + 1])
        if high < 0 or low < 0:
            return load_python(data, size, loader)
        value[n] = <char> (high << 4 | low)
        i += 2
    return _new_uuid(value)


cdef object load_uuid(const char *data, Py_ssize_t size, object loader):
    if size != 16:
        return load_python(data, size, loader)
    return _new_uuid(data)


cdef object load_json(const char *data, Py_ssize_t size, object loader):
    value = _parse_json(data, size, loader)
    return load_python(data, size, loader) if value is NotImplemented else value


cdef object load_jsonb(const char *data, Py_ssize_t size, object loader):
    if size < 1 or data[0] != 1:  # the version of the format
        return load_python(data, size, loader)
    value = _parse_json(data + 1, size - 1, loader)
    return load_python(data, size, loader) if value is NotImplemented else value


cdef object _parse_json(const char *data, Py_ssize_t size, object loader):
    """Return what well-formed JSON stands for, as `json.loads` would; NotImplemented for all else."""
    cdef str text
    if loader.loads is not _json_loads or not _is_plain_json(data, size):
        return NotImplemented
    try:
        text = PyUnicode_DecodeUTF8(data, size, "surrogatepass")
        value, end = _json_scan(text, 0)
    except (StopIteration, ValueError):
        return NotImplemented
    return value if end == len(text) else NotImplemented


cdef inline bint _is_plain_json(const char *data, Py_ssize_t size) noexcept nogil:
    """Whether `json.loads` would take bytes as UTF-8 without a byte order mark."""
    cdef Py_ssize_t i
    for i in range(min(size, 4)):
        if not 0 < <uint8_t> data[i] < 0x80:
            return False
    return True


# bit, macaddr, macaddr8

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


cdef object _new_macaddr(const char *data, int count):
    """Return so many bytes in hexadecimal, with colons between them."""
    cdef char[24] text
    cdef unsigned char byte
    cdef int i
    for i in range(count):
        byte = <unsigned char> data[i]
        text[3 * i] = _DIGITS[byte >> 4]
        text[3 * i + 1] = _DIGITS[byte & 15]
        text[3 * i + 2] = c":"
    return PyUnicode_DecodeASCII(text, 3 * count - 1, NULL)


cdef object load_macaddr(const char *data, Py_ssize_t size, object loader):
    return _new_macaddr(data, 6) if size == 6 else load_python(data, size, loader)


cdef object load_macaddr8(const char *data, Py_ssize_t size, object loader):
    return _new_macaddr(data, 8) if size == 8 else load_python(data, size, loader)


# inet

cdef object _new_address(type cls, object slot, object number):
    """Return an address of `ipaddress`, its attribute written without running its constructor."""
    address = PyType_GenericAlloc(cls, 0)
    howdah_set_slot(slot, address, number)
    # It refers to nothing that could refer back to it.
    PyObject_GC_UnTrack(address)
    return address


cdef object load_inet_text(const char *data, Py_ssize_t size, object loader):
    # Four numbers with points between them, and no mask.
    cdef uint32_t address = 0
    cdef int part = 0, parts = 0, digits = 0
    cdef Py_ssize_t i
    for i in range(size):
        if c"0" <= data[i] <= c"9" and digits < 3 and (digits == 0 or part != 0):
            part = 10 * part + (data[i] - c"0")
            digits += 1
        elif data[i] == c"." and digits and parts < 3 and part <= 255:
            address = address << 8 | <uint32_t> part
            parts += 1
            part = digits = 0
        else:
            return load_python(data, size, loader)
    if parts != 3 or not digits or part > 255:
        return load_python(data, size, loader)
    return _new_address(_IPv4Address, _ipv4_slot, PyLong_FromUnsignedLong(address << 8 | <uint32_t> part))


cdef object load_inet(const char *data, Py_ssize_t size, object loader):
    # The family, the length of the mask, whether it is a cidr, the size of the address.
    if size == 8 and data[0] == 2 and data[1] == 32 and data[3] == 4:
        return _new_address(_IPv4Address, _ipv4_slot, PyLong_FromUnsignedLong(get_uint32(data + 4)))
    if size == 20 and data[0] == 3 and <uint8_t> data[1] == 128 and data[3] == 16:
        address = _new_address(_IPv6Address, _ipv6_slot, howdah_int_from_16_bytes(data + 4))
        howdah_set_slot(_scope_slot, address, None)
        return address
    return load_python(data, size, loader)


cdef object load_enum(const char *data, Py_ssize_t size, object loader):
    cdef dict members = loader.members
    member = members.get(PyBytes_FromStringAndSize(data, size))
    return load_python(data, size, loader) if member is None else member


for _format in (0, 1):
    register_load(_format, "enum", load_enum)
    register_load(_format, "str", load_str)
    register_load(_format, "json", load_json)
register_load(0, "bytea", load_bytea_text)
register_load(0, "uuid", load_uuid_text)
register_load(1, "bytea", load_bytea)
register_load(1, "uuid", load_uuid)
register_load(1, "jsonb", load_jsonb)
register_load(1, "char", load_char_binary)
register_load(1, "bit", load_bit)
register_load(1, "macaddr", load_macaddr)
register_load(1, "macaddr8", load_macaddr8)
register_load(0, "inet", load_inet_text)
register_load(1, "inet", load_inet)
