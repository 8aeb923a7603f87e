# Loading inet, cidr, macaddr and macaddr8.
#
# Source: PostgreSQL documentation, "Network Address Types"; for binary, PostgreSQL's
# src/backend/utils/adt/network.c, mac.c and mac8.c.

from cpython.long cimport PyLong_FromUnsignedLong
from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.stdint cimport uint32_t, uint64_t, uint8_t

from howdah.native.adapters cimport load_python
from howdah.native.instances cimport new_instance, set_slot, untrack
from howdah.native.byteorder cimport get_uint32, get_uint64, int_from_16_bytes, set_uint64

from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network

cdef type _IPv4Address = IPv4Address
cdef type _IPv4Interface = IPv4Interface
cdef type _IPv4Network = IPv4Network
cdef type _IPv6Address = IPv6Address
cdef type _IPv6Interface = IPv6Interface
cdef type _IPv6Network = IPv6Network
cdef object _ipv4_slot = IPv4Address.__dict__["_ip"]
cdef object _ipv6_slot = IPv6Address.__dict__["_ip"]
cdef object _scope_slot = IPv6Address.__dict__["_scope_id"]
#: The masks by their length; None until one is needed.
cdef list _ipv4_masks = [None] * 33
cdef list _ipv6_masks = [None] * 129
cdef const char *_DIGITS = "0123456789abcdef"


# macaddr, macaddr8

cdef object _new_macaddr(const char *data, int count):
    """Return bytes in hexadecimal, separated by colons."""
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


# inet, cidr

cdef struct Inet:
    # IPv4 uses only the low one.
    uint64_t high
    uint64_t low
    int bits


cdef enum:
    IPV4 = 2
    IPV6 = 3


# These functions create objects of `ipaddress` without running their constructors.

cdef object _set_ip(object address, int family, uint64_t high, uint64_t low):
    """Set the number of an address."""
    cdef char[16] data
    if family == IPV4:
        set_slot(_ipv4_slot, address, PyLong_FromUnsignedLong(<uint32_t> low))
    else:
        set_uint64(data, high)
        set_uint64(data + 8, low)
        set_slot(_ipv6_slot, address, int_from_16_bytes(data))
        set_slot(_scope_slot, address, None)
    return address


cdef object _new_address(int family, uint64_t high, uint64_t low):
    """Return an address."""
    address = new_instance(_IPv4Address if family == IPV4 else _IPv6Address, 0)
    _set_ip(address, family, high, low)
    # It cannot be part of a reference cycle.
    untrack(address)
    return address


cdef object _netmask(int family, int bits):
    """Return the mask with a number of bits, as an address."""
    cdef list masks = _ipv4_masks if family == IPV4 else _ipv6_masks
    mask = masks[bits]
    if mask is None:
        mask = masks[bits] = (IPv4Network if family == IPV4 else IPv6Network)((0, bits)).netmask
    return mask


cdef inline bint _is_plain(int family, int bits) noexcept:
    """Return whether networks have more than two addresses; others have an additional method."""
    return 0 <= bits <= (30 if family == IPV4 else 126)


cdef Inet _network_of(int family, Inet inet) noexcept:
    """Return an address without the host bits."""
    cdef int host = (32 if family == IPV4 else 128) - inet.bits
    if host >= 64:
        inet.low = 0
        inet.high = inet.high >> (host - 64) << (host - 64) if host < 128 else 0
    else:
        inet.low = inet.low >> host << host
    return inet


cdef object _new_network(int family, Inet inet):
    """Return a network, given its first address."""
    network = new_instance(_IPv4Network if family == IPV4 else _IPv6Network, 0)
    network.network_address = _new_address(family, inet.high, inet.low)
    network.netmask = _netmask(family, inet.bits)
    network._prefixlen = inet.bits
    return network


cdef object _new_interface(int family, Inet inet):
    """Return an interface, which is an address in a network."""
    interface = new_instance(_IPv4Interface if family == IPV4 else _IPv6Interface, 0)
    _set_ip(interface, family, inet.high, inet.low)
    interface.network = _new_network(family, _network_of(family, inet))
    interface.netmask = _netmask(family, inet.bits)
    interface._prefixlen = inet.bits
    return interface


cdef inline bint _ends_part(char character, int parts) noexcept:
    """Return whether a character ends a number, given how many precede it: a mask follows the fourth."""
    return character == (c"/" if parts == 3 else c".") and parts <= 3


cdef int _read_inet_text(const char *data, Py_ssize_t size, Inet *inet) noexcept:
    """Read an IPv4 address in dotted notation, and the length of the mask, -1 if there is none."""
    cdef int part = 0, parts = 0, digits = 0
    cdef Py_ssize_t i
    inet.high = inet.low = 0
    inet.bits = -1
    for i in range(size):
        if c"0" <= data[i] <= c"9" and digits < 3 and (digits == 0 or part != 0):
            part = 10 * part + (data[i] - c"0")
            digits += 1
        elif _ends_part(data[i], parts) and digits and part <= 255:
            inet.low = inet.low << 8 | <uint64_t> part
            parts += 1
            part = digits = 0
        else:
            return 0
    if not digits:
        return 0
    if parts == 3 and part <= 255:
        inet.low = inet.low << 8 | <uint64_t> part
    elif parts == 4 and part <= 32:
        inet.bits = part
    else:
        return 0
    return 1


cdef int _read_inet(const char *data, Py_ssize_t size, Inet *inet) noexcept:
    """Read an address with its mask; return its family, 0 if it is malformed."""
    # The family, the length of the mask, whether it is a cidr, the size of the address.
    if size < 4:
        return 0
    inet.bits = <uint8_t> data[1]
    if size == 8 and data[0] == IPV4 and data[3] == 4 and inet.bits <= 32:
        inet.high = 0
        inet.low = get_uint32(data + 4)
        return IPV4
    if size == 20 and data[0] == IPV6 and data[3] == 16 and inet.bits <= 128:
        inet.high = get_uint64(data + 4)
        inet.low = get_uint64(data + 12)
        return IPV6
    return 0


cdef object load_inet_text(const char *data, Py_ssize_t size, object loader):
    cdef Inet inet
    if not _read_inet_text(data, size, &inet):
        return load_python(data, size, loader)
    if inet.bits < 0:
        return _new_address(IPV4, 0, inet.low)
    return _new_interface(IPV4, inet) if _is_plain(IPV4, inet.bits) else load_python(data, size, loader)


cdef object load_inet(const char *data, Py_ssize_t size, object loader):
    cdef Inet inet
    cdef int family = _read_inet(data, size, &inet)
    if family and inet.bits == (32 if family == IPV4 else 128):
        return _new_address(family, inet.high, inet.low)
    if family and _is_plain(family, inet.bits):
        return _new_interface(family, inet)
    return load_python(data, size, loader)


cdef object _load_network(int family, Inet inet):
    """Return a network; None to leave it to Python, if it has few addresses or host bits."""
    cdef Inet network
    if not _is_plain(family, inet.bits):
        return None
    network = _network_of(family, inet)
    if network.high != inet.high or network.low != inet.low:
        return None
    return _new_network(family, inet)


cdef object load_cidr_text(const char *data, Py_ssize_t size, object loader):
    cdef Inet inet
    value = _load_network(IPV4, inet) if _read_inet_text(data, size, &inet) else None
    return load_python(data, size, loader) if value is None else value


cdef object load_cidr(const char *data, Py_ssize_t size, object loader):
    cdef Inet inet
    cdef int family = _read_inet(data, size, &inet)
    value = _load_network(family, inet) if family else None
    return load_python(data, size, loader) if value is None else value
