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

    /* A server near by answers sooner than a thread falls asleep and wakes up again, so that asking again and
       again takes less time, of the processor's too. For so many nanoseconds that is done at most; */
    #define HOWDAH_BRIEF 100000
    /* if in vain, the next so many waits begin asleep, at most: twice as many as the last time. */
    #define HOWDAH_WARY 64

    typedef struct {
        int wary;  /* how many waits begin asleep after a vain one */
        int left;  /* how many of these are left */
    } howdah_eagerness;

    /* Tell whether to be eager in this wait. */
    static int howdah_is_eager(howdah_eagerness *eagerness) {
        return !eagerness->left || !eagerness->left--;
    }

    /* The time, in nanoseconds. */
    static long long howdah_now(void) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec * 1000000000LL + now.tv_nsec;
    }

    /* Receive what comes within a brief time, awake. Returns as `howdah_receive`. */
    static ssize_t howdah_receive_eagerly(int fd, char *data, size_t size, howdah_eagerness *eagerness) {
        ssize_t received = howdah_receive(fd, data, size, 0);
        long long now = 0, end = 0;
        if (received == -EAGAIN) {
            end = howdah_now() + HOWDAH_BRIEF;
            do {
                sched_yield();
                received = howdah_receive(fd, data, size, 0);
                now = howdah_now();
            } while (received == -EAGAIN && now <= end);
        }
        /* On a busy machine others take long turns, and it is better to sleep until the server wakes us up:
           what comes late is as good as nothing. */
        if (now <= end) {
            eagerness->wary = 1;
            eagerness->left = 0;
        } else {
            if (eagerness->wary < HOWDAH_WARY)
                eagerness->wary *= 2;
            eagerness->left = eagerness->wary;
        }
        return received;
    }

    /* Receive, waiting for it. Returns as `howdah_receive`. */
    static ssize_t howdah_await(int fd, char *data, size_t size, howdah_eagerness *eagerness) {
        ssize_t received = -EAGAIN;
        if (howdah_is_eager(eagerness))
            received = howdah_receive_eagerly(fd, data, size, eagerness);
        return received == -EAGAIN ? howdah_receive(fd, data, size, 1) : received;
    }

    /* Waking up for each piece of 8 kB that a server sends costs it and us more than copying it:
       unless this much is there, what it sends may gather for some nanoseconds. */
    #define HOWDAH_MUCH 0x8000
    #define HOWDAH_NAP 100000

    /* Receive, waiting for it, from a server that sends one piece after the other. Returns as
       `howdah_receive`. */
    static ssize_t howdah_gather(int fd, char *data, size_t size) {
        struct timespec nap = {0, HOWDAH_NAP};
        ssize_t received = howdah_receive(fd, data, size, 0), more;
        if (received >= HOWDAH_MUCH || received == (ssize_t) size || (received <= 0 && received != -EAGAIN))
            return received;
        if (nanosleep(&nap, NULL) && received < 0)
            return -EINTR;
        if (received < 0)
            return howdah_receive(fd, data, size, 1);
        more = howdah_receive(fd, data + received, size - received, 0);
        return more > 0 ? received + more : received;
    }

    /* A signal that comes just before a system call does not interrupt it, so that none of
       them may last for ever: after this many milliseconds signals are looked for. */
    #define HOWDAH_PATIENCE 250

    /* Have receiving return EAGAIN when it has waited for too long. */
    static void howdah_limit_patience(int fd) {
        struct timeval limit = {0, HOWDAH_PATIENCE * 1000};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }

    /* Wait, but not too long, until there is something to receive or, with `write`, room to send.
       Returns whether there is something to receive, or the negative errno. */
    static int howdah_wait(int fd, int write) {
        struct pollfd waiting = {fd, (short) (POLLIN | (write ? POLLOUT : 0)), 0};
        if (poll(&waiting, 1, HOWDAH_PATIENCE) < 0)
            return -errno;
        return (waiting.revents & ~POLLOUT) != 0;
    }

    /* Take one off a count, for other threads to see after all that was done before. */
    static void howdah_give_back(int *lent) {
        __atomic_sub_fetch(lent, 1, __ATOMIC_RELEASE);
    }
    """
    ctypedef struct howdah_eagerness:
        int wary
        int left
    Py_ssize_t howdah_send(int fd, const char *data, size_t size) noexcept nogil
    Py_ssize_t howdah_receive(int fd, char *data, size_t size, bint wait) noexcept nogil
    Py_ssize_t howdah_gather(int fd, char *data, size_t size) noexcept nogil
    bint howdah_is_eager(howdah_eagerness *eagerness) noexcept nogil
    long long howdah_now() noexcept nogil
    Py_ssize_t howdah_receive_eagerly(int fd, char *data, size_t size, howdah_eagerness *eagerness) noexcept nogil
    Py_ssize_t howdah_await(int fd, char *data, size_t size, howdah_eagerness *eagerness) noexcept nogil
    void howdah_limit_patience(int fd) noexcept nogil
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
