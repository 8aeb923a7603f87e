"""SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, and the preparation of passwords.

Source: RFC 5802, RFC 7677, RFC 5929 (tls-server-end-point), RFC 4013
(SASLprep); PostgreSQL documentation, "SASL Authentication".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import stringprep
import unicodedata
from functools import partial
from typing import TYPE_CHECKING, Any

from howdah import errors
from howdah.protocol.credentials import (
    SASL_CONTINUE,
    SASL_FINAL,
    AuthenticationFailed,
    AuthenticationRequest,
    Conversation,
    Credentials,
    Work,
)

if TYPE_CHECKING:
    from collections.abc import Generator

#: About a second of work, 500 times PostgreSQL's default: more would be a denial of service.
MAX_ITERATIONS = 2_000_000
#: Up to this number the work is too short to be worth a worker thread.
_FEW_ITERATIONS = 10_000


def scram_sha_256(options: Credentials, data: bytes) -> Conversation:
    """SCRAM-SHA-256 without channel binding."""
    return _scram(options, b"n,,", b"")


def scram_sha_256_unadvertised(options: Credentials, data: bytes) -> Conversation:
    """SCRAM-SHA-256 for a server without channel binding: says whether the client could have used it."""
    able = options.end_point is not None and options.channel_binding != "disable"
    return _scram(options, b"y,," if able else b"n,,", b"")


def scram_sha_256_plus(options: Credentials, data: bytes) -> Conversation:
    """SCRAM-SHA-256-PLUS, bound to the server's certificate."""
    return _scram(options, b"p=tls-server-end-point,,", options.end_point or b"")


def _scram(options: Credentials, header: bytes, binding: bytes) -> Conversation:
    if options.scram_client_key is None or options.scram_server_key is None:
        yield from options.obtain_secret()  # raises before anything is sent
    nonce = base64.b64encode(secrets.token_bytes(18))
    client_first_bare = b"n=,r=" + nonce  # the server takes the user's name from StartupMessage

    server_first = _data((yield header + client_first_bare), SASL_CONTINUE)
    server_nonce, salt, iterations = parse_server_first(server_first, nonce)
    client_key, server_key = yield from _keys(options, salt, iterations)

    client_final_bare = b"c=" + base64.b64encode(header + binding) + b",r=" + server_nonce
    signed = b",".join((client_first_bare, server_first, client_final_bare))
    signature = _hmac(hashlib.sha256(client_key).digest(), signed)
    proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))

    server_final = _data((yield client_final_bare + b",p=" + base64.b64encode(proof)), SASL_FINAL)
    if server_final.startswith(b"e="):
        raise AuthenticationFailed(
            f"the server reports a SCRAM error: {server_final[2:].decode('utf-8', 'replace')}"
        )
    attribute = server_final.split(b",")[0]
    if not attribute.startswith(b"v="):
        raise _malformed("server-final-message")
    if not hmac.compare_digest(_decoded(attribute[2:], "server signature"), _hmac(server_key, signed)):
        raise AuthenticationFailed(
            "the server's SCRAM signature is wrong: it does not know the password, and may be an impostor"
        )


def parse_server_first(message: bytes, nonce: bytes) -> tuple[bytes, bytes, int]:
    """Read a server-first-message.

    Args:
        message: the message.
        nonce: the client's nonce.

    Returns:
        The whole nonce, the salt, and the number of iterations.

    Raises:
        howdah.OperationalError: it is malformed, or answers another client's message.
    """
    parts = message.split(b",")
    if len(parts) < 3 or [part[:2] for part in parts[:3]] != [b"r=", b"s=", b"i="]:
        raise _malformed("server-first-message")
    whole, salt, count = (part[2:] for part in parts[:3])
    if not whole.startswith(nonce) or len(whole) == len(nonce):
        raise errors.OperationalError("the server's SCRAM nonce does not continue the client's")
    if not (count.isdigit() and len(count) <= 10 and 1 <= int(count) <= MAX_ITERATIONS):
        raise errors.OperationalError(
            "the server asks for an unreasonable number of SCRAM iterations:"
            f" from 1 to {MAX_ITERATIONS} are done"
        )
    return whole, _decoded(salt, "salt"), int(count)


def saslprep(password: str) -> str:
    """Prepare a password as PostgreSQL does: by SASLprep, or unchanged where SASLprep fails.

    Args:
        password: the password.

    Returns:
        The prepared password.
    """
    if password.isascii():
        return password
    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char
        for char in password
        # PostgreSQL takes the zero width space, which is in both tables, for a space.
        if stringprep.in_table_c12(char) or not stringprep.in_table_b1(char)
    )
    prepared = unicodedata.normalize("NFKC", mapped)
    if not prepared or any(_prohibited(char) for char in prepared):
        return password
    if any(map(stringprep.in_table_d1, prepared)) and (
        any(map(stringprep.in_table_d2, prepared))
        or not (stringprep.in_table_d1(prepared[0]) and stringprep.in_table_d1(prepared[-1]))
    ):
        return password
    return prepared


def _prohibited(char: str) -> bool:
    return (
        stringprep.in_table_a1(char)
        or stringprep.in_table_c12(char)
        or stringprep.in_table_c21_c22(char)
        or stringprep.in_table_c3(char)
        or stringprep.in_table_c4(char)
        or stringprep.in_table_c5(char)
        or stringprep.in_table_c6(char)
        or stringprep.in_table_c7(char)
        or stringprep.in_table_c8(char)
        or stringprep.in_table_c9(char)
    )


def _keys(
    options: Credentials, salt: bytes, iterations: int
) -> Generator[bytes | Work, Any, tuple[bytes, bytes]]:
    client_key, server_key = options.scram_client_key, options.scram_server_key
    if client_key is None or server_key is None:
        try:
            password = saslprep(options.secret().decode()).encode()
        except UnicodeDecodeError:
            password = options.secret()  # not UTF-8: as it is
        compute = partial(hashlib.pbkdf2_hmac, "sha256", password, salt, iterations)
        salted = compute() if iterations <= _FEW_ITERATIONS else (yield Work(compute))
        client_key = client_key or _hmac(salted, b"Client Key")
        server_key = server_key or _hmac(salted, b"Server Key")
    return client_key, server_key


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _data(request: AuthenticationRequest, code: int) -> bytes:
    if request[0] != code:
        raise errors.OperationalError(
            f"the server sent authentication request {request[0]} in the middle of a SCRAM exchange"
        )
    return request[1]


def _decoded(data: bytes, what: str) -> bytes:
    try:
        decoded = base64.b64decode(data, validate=True)
    except binascii.Error:
        decoded = b""
    if not decoded:
        raise _malformed(what)
    return decoded


def _malformed(what: str) -> errors.OperationalError:
    return errors.OperationalError(f"the server sent a malformed SCRAM {what}")
