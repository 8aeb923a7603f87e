# Loading date, time, timetz, timestamp, timestamptz and interval.
#
# Only ISO text is parsed here. Other DateStyles, infinities, and years outside of
# Python's range are left to the loader's Python method.
#
# Source: PostgreSQL documentation, "Date/Time Types".

cimport cpython.datetime as c
from libc.stdint cimport int32_t, int64_t

from howdah.native.adapters cimport load_python
from howdah_types._native.calendar cimport (
    FIRST_DAY, LAST_DAY, MICROSECONDS_PER_DAY, SECONDS_PER_DAY, Date, Time, date_from_days,
    day_of_microseconds, days_from_date, days_in_month, microseconds_from_time,
    time_from_microseconds
)
from howdah.native.byteorder cimport get_int32, get_int64

c.import_datetime()

# The maximum number of hours whose microseconds fit into 64 bits.
cdef int64_t MAX_HOURS = 2562047787


# Creating objects

cdef object _new_timestamp(int64_t microseconds, object tzinfo):
    """Return the datetime for a timestamp, or NotImplemented outside of Python's range."""
    cdef int64_t days = day_of_microseconds(microseconds)
    if not FIRST_DAY <= days <= LAST_DAY:
        return NotImplemented
    cdef Date d = date_from_days(<int32_t> days)
    cdef Time t = time_from_microseconds(microseconds - days * MICROSECONDS_PER_DAY)
    return c.datetime_new(d.year, d.month, d.day, t.hour, t.minute, t.second, t.microsecond, tzinfo)


cdef object _new_timestamptz(int64_t microseconds, object loader):
    """Return the aware datetime for a timestamptz, or NotImplemented outside of Python's range."""
    tzinfo = loader._timezone
    if tzinfo is loader._utc and tzinfo is not None:
        return _new_timestamp(microseconds, tzinfo)
    if tzinfo is None:
        return NotImplemented
    value = _new_timestamp(microseconds, tzinfo)
    if value is NotImplemented:
        return value
    try:
        value = tzinfo.fromutc(value)
    except (OverflowError, ValueError):
        return NotImplemented
    return value.replace(tzinfo=None) if loader._naive else value


cdef object _new_interval(int64_t months, int64_t days, int64_t microseconds):
    """Return the timedelta for an interval, or NotImplemented if it is too long.

    A year counts as 365 days and a month as 30.
    """
    cdef int64_t years = (months if months >= 0 else -months) // 12
    if months < 0:
        years = -years
    days += 30 * (months - 12 * years) + 365 * years
    cdef int64_t day = microseconds // MICROSECONDS_PER_DAY
    microseconds -= day * MICROSECONDS_PER_DAY
    days += day
    if not -999999999 < days < 999999999:
        return NotImplemented
    cdef int64_t seconds = microseconds // 1000000
    return c.timedelta_new(<int> days, <int> seconds, <int> (microseconds - seconds * 1000000))


# Parsing text

cdef struct DateText:
    const char *p
    const char *end


cdef inline bint _skip(DateText *text, char expected) noexcept nogil:
    """Read one character, if it is the expected one."""
    if text.p < text.end and text.p[0] == expected:
        text.p += 1
        return True
    return False


cdef inline int _read_number(DateText *text, int digits) noexcept nogil:
    """Read a number with exactly `digits` digits; return it, or -1."""
    cdef int value = 0
    cdef int i
    if text.end - text.p < digits:
        return -1
    for i in range(digits):
        if not c"0" <= text.p[i] <= c"9":
            return -1
        value = 10 * value + (text.p[i] - c"0")
    text.p += digits
    return value


cdef inline bint _read_date(DateText *text, Date *date) noexcept nogil:
    """Read YYYY-MM-DD; return whether it is valid and within Python's range."""
    date.year = _read_number(text, 4)
    if not _skip(text, c"-"):
        return False
    date.month = _read_number(text, 2)
    if not _skip(text, c"-"):
        return False
    date.day = _read_number(text, 2)
    return (
        date.year >= 1 and 1 <= date.month <= 12
        and 1 <= date.day <= days_in_month(date.year, date.month)
    )


cdef inline int _read_fraction(DateText *text) noexcept nogil:
    """Read an optional point with up to six digits; return the microseconds, or -1 if malformed."""
    cdef int value = 0
    cdef int digits = 0
    if not _skip(text, c"."):
        return 0
    while text.p < text.end and c"0" <= text.p[0] <= c"9":
        value = 10 * value + (text.p[0] - c"0")
        text.p += 1
        digits += 1
        if digits > 6:
            return -1
    if digits == 0:
        return -1
    while digits < 6:
        value *= 10
        digits += 1
    return value


