# cython: boundscheck=False, wraparound=False
"""The hot part of a session: its buffers, and the messages of every query.

Twin of `howdah.protocol.wire`.

Whatever calls Python code - `on_message`, loaders, an exchange's `notify` - may find the session
changed afterwards: all state is in the objects, and nothing keeps a pointer across such a call
but `decode_row`, which therefore keeps the session from being entered.
"""

from cpython.buffer cimport PyBUF_SIMPLE, Py_buffer, PyBuffer_FillInfo, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from libc.stdint cimport uint16_t, uint32_t
from libc.string cimport memchr, memcmp, memcpy, memmove

from howdah.native.adapters cimport Buffer, EncodedParams, RowDecoder, set_depth
from howdah.native.byteorder cimport get_uint32, set_uint16, set_uint32
from howdah.native.exchange cimport CopyExchange, CountedExchange, Exchange, QueryExchange

from struct import pack

from howdah.errors import Error
from howdah.pq import ExecStatus, TransactionStatus
from howdah.protocol.messages import ProtocolViolation, check_length, cstring

cdef object _COMMAND_OK = ExecStatus.COMMAND_OK
cdef object _TUPLES_OK = ExecStatus.TUPLES_OK
cdef object _COPY_IN = ExecStatus.COPY_IN
cdef object _IDLE = TransactionStatus.IDLE
cdef object _INTRANS = TransactionStatus.INTRANS
cdef object _INERROR = TransactionStatus.INERROR

cdef enum:
    #: The size of a receive in bytes, at first, and when results have become large.
    RECEIVE_SIZE = 0x10000
    LARGE_RECEIVE_SIZE = 0x40000
    #: If less space than this is free, in bytes, the input grows before a receive.
    LEAST_ROOM = 0x2000
    #: After how many small answers in a row no large one is expected.
    SMALL_ANSWERS = 16
    #: The size of the output buffer that is kept after use, in bytes.
    KEPT_OUTPUT = 0x4000
    #: After this many bytes of COPY data, in messages that are shorter, more data is expected.
    STREAM_SIZE = 0x10000
    #: The initial capacity of the ring of steps.
    SMALLEST_RING = 16
    MAX_LENGTH = 0x3FFFFFFF
    MAX_SHORT_LENGTH = 30000

# What an empty buffer points to.
cdef char _nothing = 0

# The members of `Step`; its module cannot be imported before this one.
cdef tuple _steps = None


cdef object _step(int step):
    """Return the member of `Step` with this value."""
    global _steps
    if _steps is None:
        from howdah.protocol.exchange import STEPS

        _steps = STEPS
    return _steps[step]


cdef inline Py_ssize_t _longest(int code) noexcept:
    """Return the maximum length of a message of this kind."""
    # DataRow, CopyData, RowDescription, ParameterDescription, FunctionCallResponse,
    # ErrorResponse, NoticeResponse, NotificationResponse
    if code in (c"D", c"d", c"T", c"t", c"V", c"E", c"N", c"A"):
        return MAX_LENGTH
    return MAX_SHORT_LENGTH


cdef inline Py_ssize_t _length(int code, const char *message) except -1:
    """Return the length that the head of a message gives, without the byte of its kind."""
    cdef uint32_t length = get_uint32(message + 1)
    if length < 4 or length > _longest(code):
        raise ProtocolViolation(
            f"the server sent a message of kind {chr(code)!r} with the impossible length {length}"
        )
    return length


