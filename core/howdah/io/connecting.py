"""Connecting: the order in which hosts, addresses and encryption are tried.

The logic is one connect operation (see `connect_sync`). `connect` runs it by
blocking the thread, `connect_async` on the event loop.

Source: PostgreSQL documentation, "Database Connection Control Functions".
"""

from __future__ import annotations

import errno
import ssl
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from howdah import errors
from howdah.io.addresses import locate
from howdah.io.attempt import Attempt, Connected, Unsuitable
from howdah.io.connect_sync import run
from howdah.protocol.credentials import AuthenticationFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from howdah.conninfo import Host
    from howdah.io.addresses import Address, OpenTransport
    from howdah.io.connect_sync import ConnectOperation
    from howdah.io.tls import TLSConfig
    from howdah.protocol.credentials import Method

__all__ = ["Connected", "connect", "connect_async"]

T = TypeVar("T")

#: The SQLSTATE classes of a server that is unavailable, so that another host is tried. After
#: any other error (wrong password, no such database) no other host is tried.
UNAVAILABLE = ("08", "53", "57", "58", "XX")

#: The SQLSTATE if pg_hba.conf has no entry for the user, or rejects the user.
NO_HBA_ENTRY = "28000"

#: Whether to use TLS, in the order of preference.
ENCRYPTIONS: Mapping[str, Sequence[bool]] = {
    "disable": (False,),
    "allow": (False, True),
    "prefer": (True, False),
    "require": (True,),
    "verify-ca": (True,),
    "verify-full": (True,),
}


def connect(
    resolved: Mapping[str, Any],
    hosts: Sequence[Host],
    *,
    authentication_methods: Mapping[int | str, Method] = {},
    open_transport: OpenTransport | None = None,
) -> Connected:
    """Open a session, blocking.

    Args:
        resolved: the connection parameters, from `howdah.conninfo.resolve`.
        hosts: the hosts to try, from `howdah.conninfo.hosts`.
        authentication_methods: further methods, by request code or SASL mechanism name (see
            `howdah.protocol.credentials`).
        open_transport: called with a host and the connection parameters (`host=`, `params=`), possibly in
            another thread; returns a connected stream socket, or None to connect as usual.

    Returns:
        The session.

    Raises:
        howdah.OperationalError: no connection could be opened; the message lists the attempts. If a server
            refused, the class is that of its SQLSTATE.
        howdah.errors.ConnectionTimeout: every attempt took longer than `connect_timeout`.
    """
    connected = run(_Connecting(resolved, hosts, authentication_methods, open_transport).run())
    connected.sock.setblocking(True)
    return connected


async def connect_async(
    resolved: Mapping[str, Any],
    hosts: Sequence[Host],
    *,
    authentication_methods: Mapping[int | str, Method] = {},
    open_transport: OpenTransport | None = None,
) -> Connected:
    """Open a session on the running event loop, as `connect` does."""
    from howdah.io.event_loop import running_event_loop

    return await running_event_loop().run(
        _Connecting(resolved, hosts, authentication_methods, open_transport).run()
    )


