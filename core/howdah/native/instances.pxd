"""Instances of Python's classes, made without running their constructors."""

cdef extern from *:
    """
    #include <structmember.h>

    /* What `object.__setattr__` does once it has found the slot. */
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
    # The instance must be new: nobody else may know it yet.
    int set_slot "howdah_set_slot" (object slot, object instance, object value) except -1
    object new_instance "PyType_GenericAlloc" (type cls, Py_ssize_t items)
    # For what refers to nothing that could refer back to it.
    void untrack "PyObject_GC_UnTrack" (object obj)