cdef int _append(Buffer buffer, object data) except -1:
    """Append the bytes of an object with the buffer protocol."""
    cdef Py_buffer view
    if PyBytes_CheckExact(data):
        buffer.put(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
        return 0
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        buffer.put(<const char *> view.buf, view.len)
    finally:
        PyBuffer_Release(&view)
    return 0


cdef class LentBuffer(Buffer):
    """A buffer that lends its memory, to memoryviews and to the operating system."""

    cdef int check(self) except -1:
        """Raise an error if the memory is lent."""
        if self.lent:
            raise BufferError("the session's buffer is in use: release its memoryview first")
        return 0

    cdef int move_to_front(self) except -1:
        """Drop the bytes that have been processed."""
        if self.start:
            self.length -= self.start
            memmove(self.data, self.data + self.start, self.length)
            self.start = 0
        return 0

    cdef int resize(self, Py_ssize_t capacity) except -1:
        """Change the size of the memory, to at least that of its content; 0 frees it."""
        cdef char *data = NULL
        self.check()
        if capacity:
            data = <char *> PyMem_Realloc(self.data, capacity)
            if data is NULL:
                raise MemoryError(f"cannot allocate {capacity} bytes")
        else:
            PyMem_Free(self.data)
        self.data = data
        self.capacity = capacity
        return 0

    cdef int grow(self, Py_ssize_t size) except -1:
        self.check()
        self.move_to_front()
        if size >= self.capacity - self.length:
            Buffer.grow(self, size)
        return 0

    def __releasebuffer__(self, Py_buffer *view):
        self.lent -= 1


cdef class Output(LentBuffer):
    """The bytes to be sent; with the buffer protocol, those that are left."""

    cdef int take_off(self, Py_ssize_t size) except -1:
        """Drop the first `size` bytes, which have been sent."""
        self.start += size
        if self.start == self.length and not self.lent:
            self.start = self.length = 0
            if self.capacity > KEPT_OUTPUT:
                self.resize(0)
        return 0

    def __getbuffer__(self, Py_buffer *view, int flags):
        cdef char *data = &_nothing if self.data is NULL else self.data
        PyBuffer_FillInfo(view, self, data + self.start, self.length - self.start, 1, flags)
        self.lent += 1


cdef class Input(LentBuffer):
    """The received bytes that are not yet processed; with the buffer protocol, the free space after them.

    Its size depends on the bytes that have arrived, never on the length in the header of a message.
    """

    cdef int make_room(self) except -1:
        """Make space for a receive."""
        cdef Py_ssize_t capacity
        self.move_to_front()
        if (self.filled or (self.large and not self.capacity)) and self.capacity < LARGE_RECEIVE_SIZE:
            self.resize(LARGE_RECEIVE_SIZE)
        elif self.capacity - self.length < LEAST_ROOM:
            capacity = max(2 * self.capacity, RECEIVE_SIZE)
            if self.length + LEAST_ROOM <= self.wanted + LEAST_ROOM < capacity:
                capacity = self.wanted + LEAST_ROOM
            self.resize(capacity)
        self.filled = False
        return 0

    cdef int shrink(self) except -1:
        """Free the memory of a large answer, if the buffer is empty.

        The answer of the next connection goes there: it is still in the processor's cache.
        """
        if self.length or self.lent:
            return 0
        if self.most > LEAST_ROOM:
            self.large = SMALL_ANSWERS
        elif self.large:
            self.large -= 1
        self.most = 0
        if self.capacity > RECEIVE_SIZE:
            self.resize(0)
            self.filled = False
        return 0

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.data + self.length, self.capacity - self.length, 0, flags)
        self.lent += 1


cdef class Stream:
    """The bytes of a connection: those that have been received, and those to be sent."""

    def __cinit__(self):
        self.input = Input.__new__(Input)
        self.unsent = Output.__new__(Output)
        self.limited = -1
        self.spin.backoff = 1

    cdef Py_ssize_t size_to_send(self) noexcept:
        """The number of bytes to send."""
        return self.unsent.length - self.unsent.start

    cdef Py_ssize_t fill_output(self) except -1:
        """Fill the output with the bytes to be sent next; return how many follow them."""
        return 0

    cdef int drop_output(self) except -1:
        """Drop the output, because the connection is broken."""
        return self.unsent.take_off(self.unsent.length - self.unsent.start)

    cdef int make_room(self) except -1:
        """Make space in the input for a receive."""
        raise NotImplementedError

    cdef int came_in(self, Py_ssize_t size) except -1:
        """Process the `size` bytes that were received after the input."""
        raise NotImplementedError

    cdef int paused(self) noexcept:
        """Note that nothing more has arrived."""
        return 0

    cdef bint streaming(self) noexcept:
        """Whether the server is sending a stream of COPY data."""
        return False


