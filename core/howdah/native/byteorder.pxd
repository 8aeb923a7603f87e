"""Integers and floats in network order, read from and written to memory.

Compilers recognize the shifts as a single load or store with a byte swap.
Nothing here depends on the machine's byte order or on alignment.
"""

from libc.stdint cimport int16_t, int32_t, int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy


cdef extern from *:
    """
    static CYTHON_INLINE PyObject *howdah_int_from_16_bytes(const char *data) {
    #if PY_VERSION_HEX >= 0x030D0000
        return PyLong_FromNativeBytes(data, 16,
            Py_ASNATIVEBYTES_BIG_ENDIAN | Py_ASNATIVEBYTES_UNSIGNED_BUFFER);
    #else
        return _PyLong_FromByteArray((const unsigned char *) data, 16, 0, 0);
    #endif
    }
    """
    object int_from_16_bytes "howdah_int_from_16_bytes" (const char *data)


cdef inline uint16_t get_uint16(const char *p) noexcept nogil:
    cdef const unsigned char *u = <const unsigned char *> p
    return (<uint16_t> u[0] << 8) | u[1]


cdef inline uint32_t get_uint32(const char *p) noexcept nogil:
    cdef const unsigned char *u = <const unsigned char *> p
    return (<uint32_t> u[0] << 24) | (<uint32_t> u[1] << 16) | (<uint32_t> u[2] << 8) | u[3]


cdef inline uint64_t get_uint64(const char *p) noexcept nogil:
    return (<uint64_t> get_uint32(p) << 32) | get_uint32(p + 4)


cdef inline int16_t get_int16(const char *p) noexcept nogil:
    return <int16_t> get_uint16(p)


cdef inline int32_t get_int32(const char *p) noexcept nogil:
    return <int32_t> get_uint32(p)


cdef inline int64_t get_int64(const char *p) noexcept nogil:
    return <int64_t> get_uint64(p)


cdef inline float get_float4(const char *p) noexcept nogil:
    cdef uint32_t bits = get_uint32(p)
    cdef float value
    memcpy(&value, &bits, 4)
    return value


cdef inline double get_float8(const char *p) noexcept nogil:
    cdef uint64_t bits = get_uint64(p)
    cdef double value
    memcpy(&value, &bits, 8)
    return value


cdef inline void set_uint16(char *p, uint16_t value) noexcept nogil:
    p[0] = <char> (value >> 8)
    p[1] = <char> value


cdef inline void set_uint32(char *p, uint32_t value) noexcept nogil:
    p[0] = <char> (value >> 24)
    p[1] = <char> (value >> 16)
    p[2] = <char> (value >> 8)
    p[3] = <char> value


cdef inline void set_uint64(char *p, uint64_t value) noexcept nogil:
    set_uint32(p, <uint32_t> (value >> 32))
    set_uint32(p + 4, <uint32_t> value)


cdef inline void set_float8(char *p, double value) noexcept nogil:
    cdef uint64_t bits
    memcpy(&bits, &value, 8)
    set_uint64(p, bits)
