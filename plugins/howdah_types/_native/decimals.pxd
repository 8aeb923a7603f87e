"""Creating `Decimal` objects without formatting them as text first.

The memory layout of `Decimal` is private to Python. `decimals_known` checks, before the first object is
created, that it is the layout in this module.
"""

from libc.stdint cimport uint64_t

cdef extern from *:
    """
    #include <stdint.h>

    /* Source: Modules/_decimal/_decimal.c and libmpdec/mpdecimal.h of CPython 3.10 to 3.14. */
    typedef struct {
        PyObject_HEAD
        Py_hash_t hash;
        uint8_t flags;
        Py_ssize_t exponent;
        Py_ssize_t digits;
        Py_ssize_t length;
        Py_ssize_t capacity;
        uint64_t *coefficient;
        uint64_t words[4];
    } howdah_decimal;

    enum { HOWDAH_DECIMAL_NEGATIVE = 1 };

    /* The flags that all objects with a coefficient of one word have in common. */
    static uint8_t howdah_decimal_flags;

    static int howdah_decimal_is(PyObject *obj, int negative, uint64_t coefficient, int digits, int exponent) {
        howdah_decimal *d = (howdah_decimal *) obj;
        return d->hash == -1
            && d->flags == (howdah_decimal_flags | (negative ? HOWDAH_DECIMAL_NEGATIVE : 0))
            && d->exponent == exponent && d->digits == digits && d->length == 1 && d->capacity == 4
            && d->coefficient == d->words && d->words[0] == coefficient;
    }

    static PyObject *howdah_new_decimal(
        PyTypeObject *type, int negative, uint64_t coefficient, int digits, int exponent
    ) {
        PyObject *obj = type->tp_alloc(type, 0);
        howdah_decimal *d = (howdah_decimal *) obj;
        if (obj == NULL)
            return NULL;
        if (PyType_IS_GC(type))
            PyObject_GC_UnTrack(obj);
        d->hash = -1;
        d->flags = howdah_decimal_flags | (negative ? HOWDAH_DECIMAL_NEGATIVE : 0);
        d->exponent = exponent;
        d->digits = digits;
        d->length = 1;
        d->capacity = 4;
        d->coefficient = d->words;
        d->words[0] = coefficient;
        return obj;
    }

    static int howdah_decimals_known(PyTypeObject *type) {
        static const struct { const char *text; int negative; uint64_t coefficient; int digits, exponent; } known[] = {
            {"0", 0, 0, 1, 0}, {"-1", 1, 1, 1, 0}, {"0.00", 0, 0, 1, -2}, {"-12.50", 1, 1250, 4, -2},
            {"9E+12", 0, 9, 1, 12}, {"-0.001234567890123456789", 1, UINT64_C(1234567890123456789), 19, -21},
            {"9999999999999999999", 0, UINT64_C(9999999999999999999), 19, 0},
        };
        size_t i;
        if (type->tp_basicsize != sizeof(howdah_decimal) || type->tp_itemsize != 0)
            return 0;
        for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
            PyObject *obj = PyObject_CallFunction((PyObject *) type, "s", known[i].text);
            int same;
            if (obj == NULL)
                return -1;
            if (i == 0)
                howdah_decimal_flags = ((howdah_decimal *) obj)->flags;
            same = howdah_decimal_is(
                obj, known[i].negative, known[i].coefficient, known[i].digits, known[i].exponent
            );
            Py_DECREF(obj);
            if (!same)
                return 0;
        }
        return 1;
    }
    """
    #: Whether `new_decimal` may be called; must be called first.
    bint decimals_known "howdah_decimals_known" (type decimal) except -1
    #: Returns the Decimal with a sign, a coefficient below 10**19, its number of digits, and an exponent.
    object new_decimal "howdah_new_decimal" (type decimal, bint negative, uint64_t coefficient, int digits, int exponent)
