# TLS as a layer between a session and its socket.
#
# Twin of `howdah.io.tls_stream`, where the arguments are described.

from cpython.buffer cimport PyBuffer_FillInfo

from howdah.native.wire cimport Input, Output, Stream, Wire

# Imported with the first `TLSStream`, because many programs do not use TLS.
cdef object _SSLError = None
cdef object _SSLWantReadError = None

cdef enum:
    #: The maximum size of a receive, in bytes.
    RECEIVE_SIZE = 0x20000
    #: How much is encrypted ahead of sending, in bytes.
    SEND_SIZE = 0x10000


cdef class Piece:
    """Bytes in memory, with the buffer protocol."""

    cdef char *data
    cdef Py_ssize_t size

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.data, self.size, 1, flags)


cdef class TLSStream(Stream):
    """Encrypts the output of a session to TLS records, and decrypts records to its input."""

    cdef Wire session
    cdef Piece piece
    # The methods of an `ssl.SSLObject` and its two `ssl.MemoryBIO`s.
    cdef object incoming
    cdef object outgoing
    cdef object feed
    cdef object take
    cdef object read
    cdef object write
    cdef object pending
    # The exception of a signal handler during decryption.
    cdef object interruption

    def __init__(self, Wire session not None, tls, incoming, outgoing):
        global _SSLError, _SSLWantReadError
        if _SSLError is None:
            from ssl import SSLError, SSLWantReadError
            _SSLError = SSLError
            _SSLWantReadError = SSLWantReadError
        self.session = session
        self.piece = Piece.__new__(Piece)
        self.incoming = incoming
        self.outgoing = outgoing
        self.feed = incoming.write
        self.take = outgoing.read
        self.read = tls.read
        self.write = tls.write
        self.pending = tls.pending

    @property
    def output_size(self) -> int:
        """The number of bytes to send."""
        return self.size_to_send()

    def sent(self, Py_ssize_t size) -> None:
        """Remove the first `size` bytes of the output, which have been sent."""
        cdef Py_ssize_t records = min(size, self.unsent.length - self.unsent.start)
        self.unsent.check()
        self.unsent.take_off(records)
        if size > records:
            self.session.sent(size - records)

    # Output

    cdef Py_ssize_t size_to_send(self) noexcept:
        return Stream.size_to_send(self) + self.session.size_to_send()

    cdef Py_ssize_t fill_output(self) except -1:
        cdef Output plain = self.session.unsent
        cdef Output out = self.unsent
        while plain.length > plain.start and out.length - out.start < SEND_SIZE:
            out.check()
            self.encrypt(plain, min(SEND_SIZE, plain.length - plain.start))
        return plain.length - plain.start

    cdef int encrypt(self, Output plain, Py_ssize_t size) except -1:
        """Encrypt the first `size` bytes of the output."""
        cdef object interruption = None
        plain.lent += 1
        try:
            self.write(self.buffer(plain.data + plain.start, size))
        except _SSLError:
            raise
        except BaseException as e:
            # A signal handler raised it. If the bytes have been encrypted, they must not be encrypted twice.
            interruption = e
        finally:
            plain.lent -= 1
        if interruption is None or self.outgoing.pending:
            plain.take_off(size)
            records = <bytes> self.take()
            self.unsent.put(records, len(records))
        if interruption is not None:
            raise interruption
        return 0

    cdef Piece buffer(self, char *data, Py_ssize_t size):
        """Return an object with the buffer protocol for bytes in memory."""
        self.piece.data = data
        self.piece.size = size
        return self.piece

    cdef int drop_output(self) except -1:
        self.session.drop_output()
        return Stream.drop_output(self)

    # Input

    cdef int make_room(self) except -1:
        self.session.make_room()
        if not self.input.capacity:
            self.input.resize(RECEIVE_SIZE)
        return 0

    cdef int came_in(self, Py_ssize_t size) except -1:
        self.feed(self.buffer(self.input.data, size))
        try:
            # Everything must be processed: the socket does not become readable for data that is left here.
            while True:
                try:
                    self.decrypt_record()
                except _SSLWantReadError:
                    pass  # an incomplete record, or one without data
                if not self.incoming.pending:
                    break
        finally:
            self.session.came_in(0)
        if self.interruption is not None:
            interruption, self.interruption = self.interruption, None
            raise interruption
        return 0

    cdef int decrypt_record(self) except -1:
        """Append the data of the next record to the session's input."""
        cdef Input plain = self.session.input
        cdef Py_ssize_t left
        # Decrypt a single byte first: then the size of the record is known, and an exception of a signal handler
        # cannot lose it.
        plain.data[plain.length] = 0
        self.decrypt(1, plain.data + plain.length)
        left = self.left()
        while left:
            if left >= plain.capacity - plain.length:
                plain.grow(left + 1)  # with room for the first byte of the next record
            left -= self.decrypt(left, NULL)
        return 0

    cdef Py_ssize_t decrypt(self, Py_ssize_t size, const char *first) except -1:
        """Decrypt up to `size` bytes; return how many. `first` points to the first byte of a record, which was 0."""
        cdef Input plain = self.session.input
        cdef Py_ssize_t received
        try:
            received = self.read(size, plain)
        except (_SSLError, MemoryError):
            raise
        except BaseException as e:
            self.interruption = e
            received = size - self.left() if first is NULL else first[0] != 0 or self.left() > 0
        else:
            if not received:
                raise ConnectionResetError("the server closed the connection unexpectedly")
        plain.length += received
        return received

    cdef Py_ssize_t left(self) except -1:
        """Return how many decrypted bytes of the record are left."""
        while True:
            try:
                return self.pending()
            except BaseException as e:
                self.interruption = e
