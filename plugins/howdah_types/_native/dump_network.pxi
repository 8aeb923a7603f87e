# Dumping the addresses, interfaces and networks of `ipaddress`.
#
# Every function handles objects of exactly these classes. Scopes, which PostgreSQL lacks, are left to Python.
#
# Source: PostgreSQL documentation, "Network Address Types"; the binary layout is that of `inet_recv`:
# the family, the length of the mask, whether it is a cidr, the size of the address, and the address.

from libc.stdint cimport uint32_t, uint64_t

from howdah.native.adapters cimport Buffer, DumperEntry, put_value


cdef int _put_ipv4(uint32_t address, Buffer out) except -1:
    """Append an address in dotted notation."""
    cdef char[16] text
    cdef char *p = text
    cdef int shift, part
    for shift in range(24, -8, -8):
        part = address >> shift & 0xFF
        if part > 99:
            p[0] = <char> (c"0" + part // 100)
            p += 1
        if part > 9:
            p[0] = <char> (c"0" + part // 10 % 10)
            p += 1
        p[0] = <char> (c"0" + part % 10)
        p[1] = c"."
        p += 2
    out.put(text, p - text - 1)
    return 0


cdef int dump_inet_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cls = type(obj)
    if cls is _IPv4Address:
        _put_ipv4(<uint32_t> obj._ip, out)
        return 1
    if cls is _IPv6Address or cls is _IPv6Interface:
        if obj._scope_id is not None:
            return 0
    elif cls is not _IPv4Interface and cls is not _IPv4Network and cls is not _IPv6Network:
        return 0
    put_value(out, str(obj))
    return 1


cdef int _put_inet(int family, int bits, bint is_cidr, object number, Buffer out) except -1:
    cdef char *p = out.reserve(4)
    p[0] = <char> family
    p[1] = <char> bits
    p[2] = is_cidr
    p[3] = 4 if family == 2 else 16
    if family == 2:
        out.put_uint32(<uint32_t> number)
    else:
        out.put_uint64(<uint64_t> (number >> 64))
        out.put_uint64(<uint64_t> (number & 0xFFFFFFFFFFFFFFFF))
    return 1


cdef int dump_inet(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cls = type(obj)
    if cls is _IPv4Address:
        return _put_inet(2, 32, False, obj._ip, out)
    if cls is _IPv4Interface:
        return _put_inet(2, obj._prefixlen, False, obj._ip, out)
    if (cls is _IPv6Address or cls is _IPv6Interface) and obj._scope_id is None:
        return _put_inet(3, 128 if cls is _IPv6Address else obj._prefixlen, False, obj._ip, out)
    return 0


cdef int dump_cidr(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cls = type(obj)
    if cls is not _IPv4Network and cls is not _IPv6Network:
        return 0
    return _put_inet(2 if cls is _IPv4Network else 3, obj._prefixlen, True, obj.network_address._ip, out)
