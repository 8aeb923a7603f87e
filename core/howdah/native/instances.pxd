"""Creating instances of Python classes without running their constructors."""

cdef extern from *:
    """
    #include <structmember.h>

    /* Does what `object.__setattr__` does after it has found the slot. */
    static inline int howdah_set_slot(PyObject *slot, PyObject *instance, PyObject *value) {
        if (Py_TYPE(slot) == &PyMemberDescr_Type) {
            PyMemberDef *member = ((PyMemberDescrObject *) slot)->d_member;
            if (member->type == T_OBJECT_EX) {
                PyObject **place = (PyObject **) ((char *) instance + member->offset);
                PyObject *old = *place;
                Py_INCREF(value);
                *place = value;
                Py_XDECREF(old);
                return 0;
            }
        }
        return Py_TYPE(slot)->tp_descr_set(slot, instance, value);
    }
    """
    # The instance must be new: no other code may have a reference to it.
    int set_slot "howdah_set_slot" (object slot, object instance, object value) except -1
    object new_instance "PyType_GenericAlloc" (type cls, Py_ssize_t items)
    # For objects that cannot be part of a reference cycle.
    void untrack "PyObject_GC_UnTrack" (object obj)
