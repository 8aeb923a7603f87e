"""Dates and times in PostgreSQL's units, days and microseconds from 2000-01-01, in the Gregorian calendar.

Source: PostgreSQL documentation, "Date/Time Types"; C. Neri, L. Schneider, "Euclidean affine functions and
their application to calendar algorithms" (2022).
"""

from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

cdef enum:
    #: 0001-01-01 and 9999-12-31, the first and the last date in Python.
    FIRST_DAY = -730119
    LAST_DAY = 2921939
    #: Days from 0000-03-01, where a 400-year cycle starts, to 2000-01-01.
    CYCLE_TO_EPOCH = 730425
    SECONDS_PER_DAY = 86400

cdef extern from *:
    """
    #define HOWDAH_MICROSECONDS_PER_DAY INT64_C(86400000000)
    """
    const int64_t MICROSECONDS_PER_DAY "HOWDAH_MICROSECONDS_PER_DAY"


cdef struct Date:
    int year, month, day


cdef struct Time:
    int hour, minute, second, microsecond


cdef inline Date date_from_days(int32_t days) noexcept nogil:
    """Return the date `days` after 2000-01-01, which must be between FIRST_DAY and LAST_DAY."""
    # The computation uses years that start on the first of March, so that the leap day is the last one.
    cdef uint32_t count = 4 * <uint32_t> (days + CYCLE_TO_EPOCH) + 3
    cdef uint32_t century = count // 146097
    cdef uint64_t years = <uint64_t> 2939745 * (count % 146097 | 3)
    cdef uint32_t day = <uint32_t> years // 2939745 // 4
    cdef uint32_t month = 2141 * day + 197913
    cdef bint next_year = day >= 306
    cdef Date date
    date.year = 100 * century + <uint32_t> (years >> 32) + next_year
    date.month = (month >> 16) - (12 if next_year else 0)
    date.day = (month & 0xFFFF) // 2141 + 1
    return date


cdef inline int32_t days_from_date(int year, int month, int day) noexcept nogil:
    """Return the days from 2000-01-01 to a date that is valid in Python."""
    cdef int shifted = month - 3
    if month <= 2:
        year -= 1
        shifted = month + 9
    return (
        365 * year + year // 4 - year // 100 + year // 400
        + (153 * shifted + 2) // 5 + day - 1 - CYCLE_TO_EPOCH
    )


cdef inline Time time_from_microseconds(int64_t microseconds) noexcept nogil:
    """Return the time of day, given microseconds since midnight (not negative, less than a day)."""
    cdef int seconds = <int> (microseconds // 1000000)
    cdef Time time
    time.microsecond = <int> (microseconds - <int64_t> seconds * 1000000)
    time.hour = seconds // 3600
    seconds -= time.hour * 3600
    time.minute = seconds // 60
    time.second = seconds - time.minute * 60
    return time


cdef inline int64_t microseconds_from_time(int hour, int minute, int second, int microsecond) noexcept nogil:
    """Return the microseconds from midnight to a time of day."""
    return (<int64_t> (hour * 60 + minute) * 60 + second) * 1000000 + microsecond


cdef inline int32_t day_of_microseconds(int64_t microseconds) noexcept nogil:
    """Return the day of a time in microseconds from 2000-01-01, rounded down."""
    cdef int64_t day = microseconds // MICROSECONDS_PER_DAY
    if day * MICROSECONDS_PER_DAY > microseconds:
        day -= 1  # C rounds toward zero
    return <int32_t> day


cdef inline int days_in_month(int year, int month) noexcept nogil:
    """Return the number of days of a month (1 to 12)."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31