cdef inline bint _read_time(DateText *text, Time *time) noexcept nogil:
    """Read HH:MM:SS[.ffffff]; return whether it is valid and within Python's range."""
    time.hour = _read_number(text, 2)
    if not _skip(text, c":"):
        return False
    time.minute = _read_number(text, 2)
    if not _skip(text, c":"):
        return False
    time.second = _read_number(text, 2)
    time.microsecond = _read_fraction(text)
    return 0 <= time.hour < 24 and 0 <= time.minute < 60 and 0 <= time.second < 60 and time.microsecond >= 0


cdef inline bint _read_offset(DateText *text, int *offset) noexcept nogil:
    """Read ±HH[:MM[:SS]] as seconds east of UTC; return whether it is valid and less than a day."""
    cdef bint west = text.p < text.end and text.p[0] == c"-"
    if not (_skip(text, c"-") or _skip(text, c"+")):
        return False
    cdef int hours = _read_number(text, 2)
    cdef int minutes = _read_number(text, 2) if _skip(text, c":") else 0
    cdef int seconds = _read_number(text, 2) if _skip(text, c":") else 0
    offset[0] = 3600 * hours + 60 * minutes + seconds
    if west:
        offset[0] = -offset[0]
    return 0 <= hours < 24 and 0 <= minutes < 60 and 0 <= seconds < 60


# date

cdef object load_date_text(const char *data, Py_ssize_t size, object loader):
    cdef DateText text = DateText(data, data + size)
    cdef Date d
    if not _read_date(&text, &d) or text.p != text.end:
        return load_python(data, size, loader)
    return c.date_new(d.year, d.month, d.day)


cdef object load_date(const char *data, Py_ssize_t size, object loader):
    cdef int32_t days
    cdef Date d
    if size != 4:
        return load_python(data, size, loader)
    days = get_int32(data)
    if not FIRST_DAY <= days <= LAST_DAY:
        return load_python(data, size, loader)
    d = date_from_days(days)
    return c.date_new(d.year, d.month, d.day)


# time

cdef object load_time_text(const char *data, Py_ssize_t size, object loader):
    cdef DateText text = DateText(data, data + size)
    cdef Time t
    if not _read_time(&text, &t) or text.p != text.end:
        return load_python(data, size, loader)
    return c.time_new(t.hour, t.minute, t.second, t.microsecond, None)


cdef object load_time(const char *data, Py_ssize_t size, object loader):
    if size != 8 or not 0 <= get_int64(data) < MICROSECONDS_PER_DAY:
        return load_python(data, size, loader)
    cdef Time t = time_from_microseconds(get_int64(data))
    return c.time_new(t.hour, t.minute, t.second, t.microsecond, None)


cdef object load_timetz_text(const char *data, Py_ssize_t size, object loader):
    cdef DateText text = DateText(data, data + size)
    cdef Time t
    cdef int offset = 0
    if not _read_time(&text, &t) or not _read_offset(&text, &offset) or text.p != text.end:
        return load_python(data, size, loader)
    tzinfo = c.timezone_new(c.timedelta_new(0, offset, 0))
    return c.time_new(t.hour, t.minute, t.second, t.microsecond, tzinfo)


cdef object load_timetz(const char *data, Py_ssize_t size, object loader):
    if size != 12 or not 0 <= get_int64(data) < MICROSECONDS_PER_DAY:
        return load_python(data, size, loader)
    cdef int64_t west = get_int32(data + 8)
    if not -SECONDS_PER_DAY < west < SECONDS_PER_DAY:
        return load_python(data, size, loader)
    cdef Time t = time_from_microseconds(get_int64(data))
    tzinfo = c.timezone_new(c.timedelta_new(0, <int> -west, 0))
    return c.time_new(t.hour, t.minute, t.second, t.microsecond, tzinfo)


# timestamp and timestamptz

cdef object load_timestamp_text(const char *data, Py_ssize_t size, object loader):
    cdef DateText text = DateText(data, data + size)
    cdef Date d
    cdef Time t
    if (
        not _read_date(&text, &d) or not _skip(&text, c" ")
        or not _read_time(&text, &t) or text.p != text.end
    ):
        return load_python(data, size, loader)
    return c.datetime_new(d.year, d.month, d.day, t.hour, t.minute, t.second, t.microsecond, None)