cdef class Wire(Stream):
    """Input and output buffers of one session, and the steps not yet answered.

    Attributes:
        transaction_status: the status in the last ReadyForQuery.
        transactions: how many transactions have ended: the same number means
            that it is still the same transaction.
        committed: whether a commit has been counted whose ReadyForQuery has not come yet.
        skipping: whether the server skips messages that are written now, up to a Sync.
        lost: why the session has ended, None while it is usable.
        dealt_with: whether the last message counts as processed although the loader or the handler
            that it was passed to has raised a `BaseException`.
    """

    def __cinit__(self):
        self.transaction_status = _IDLE
        self.arrived = []
        self.set_ring_size(SMALLEST_RING)

    def __dealloc__(self):
        PyMem_Free(self.steps)

    # Output

    def write(self, data) -> None:
        """Append whole messages to the output."""
        self.unsent.check()
        _append(self.unsent, data)

    def output(self) -> memoryview:
        """Return the bytes to be sent; release the view before anything else is written."""
        return memoryview(self.unsent)

    def sent(self, Py_ssize_t size) -> None:
        """Remove the first `size` bytes of the output, which have been sent."""
        self.unsent.check()
        if size < 0:
            raise ValueError(f"cannot have sent {size} bytes")
        self.unsent.take_off(min(size, self.unsent.length - self.unsent.start))

    @property
    def output_size(self) -> int:
        """The number of bytes to be sent."""
        return self.size_to_send()

    def bind(
        self, Exchange exchange not None, bytes portal not None, bytes statement not None, parameters,
        result_formats=(),
    ) -> None:
        """Write a Bind message."""
        cdef Output out = self.unsent
        cdef Py_ssize_t portal_size = _name_size(portal, "the portal's name")
        cdef Py_ssize_t statement_size = _name_size(statement, "the statement's name")
        cdef const char *section
        cdef Py_ssize_t section_size, size
        cdef bytes formats = pack_formats(result_formats)
        cdef char *p
        if parameters is None:
            parameters = b"\0\0\0\0"
        elif not isinstance(parameters, EncodedParams):
            parameters = _pack_parameters(parameters)
        if isinstance(parameters, EncodedParams):
            section = (<EncodedParams> parameters).section()
            section_size = (<EncodedParams> parameters).section_size()
        else:
            section = PyBytes_AS_STRING(parameters)
            section_size = PyBytes_GET_SIZE(parameters)
        out.check()
        size = portal_size + statement_size + section_size + PyBytes_GET_SIZE(formats)
        check_length(size)
        self.add_step(BIND, exchange)
        p = out.reserve(5 + size)
        p[0] = c"B"
        set_uint32(p + 1, <uint32_t> (size + 4))
        p += 5
        memcpy(p, PyBytes_AS_STRING(portal), portal_size)
        p += portal_size
        memcpy(p, PyBytes_AS_STRING(statement), statement_size)
        p += statement_size
        memcpy(p, section, section_size)
        p += section_size
        memcpy(p, PyBytes_AS_STRING(formats), PyBytes_GET_SIZE(formats))

    def execute(self, Exchange exchange not None, bytes portal not None=b"", max_rows=0) -> None:
        """Write an Execute message for at most `max_rows` rows; 0 for all."""
        cdef Output out = self.unsent
        cdef Py_ssize_t portal_size = _name_size(portal, "the portal's name")
        cdef uint32_t limit = max_rows
        cdef char *p
        out.check()
        self.add_step(EXECUTE, exchange)
        p = out.reserve(9 + portal_size)
        p[0] = c"E"
        set_uint32(p + 1, <uint32_t> (8 + portal_size))
        memcpy(p + 5, PyBytes_AS_STRING(portal), portal_size)
        set_uint32(p + 5 + portal_size, limit)

    def sync(self, Exchange exchange not None) -> None:
        """Write a Sync message."""
        self.unsent.check()
        self.add_step(SYNC, exchange)
        self.unsent.put(b"S\0\0\0\4", 5)

    # Steps

    def expect(self, int step, Exchange exchange not None) -> None:
        """Add a step of `exchange` that the server is to answer."""
        if not 0 <= step < STEPS:
            raise ValueError(f"{step} is not a step")
        self.add_step(step, exchange)

    def head(self) -> tuple | None:
        """Return the step that the server answers next."""
        if not self.count:
            return None
        return _step(self.steps[self.first]), self.exchanges[self.first]

    def tail(self) -> tuple | None:
        """Return the step that the server answers last."""
        cdef Py_ssize_t place = (self.first + self.count - 1) & (len(self.exchanges) - 1)
        if not self.count:
            return None
        return _step(self.steps[place]), self.exchanges[place]

    def mark(self) -> None:
        """Remember what has been written so far; nothing may be sent until `rewind`."""
        self.set_mark()

    cdef int set_mark(self) noexcept:
        """Do as `mark` does."""
        self.marked_size = self.unsent.length - self.unsent.start
        self.marked_count = self.count
        return 0

    def rewind(self) -> None:
        """Drop what has been written since `mark`: an interruption may have left it incomplete."""
        cdef Exchange exchange
        cdef Py_ssize_t place
        self.unsent.check()
        self.unsent.length = min(self.unsent.length, self.unsent.start + self.marked_size)
        while self.count > self.marked_count:
            self.count -= 1
            place = (self.first + self.count) & (len(self.exchanges) - 1)
            exchange = self.exchanges[place]
            self.exchanges[place] = None
            exchange.pending -= 1
            if not exchange.pending:
                exchange.skip()

    def settle(self) -> None:
        """Remove the step at the head, which has been answered."""
        self.settle_head()

    cdef int add_step(self, int step, Exchange exchange) except -1:
        """Do as `expect` does."""
        cdef Py_ssize_t size, end
        if self.skipping:
            if step != SYNC:
                exchange.skip()
                return 0
            self.skipping = False
        size = len(self.exchanges)
        if self.count == size:
            self.set_ring_size(2 * size)
            size *= 2
        end = (self.first + self.count) & (size - 1)
        self.steps[end] = <unsigned char> step
        self.exchanges[end] = exchange
        exchange.pending += 1
        exchange.ready = exchange.done = False
        self.count += 1
        return 0

    cdef int set_ring_size(self, Py_ssize_t size) except -1:
        """Change the size of the ring, which must be full or empty."""
        cdef list exchanges
        cdef Py_ssize_t i, place
        cdef unsigned char *steps = <unsigned char *> PyMem_Malloc(size)
        if steps is NULL:
            raise MemoryError
        try:
            exchanges = [None] * size
        except:
            PyMem_Free(steps)
            raise
        for i in range(self.count):
            place = (self.first + i) & (self.count - 1)
            steps[i] = self.steps[place]
            exchanges[i] = self.exchanges[place]
        PyMem_Free(self.steps)
        self.steps = steps
        self.exchanges = exchanges
        self.first = 0
        return 0

    cdef int settle_head(self) except -1:
        """Do as `settle` does."""
        cdef Exchange exchange
        cdef Py_ssize_t size = len(self.exchanges)
        if not self.count:
            raise IndexError("no step waits for an answer")
        # The ring contains only exchanges: `add_step` accepts nothing else.
        exchange = <Exchange> self.exchanges[self.first]
        self.exchanges[self.first] = None
        self.first = (self.first + 1) & (size - 1)
        self.count -= 1
        self.settled += 1
        if not self.count and size > SMALLEST_RING:
            self.set_ring_size(SMALLEST_RING)
        exchange.settle()
        return 0

    # Input

    def receive_buffer(self) -> memoryview:
        """Return the buffer for a receive; `received` must follow."""
        self.take_arrived()
        self.make_room()
        return memoryview(self.input)

    def take_off(self, piece) -> None:
        """Take a slice that begins at 0 off what is to be sent, which may be lent."""
        cdef Py_ssize_t size = piece.stop
        self.unsent.take_off(max(0, min(size, self.unsent.length - self.unsent.start)))

    def take_in(self, data) -> None:
        """Append bytes to the input; `feed` must follow."""
        self.input.check()
        _append(self.input, data)

    cdef int take_arrived(self) except -1:
        """Process the bytes that Python code has received into the buffer."""
        cdef Py_ssize_t size
        while self.arrived:
            size = self.arrived.pop(0)
            if not 0 <= size <= self.input.capacity - self.input.length:
                raise ValueError(f"{size} bytes cannot have come into the buffer")
            self.input.length += size
        return 0

    def received(self, Py_ssize_t size) -> None:
        """Process the `size` bytes that were received into the buffer."""
        self.check_entry()
        self.came_in(size)

    def feed(self, data) -> None:
        """Process `data`, bytes that the server sent."""
        self.check_entry()
        self.input.check()
        self.take_arrived()
        _append(self.input, data)
        self.pump()

    def on_message(self, int code, bytes body) -> None:
        """Process a message that is not part of the hot path."""
        raise NotImplementedError

    cdef int check_entry(self) except -1:
        """Raise an error if a row is being decoded, because loaders must not use the session."""
        if self.decoding:
            raise RuntimeError("the connection cannot be used by what loads the values of its rows")
        return 0

    cdef int make_room(self) except -1:
        self.check_entry()
        return self.input.make_room()

    cdef int paused(self) noexcept:
        self.streamed = 0
        return 0

    cdef bint streaming(self) noexcept:
        return self.streamed >= STREAM_SIZE and self.input.wanted < STREAM_SIZE

    cdef int came_in(self, Py_ssize_t size) except -1:
        if not 0 <= size <= self.input.capacity - self.input.length:
            raise ValueError(f"{size} bytes cannot have come into the buffer")
        self.input.length += size
        self.input.filled = self.input.length == self.input.capacity
        self.pump()
        return 0

    cdef int pump(self) except -1:
        """Process the messages that have arrived completely."""
        cdef Input data = self.input
        cdef const char *p
        cdef Py_ssize_t size, end = 0
        cdef int code = 0
        cdef long settled = 0
        self.dealt_with = False
        data.most = max(data.most, data.length)
        try:
            data.wanted = 0
            while data.length - data.start >= 5:
                p = data.data + data.start
                code = <unsigned char> p[0]
                size = 1 + _length(code, p)
                if size > data.length - data.start:
                    data.wanted = size
                    break
                if code == c"D" and self.takes_rows():
                    end = 0
                    self.data_rows(<QueryExchange> self.exchanges[self.first])
                    continue
                data.start = end = data.start + size
                settled = self.settled
                self.process(code, p + 5, size - 5)
        except Error:
            raise
        except:
            # Interrupted: the message is processed again, unless it has had its effect.
            if end and data.start == end and not self.dealt_with and (settled == self.settled or code == c"E"):
                data.start -= size
            raise
        finally:
            data.move_to_front()
            if not self.count:
                data.shrink()
        return 0

    cdef int process(self, int code, const char *body, Py_ssize_t size) except -1:
        """Process one message; `body` is valid until Python code runs."""
        cdef Exchange exchange
        cdef int step
        if self.count:
            step = self.steps[self.first]
            exchange = <Exchange> self.exchanges[self.first]
            if code == c"D":
                if expects_row(step, exchange):
                    return self.data_row(<QueryExchange> exchange, body, size) if exchange.keeps_rows else 0
            elif code == c"d":
                if expects_data(exchange):
                    return self.copy_data(<CopyExchange> exchange, body, size)
            elif code == c"2":
                if step == BIND and not size:
                    return self.settle_head()
            elif code == c"C":
                if ends_execute(step, body, size):
                    return self.command_complete(exchange, body, size - 1)
            elif code == c"Z":
                if ends_sync(step, body, size):
                    return self.ready_for_query(body[0])
        self.streamed = 0
        self.on_message(code, PyBytes_FromStringAndSize(body, size))
        return 0

    cdef int command_complete(self, Exchange exchange, const char *tag, Py_ssize_t size) except -1:
        """End a command's result."""
        if type(exchange) is CountedExchange and (<CountedExchange> exchange).count_again(tag, size):
            return self.settle_head()
        if size == 6 and not memcmp(tag, b"COMMIT", 6):
            self.count_commit()
        elif size == 19 and not memcmp(tag, b"PREPARE TRANSACTION", 19):
            self.count_commit()
        exchange.conclude(
            _COMMAND_OK if exchange.fields is None else _TUPLES_OK, PyBytes_FromStringAndSize(tag, size)
        )
        return self.settle_head()

    def count_commit(self) -> None:
        """Count a transaction that is committed: the next one may begin before ReadyForQuery."""
        self.transactions += 1
        self.committed = True

    cdef int ready_for_query(self, char status) except -1:
        """Keep the status of the transaction."""
        self.transaction_status = _IDLE if status == c"I" else _INTRANS if status == c"T" else _INERROR
        self.transactions += status == c"I" and not self.committed
        self.committed = False
        return self.settle_head()

    cdef bint takes_rows(self) noexcept:
        """Whether rows are allowed now, and are only to be decoded and kept."""
        cdef Exchange exchange
        if not self.count:
            return False
        exchange = <Exchange> self.exchanges[self.first]
        return (
            exchange.keeps_rows
            and expects_row(self.steps[self.first], exchange)
            and type((<QueryExchange> exchange).decoder) is RowDecoder
            and (<QueryExchange> exchange).failure is None
            and not (<QueryExchange> exchange).streaming
        )

    cdef int data_rows(self, QueryExchange exchange) except -1:
        """Keep all rows that have arrived, up to another message; meanwhile the input must not move."""
        cdef Input data = self.input
        cdef RowDecoder decoder = <RowDecoder> exchange.decoder
        cdef list rows = exchange.rows
        cdef const char *p = data.data + data.start
        cdef const char *end = data.data + data.length
        cdef uint32_t length = 0
        cdef int former = set_depth(0)
        self.decoding = True
        try:
            while end - p >= 5 and p[0] == c"D":
                length = get_uint32(p + 1)
                if length < 4 or length > MAX_LENGTH or <Py_ssize_t> length >= end - p:
                    break
                data.start += 1 + <Py_ssize_t> length
                rows.append(decoder.decode_next(p + 5, length - 4))
                p += 1 + length
                if exchange.rows is not rows or exchange.decoder is not decoder or exchange.failure is not None:
                    break  # what loads values has changed what becomes of the rows
        except ProtocolViolation:
            raise
        except Exception as e:
            # An error of the loader, not of the session: raised when the row is fetched.
            exchange.failure = decoder.explain(e)
            if exchange.failure is not e:
                exchange.failure.__cause__ = e
        except BaseException as e:
            self.leave_rows(exchange, e, PyBytes_FromStringAndSize(p + 5, length - 4))
            raise
        finally:
            self.decoding = False
            set_depth(former)
        return 0

    cdef int data_row(self, QueryExchange exchange, const char *body, Py_ssize_t size) except -1:
        """Keep a row, which another class decodes, or which is streamed or left out."""
        if exchange.failure is None:
            decoder = exchange.decoder
            try:
                exchange.rows.append(self.decode_row(decoder, body, size))
            except ProtocolViolation:
                raise
            except Exception as e:
                # An error of the loader, not of the session: raised when the row is fetched.
                exchange.failure = e
            except BaseException as e:
                self.leave_rows(exchange, e, PyBytes_FromStringAndSize(body, size))
                raise
        if exchange.streaming:
            # It has had its effect, even if an interruption comes now.
            self.settled += 1
            exchange.wake()
        return 0

    cdef int leave_rows(self, QueryExchange exchange, object interruption, bytes body) except -1:
        """Stop decoding, beginning with the row in `body`: the next row could be interrupted in the same way."""
        if not exchange.keeping:
            exchange.failure = interruption
        else:
            exchange.decoder = None
            exchange.rows.append(body)
        self.dealt_with = True
        return 0

    cdef int copy_data(self, CopyExchange exchange, const char *body, Py_ssize_t size) except -1:
        """Keep COPY data, together with that of the following messages: there is one for each row."""
        if exchange.keep_messages:
            self.streamed += self.keep_messages(exchange, body, size)
        else:
            self.streamed += self.join_messages(exchange, body, size)
        # It has had its effect, even if an interruption comes now.
        self.settled += 1
        exchange.wake()
        return 0

    cdef Py_ssize_t keep_messages(self, CopyExchange exchange, const char *body, Py_ssize_t size) except -1:
        """Keep each message of COPY data that has arrived; return their size, in bytes."""
        cdef Input data = self.input
        cdef const char *p = data.data + data.start
        cdef const char *end = data.data + data.length
        cdef Py_ssize_t total = size
        cdef uint32_t length
        exchange.copied.append(PyBytes_FromStringAndSize(body, size))
        while end - p >= 5 and p[0] == c"d":
            length = get_uint32(p + 1)
            if length < 4 or length > MAX_LENGTH or length > <size_t> (end - p - 1):
                break
            exchange.copied.append(PyBytes_FromStringAndSize(p + 5, length - 4))
            total += length - 4
            p += length + 1
            data.start += length + 1
        return total

    cdef Py_ssize_t join_messages(self, CopyExchange exchange, const char *body, Py_ssize_t size) except -1:
        """Keep the COPY data that has arrived, as one chunk; return its size, in bytes."""
        cdef Input data = self.input
        cdef const char *p = data.data + data.start
        cdef const char *end = data.data + data.length
        cdef Py_ssize_t total = size, count = 0
        cdef uint32_t length
        cdef bytes block
        cdef char *out
        while end - p >= 5 and p[0] == c"d":
            length = get_uint32(p + 1)
            if length < 4 or length > MAX_LENGTH or length > <size_t> (end - p - 1):
                break
            total += length - 4
            count += 1
            p += length + 1
        block = PyBytes_FromStringAndSize(NULL, total)
        out = PyBytes_AS_STRING(block)
        memcpy(out, body, size)
        out += size
        for _ in range(count):
            p = data.data + data.start
            length = get_uint32(p + 1)
            memcpy(out, p + 5, length - 4)
            out += length - 4
            data.start += length + 1
        exchange.copied.append(block)
        return total

    cdef object decode_row(self, object decoder, const char *body, Py_ssize_t size):
        """Return the row in the body of a DataRow; meanwhile the input must not move."""
        if decoder is None:
            return PyBytes_FromStringAndSize(body, size)
        self.decoding = True
        try:
            if isinstance(decoder, RowDecoder):
                return (<RowDecoder> decoder).decode_row(body, size)
            return decoder.decode(PyBytes_FromStringAndSize(body, size))
        finally:
            self.decoding = False


