"""Instances of Python's classes, made without running their constructors."""

cdef extern from *:
    """
    /* What `object.__setattr__` does once it has found the slot. */
    static int howdah_set_slot(PyObject *slot, PyObject *instance, PyObject *value) {
        return Py_TYPE(slot)->tp_descr_set(slot, instance, value);
    }
    """
    int set_slot "howdah_set_slot" (object slot, object instance, object value) except -1
    object new_instance "PyType_GenericAlloc" (type cls, Py_ssize_t items)
    # For what refers to nothing that could refer back to it.
    void untrack "PyObject_GC_UnTrack" (object obj)
