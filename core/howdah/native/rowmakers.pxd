"""Row makers: what makes the rows that a program asks for of the tuples that were decoded."""


cdef list make_rows(object make_row, list rows)
