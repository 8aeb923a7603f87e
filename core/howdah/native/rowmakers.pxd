"""Row makers, which turn decoded tuples into the rows that a program asks for."""


cdef list make_rows(object make_row, list rows)