cdef inline bint expects_row(int step, Exchange exchange) noexcept:
    """Whether a row is allowed now: in the simple protocol, after its description."""
    return step == EXECUTE or (step == QUERY and exchange.fields is not None)


cdef inline bint expects_data(Exchange exchange) except -1:
    """Whether COPY data is allowed now."""
    return exchange.copies and exchange.copy is not None and exchange.copy.direction is not _COPY_IN


cdef inline bint ends_execute(int step, const char *body, Py_ssize_t size) noexcept:
    """Whether CommandComplete is allowed now, and its body is a string that ends with NUL."""
    return step == EXECUTE and size > 0 and not body[size - 1]


cdef inline bint ends_sync(int step, const char *body, Py_ssize_t size) noexcept:
    """Whether ReadyForQuery is allowed now, and its body is the status of a transaction."""
    return step == SYNC and size == 1 and body[0] in (c"I", c"T", c"E")


cdef Py_ssize_t _name_size(bytes name, str what) except -1:
    """Return the size of a name in bytes, with the NUL that ends it; `what` describes it in errors."""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(name)
    if memchr(PyBytes_AS_STRING(name), 0, size) is not NULL:
        cstring(name, what)  # raises the error
    return size + 1


cdef bytes pack_formats(object formats):
    """Return the result formats' part of a Bind message."""
    cdef Py_ssize_t count = len(formats)
    if not count:
        return b"\0\0"
    if count == 1:
        format = formats[0]
        if format == 1:
            return b"\0\1\0\1"
    return pack(f"!H{count}H", count, *formats)


cdef bytes _pack_parameters(object parameters):
    """Return the parameters' part of a Bind message."""
    cdef Buffer out = Buffer.__new__(Buffer)
    cdef Py_buffer view
    formats, values = parameters.formats, parameters.values
    if len(values) > 0xFFFF:
        raise ProtocolViolation("a statement can have at most 65535 parameters")
    _append(out, pack(f"!H{len(formats)}HH", len(formats), *formats, len(values)))
    for value in values:
        if value is None:
            out.put_uint32(0xFFFFFFFF)
        else:
            value = memoryview(value)
            check_length(out.length + value.nbytes)
            _append(out, value.nbytes.to_bytes(4, "big"))
            _append(out, value)
    return PyBytes_FromStringAndSize(out.data, out.length)
