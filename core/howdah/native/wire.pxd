"""The hot part of a session: its buffers, and the messages of every query."""

from howdah.native.adapters cimport Buffer
from howdah.native.exchange cimport CopyExchange, Exchange, QueryExchange
from howdah.native.sockets cimport howdah_spin_state

# The values of `howdah.protocol.exchange.Step` that native code handles.
cdef enum:
    BIND = 1
    EXECUTE = 4
    SYNC = 6
    QUERY = 7
    STEPS = 9


cdef class LentBuffer(Buffer):
    # The bytes from `start` to `length` are not yet processed.
    cdef Py_ssize_t start
    # How many users have a pointer into the buffer; its memory must not move meanwhile.
    cdef int lent

    cdef int check(self) except -1
    cdef int move_to_front(self) except -1
    cdef int resize(self, Py_ssize_t capacity) except -1


cdef class Output(LentBuffer):
    cdef int take_off(self, Py_ssize_t size) except -1


cdef class Input(LentBuffer):
    # The size of the message that has arrived in part, 0 if it is unknown.
    cdef Py_ssize_t wanted
    # Whether the last receive filled all of the free space.
    cdef bint filled
    # The most bytes that were in it at once, of the present answer.
    cdef Py_ssize_t most
    # For how many more small answers a large one is expected.
    cdef int large

    cdef int make_room(self) except -1
    cdef int shrink(self) except -1


cdef class Stream:
    cdef Input input
    cdef Output unsent
    # The blocking socket whose receive timeout has been set, -1 if none.
    cdef int limited
    # Whether the next wait for the server spins before it blocks.
    cdef howdah_spin_state spin

    cdef Py_ssize_t size_to_send(self) noexcept
    cdef Py_ssize_t fill_output(self) except -1
    cdef int drop_output(self) except -1
    cdef int make_room(self) except -1
    cdef int came_in(self, Py_ssize_t size) except -1
    cdef int paused(self) noexcept
    cdef bint streaming(self) noexcept


cdef class Wire(Stream):
    cdef public object transaction_status
    cdef public long transactions
    cdef public bint committed
    cdef public bint skipping
    cdef public object lost
    cdef public bint dealt_with
    # A ring of the steps not yet answered: `count` of them, the first one at `first`. It has
    # a power of two as its size.
    cdef unsigned char *steps
    cdef list exchanges
    cdef Py_ssize_t first
    cdef Py_ssize_t count
    cdef bint decoding
    # The sizes of the receives of Python code into the buffer.
    cdef readonly list arrived
    # How many steps have been answered.
    cdef long settled
    # What had been written when `mark` was called: how much was to be sent, and how many steps were not answered.
    cdef Py_ssize_t marked_size
    cdef Py_ssize_t marked_count
    # The size in bytes of the COPY data received since another message, or since a receive got nothing.
    cdef Py_ssize_t streamed

    cdef int take_arrived(self) except -1
    cdef int set_mark(self) noexcept
    cdef int add_step(self, int step, Exchange exchange) except -1
    cdef int set_ring_size(self, Py_ssize_t size) except -1
    cdef int settle_head(self) except -1
    cdef int check_entry(self) except -1
    cdef int pump(self) except -1
    cdef int process(self, int code, const char *body, Py_ssize_t size) except -1
    cdef int copy_data(self, CopyExchange exchange, const char *body, Py_ssize_t size) except -1
    cdef Py_ssize_t keep_messages(self, CopyExchange exchange, const char *body, Py_ssize_t size) except -1
    cdef Py_ssize_t join_messages(self, CopyExchange exchange, const char *body, Py_ssize_t size) except -1
    cdef int command_complete(self, Exchange exchange, const char *tag, Py_ssize_t size) except -1
    cdef int ready_for_query(self, char status) except -1
    cdef bint takes_rows(self) noexcept
    cdef int data_rows(self, QueryExchange exchange) except -1
    cdef int data_row(self, QueryExchange exchange, const char *body, Py_ssize_t size) except -1
    cdef int leave_rows(self, QueryExchange exchange, object interruption, bytes body) except -1
    cdef object decode_row(self, object decoder, const char *body, Py_ssize_t size)


cdef bytes pack_formats(object formats)