cdef object load_timestamp(const char *data, Py_ssize_t size, object loader):
    if size != 8:
        return load_python(data, size, loader)
    value = _new_timestamp(get_int64(data), None)
    return load_python(data, size, loader) if value is NotImplemented else value


cdef object load_timestamptz_text(const char *data, Py_ssize_t size, object loader):
    cdef DateText text = DateText(data, data + size)
    cdef Date d
    cdef Time t
    cdef int offset = 0
    if (
        not _read_date(&text, &d) or not _skip(&text, c" ") or not _read_time(&text, &t)
        or not _read_offset(&text, &offset) or text.p != text.end
    ):
        return load_python(data, size, loader)
    cdef int64_t microseconds = days_from_date(d.year, d.month, d.day) * MICROSECONDS_PER_DAY
    microseconds += microseconds_from_time(t.hour, t.minute, t.second, t.microsecond)
    microseconds -= <int64_t> offset * 1000000
    value = _new_timestamptz(microseconds, loader)
    return load_python(data, size, loader) if value is NotImplemented else value


cdef object load_timestamptz(const char *data, Py_ssize_t size, object loader):
    if size != 8:
        return load_python(data, size, loader)
    value = _new_timestamptz(get_int64(data), loader)
    return load_python(data, size, loader) if value is NotImplemented else value


# interval

cdef inline bint _skip_word(DateText *text, const char *word, Py_ssize_t length) noexcept nogil:
    """Read a word, with an optional plural s, and the space after it unless the text ends."""
    cdef Py_ssize_t i
    if text.end - text.p < length:
        return False
    for i in range(length):
        if text.p[i] != word[i]:
            return False
    text.p += length
    _skip(text, c"s")
    return text.p == text.end or _skip(text, c" ")


cdef inline bint _read_signed(DateText *text, int64_t *value) noexcept nogil:
    """Read a number of one to ten digits with an optional sign."""
    cdef bint negative = _skip(text, c"-")
    if not negative:
        _skip(text, c"+")
    cdef const char *first = text.p
    value[0] = 0
    while text.p < text.end and text.p - first < 10 and c"0" <= text.p[0] <= c"9":
        value[0] = 10 * value[0] + (text.p[0] - c"0")
        text.p += 1
    if negative:
        value[0] = -value[0]
    return text.p != first


cdef inline bint _read_clock(DateText *text, int64_t hours, int64_t *microseconds) noexcept nogil:
    """Read MM:SS[.ffffff], which follows the hours and ends the text."""
    cdef int minutes, seconds, fraction
    if hours > MAX_HOURS:
        return False
    minutes = _read_number(text, 2)
    if minutes < 0 or not _skip(text, c":"):
        return False
    seconds = _read_number(text, 2)
    fraction = _read_fraction(text)
    microseconds[0] = ((hours * 60 + minutes) * 60 + seconds) * 1000000 + fraction
    return seconds >= 0 and fraction >= 0 and text.p == text.end


cdef object load_interval_text(const char *data, Py_ssize_t size, object loader):
    # IntervalStyle postgres: [Y years] [M mons] [D days] [[-+]HH:MM:SS[.ffffff]]
    cdef DateText text = DateText(data, data + size)
    cdef const char *first = data
    cdef int64_t number = 0, months = 0, days = 0
    cdef bint negative
    cdef int64_t microseconds = 0
    if size == 0:
        return load_python(data, size, loader)
    while text.p != text.end:
        first = text.p
        negative = first[0] == c"-"
        if not _read_signed(&text, &number):
            return load_python(data, size, loader)
        if _skip(&text, c":"):
            if not _read_clock(&text, -number if negative else number, &microseconds):
                return load_python(data, size, loader)
            if negative:
                microseconds = -microseconds
        elif not _skip(&text, c" "):
            return load_python(data, size, loader)
        elif _skip_word(&text, b"year", 4):
            months += 12 * number
        elif _skip_word(&text, b"mon", 3):
            months += number
        elif _skip_word(&text, b"day", 3):
            days += number
        else:
            return load_python(data, size, loader)
    value = _new_interval(months, days, microseconds)
    return load_python(data, size, loader) if value is NotImplemented else value


cdef object load_interval(const char *data, Py_ssize_t size, object loader):
    if size != 16:
        return load_python(data, size, loader)
    value = _new_interval(get_int32(data + 12), get_int32(data + 8), get_int64(data))
    return load_python(data, size, loader) if value is NotImplemented else value
