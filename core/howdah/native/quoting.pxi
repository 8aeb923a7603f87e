# SQL literals.
#
# Twin of `howdah.adapt.quoting`.
#
# Source: PostgreSQL documentation, "Lexical Structure", "String Constants".

from libc.string cimport memmove

from howdah.native.strings cimport is_ascii

from howdah.adapt.encodings import embeds_ascii
from howdah.adapt.literals import cast_to


cdef int quote_text(Buffer out, Py_ssize_t start, DumperEntry entry) except -1:
    """Make an SQL literal of the text from `start` on, as `quote_literal` does."""
    cdef Py_ssize_t size = out.length - start
    cdef Py_ssize_t i, doubled = 0
    cdef bint escapes = False
    cdef const char *source
    cdef char *target
    cdef char byte
    source = out.data + start
    for i in range(size):
        byte = source[i]
        if byte == c"\\":
            escapes = True
            doubled += 1
        elif byte == c"'":
            doubled += 1
    if not is_ascii(source, size) and not _is_utf8_or_alike(entry.dumper):
        return 0
    # The space separates the E from a word in front of it.
    target = out.reserve(doubled + (4 if escapes else 2)) + doubled + (4 if escapes else 2)
    source = out.data + start + size
    target -= 1
    target[0] = c"'"
    if not doubled:
        memmove(out.data + start + 1, out.data + start, size)
        out.data[start] = c"'"
        return 1
    while source > out.data + start:
        source -= 1
        target -= 1
        target[0] = source[0]
        if source[0] == c"'" or source[0] == c"\\":
            target -= 1
            target[0] = source[0]
    (target - 1)[0] = c"'"
    if escapes:
        (target - 2)[0] = c"E"
        (target - 3)[0] = c" "
    return 1


cdef bint _is_utf8_or_alike(object dumper) except -1:
    """Return whether each byte of the ASCII range is a character in what a dumper returns."""
    # Only those whose `encoding` is UTF-8, or that have none, have their native functions called.
    return hasattr(dumper, "encoding") or not embeds_ascii(codec_of(getattr(dumper, "connection", None)))


cdef bytes prepare_literals(DumperEntry entry, object types, object context):
    """Find what makes literals of a dumper's values; return the cast for those that are strings."""
    cdef NativeAdapter quoted
    if not entry.format and entry.dump is not NULL:
        quoted = find_quote(type(entry.dumper))
        if quoted is not None:
            entry.quote = quoted.quote
    entry.cast = cast_to(entry.oid, types, None if context is None else context.connection)
    return entry.cast


LITERAL = native_quote(quote_text)
