"""Carrying bytes between a session and its socket: blocking, with asyncio, with TLS."""

include "blocking.pxi"
include "aio.pxi"
include "waiter.pxi"
include "loop_transport.pxi"
include "tls.pxi"