class _Connecting:
    """The state of one call of `connect` or `connect_async`: settings, and the failures so far."""

    def __init__(
        self,
        parameters: Mapping[str, Any],
        hosts: Sequence[Host],
        methods: Mapping[int | str, Method],
        open_transport: OpenTransport | None,
    ) -> None:
        self.parameters = parameters
        self.hosts = hosts
        self.methods = methods
        self.open_transport = open_transport
        self.failures: list[tuple[str, Exception]] = []

    @cached_property
    def _tls_config(self) -> TLSConfig:
        # The files are read once, on the first attempt with TLS.
        from howdah.io.tls import load_tls_config

        return load_tls_config(self.parameters)

    def tls_config(self) -> TLSConfig:
        """Return the TLS settings."""
        return self._tls_config

    def run(self) -> ConnectOperation[Connected]:
        """Try hosts and addresses until one is suitable."""
        attrs = self.parameters.get("target_session_attrs") or "any"
        for wanted in ("standby", "any") if attrs == "prefer-standby" else (attrs,):
            for host in self._ordered(self.hosts):
                connected = yield from self._try_host(host, wanted, self.open_transport)
                if connected is not None:
                    return connected
        raise self._failure() from self._best_failure()

    def _try_host(
        self, host: Host, attrs: str, open_transport: OpenTransport | None
    ) -> ConnectOperation[Connected | None]:
        """Try the addresses of one host; return None if another host may do.

        Raises:
            howdah.OperationalError: other hosts need not be tried.
        """
        try:
            found = yield from locate(host, self.parameters, self._deadline(), open_transport)
        except (errors.Error, OSError) as error:
            self.failures.append((f'at "{host.host or host.hostaddr}", port {host.port}', error))
            return None
        for address in self._ordered(found):
            try:
                return (yield from self._try(address, attrs))
            except (errors.Error, OSError) as error:
                if address.secured and self._encryption_optional(error):
                    return (yield from self._try_host(host, attrs, None))
                if _is_final(error):
                    raise self._failure() from self._best_failure()
                if isinstance(error, Unsuitable) or _sqlstate(error):
                    break  # the host's other addresses lead to the same server
        return None

    def _encryption_optional(self, error: Exception) -> bool:
        """Return whether to try a server without a plugin's encryption, as the server may allow only that."""
        return self.parameters.get("gssencmode") == "prefer" and _sqlstate(error) == NO_HBA_ENTRY

    def _try(self, address: Address, attrs: str) -> ConnectOperation[Connected]:
        """Try one address, with and without TLS as sslmode allows."""
        deadline = self._deadline()
        sslmode = "disable" if address.unix or address.secured else self.parameters.get("sslmode") or "prefer"
        first = len(self.failures)
        for encrypted in ENCRYPTIONS[sslmode]:
            attempt = Attempt(address, encrypted, deadline, self.parameters, self.tls_config, self.methods)
            try:
                return (yield from attempt.run(attrs))
            except (errors.Error, OSError) as error:
                # With and without TLS it may fail for the same reason.
                if _reason(error) not in [_reason(before) for _, before in self.failures[first:]]:
                    self.failures.append((str(address), error))
                if encrypted == ENCRYPTIONS[sslmode][-1] or not attempt.worth_other_encryption(error):
                    raise
        raise AssertionError("the last encryption returns or raises")

    def _ordered(self, choices: Sequence[T]) -> Sequence[T]:
        if self.parameters.get("load_balance_hosts") == "random":
            import random

            return random.sample(choices, len(choices))
        return choices

    def _deadline(self) -> float | None:
        timeout = self.parameters.get("connect_timeout") or 0
        return time.monotonic() + timeout if timeout > 0 else None

    def _failure(self) -> errors.OperationalError:
        """Return one error for all failures."""
        message = "\n".join(
            f"connection to server {where} failed: {_reason(error)}" for where, error in self.failures
        )
        if all(_timed_out(error) for _, error in self.failures):
            return errors.ConnectionTimeout(message)
        best = self._best_failure()
        if not isinstance(best, errors.Error) or best.sqlstate is None:
            return errors.OperationalError(message)
        failure = (type(best) if isinstance(best, errors.OperationalError) else errors.OperationalError)(
            message
        )
        failure.diag, failure.sqlstate = best.diag, best.sqlstate
        return failure

    def _best_failure(self) -> Exception:
        """Return the failure that best explains why there is no connection: usually the last one.

        If an address was tried with and without TLS, the server may allow only one of them. Its error for the
        other, a missing entry in pg_hba.conf, explains less than the failure before it.
        """
        where, last = self.failures[-1]
        if len(self.failures) > 1:
            place, before = self.failures[-2]
            if place == where and _sqlstate(before) and _sqlstate(last) in (None, NO_HBA_ENTRY):
                return before
        return last


def _sqlstate(error: Exception) -> str | None:
    """Return the SQLSTATE if the error is a server's ErrorResponse."""
    return error.sqlstate if isinstance(error, errors.Error) else None


def _is_final(error: Exception) -> bool:
    """Return whether an error makes it useless to try other hosts."""
    sqlstate = _sqlstate(error)
    return not sqlstate.startswith(UNAVAILABLE) if sqlstate else isinstance(error, AuthenticationFailed)


def _timed_out(error: Exception) -> bool:
    """Return whether `connect_timeout` expired, rather than a timeout of the operating system."""
    return isinstance(error, TimeoutError) and error.errno is None


#: What to check if there is no answer from an address.
_QUESTIONS = {
    errno.ECONNREFUSED: "is the server running, and does it listen on this address and port?",
    errno.ENOENT: "is the server running, and is its socket in this directory (unix_socket_directories), "
    "with this port?",
}


def _reason(error: Exception) -> str:
    if _timed_out(error):
        return "timeout expired"
    if isinstance(error, ssl.SSLError) and hasattr(error, "reason"):  # a plugin's has none
        return f"TLS error: {error.reason or error}"
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        question = _QUESTIONS.get(error.errno or 0)
        return f"{reason}; {question}" if question else reason
    return str(error)
