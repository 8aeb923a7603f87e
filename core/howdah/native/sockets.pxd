"""Receiving and sending on a socket's file descriptor."""

from libc.errno cimport EBADF

cdef extern from *:
    """
    #include <errno.h>
    #include <poll.h>
    #include <sched.h>
    #include <sys/socket.h>
    #include <sys/time.h>
    #include <sys/types.h>
    #include <time.h>

    #ifndef MSG_NOSIGNAL
    #define MSG_NOSIGNAL 0  /* Python ignores SIGPIPE anyway */
    #endif

    /* Send without waiting. Returns how much, or the negative errno. */
    static ssize_t howdah_send(int fd, const char *data, size_t size) {
        ssize_t sent = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        return sent < 0 ? (errno == EWOULDBLOCK ? -EAGAIN : -errno) : sent;
    }

    /* Receive. Returns how much, 0 at the end of the stream, or the negative errno. */
    static ssize_t howdah_receive(int fd, char *data, size_t size, int wait) {
        ssize_t received = recv(fd, data, size, wait ? 0 : MSG_DONTWAIT);
        return received < 0 ? (errno == EWOULDBLOCK ? -EAGAIN : -errno) : received;
    }

    /* A wait spins, then blocks. A server nearby answers sooner than a thread can be suspended and resumed,
       so that polling the socket takes less wall time and less CPU time, for at most so many nanoseconds. */
    #define HOWDAH_SPIN_TIME 100000
    /* After a wait that spun in vain, the next waits block at once: twice as many as after the one before,
       and at most so many. */
    #define HOWDAH_MAX_BACKOFF 64

    typedef struct {
        int backoff;  /* how many waits do not spin after one that spun in vain */
        int skips;  /* how many of these are left */
    } howdah_spin_state;

    /* Return whether this wait may spin. */
    static int howdah_may_spin(howdah_spin_state *spin) {
        return !spin->skips || !spin->skips--;
    }

    /* Return the time of the monotonic clock, in nanoseconds. */
    static long long howdah_now(void) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec * 1000000000LL + now.tv_nsec;
    }

    /* Spin until something has been received, for a limited time. Returns as `howdah_receive`. */
    static ssize_t howdah_spin_receive(int fd, char *data, size_t size, howdah_spin_state *spin) {
        ssize_t received = howdah_receive(fd, data, size, 0);
        long long now = 0, end = 0;
        if (received == -EAGAIN) {
            end = howdah_now() + HOWDAH_SPIN_TIME;
            do {
                sched_yield();
                received = howdah_receive(fd, data, size, 0);
                now = howdah_now();
            } while (received == -EAGAIN && now <= end);
        }
        /* On a busy machine sched_yield() takes long, and blocking is better: an answer that comes late counts
           as none. */
        if (now <= end) {
            spin->backoff = 1;
            spin->skips = 0;
        } else {
            if (spin->backoff < HOWDAH_MAX_BACKOFF)
                spin->backoff *= 2;
            spin->skips = spin->backoff;
        }
        return received;
    }

    /* Receive, waiting for it: spin, then block. Returns as `howdah_receive`. */
    static ssize_t howdah_await(int fd, char *data, size_t size, howdah_spin_state *spin) {
        ssize_t received = -EAGAIN;
        if (howdah_may_spin(spin))
            received = howdah_spin_receive(fd, data, size, spin);
        return received == -EAGAIN ? howdah_receive(fd, data, size, 1) : received;
    }

    /* A server sends 8 kB at a time. Waking up for each piece costs both sides more than copying it, so
       that less than this much is left to accumulate for so many nanoseconds. */
    #define HOWDAH_ENOUGH 0x8000
    #define HOWDAH_GATHER_TIME 100000

    /* Receive, waiting for it, from a server that sends one piece after the other. Returns as
       `howdah_receive`. */
    static ssize_t howdah_gather(int fd, char *data, size_t size) {
        struct timespec nap = {0, HOWDAH_GATHER_TIME};
        ssize_t received = howdah_receive(fd, data, size, 0), more;
        if (received >= HOWDAH_ENOUGH || received == (ssize_t) size || (received <= 0 && received != -EAGAIN))
            return received;
        if (nanosleep(&nap, NULL) && received < 0)
            return -EINTR;
        if (received < 0)
            return howdah_receive(fd, data, size, 1);
        more = howdah_receive(fd, data + received, size - received, 0);
        return more > 0 ? received + more : received;
    }

    /* A signal that arrives just before a system call does not interrupt it. So no call may block for
       longer than this many milliseconds; then signals are checked. */
    #define HOWDAH_MAX_WAIT 250

    /* Make receiving return EAGAIN when it has waited for that long. */
    static void howdah_limit_wait(int fd) {
        struct timeval limit = {0, HOWDAH_MAX_WAIT * 1000};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }

    /* Wait, for a limited time, until there is something to receive or, with `write`, room to send.
       Returns whether there is something to receive, or the negative errno. */
    static int howdah_wait(int fd, int write) {
        struct pollfd waiting = {fd, (short) (POLLIN | (write ? POLLOUT : 0)), 0};
        if (poll(&waiting, 1, HOWDAH_MAX_WAIT) < 0)
            return -errno;
        return (waiting.revents & ~POLLOUT) != 0;
    }

    /* Decrement a count; a thread that sees it also sees everything that was done before. */
    static void howdah_give_back(int *lent) {
        __atomic_sub_fetch(lent, 1, __ATOMIC_RELEASE);
    }
    """
    ctypedef struct howdah_spin_state:
        int backoff
        int skips
    Py_ssize_t howdah_send(int fd, const char *data, size_t size) noexcept nogil
    Py_ssize_t howdah_receive(int fd, char *data, size_t size, bint wait) noexcept nogil
    Py_ssize_t howdah_gather(int fd, char *data, size_t size) noexcept nogil
    bint howdah_may_spin(howdah_spin_state *spin) noexcept nogil
    long long howdah_now() noexcept nogil
    Py_ssize_t howdah_spin_receive(int fd, char *data, size_t size, howdah_spin_state *spin) noexcept nogil
    Py_ssize_t howdah_await(int fd, char *data, size_t size, howdah_spin_state *spin) noexcept nogil
    void howdah_limit_wait(int fd) noexcept nogil
    int howdah_wait(int fd, bint write) noexcept nogil
    void howdah_give_back(int *lent) noexcept nogil


cdef inline int raise_os_error(Py_ssize_t error) except -1:
    """Raise the `OSError` for a negative errno."""
    import os

    raise OSError(-error, os.strerror(-error))


cdef inline int descriptor(object sock) except -1:
    """Return the file descriptor of a socket, which must be open."""
    cdef int fd = sock.fileno()
    if fd < 0:
        raise_os_error(-EBADF)
    return fd
