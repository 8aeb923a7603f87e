"""Passwords as the server stores them.

Source: PostgreSQL documentation, "pg_authid" and "SASL Authentication"; RFC 5802, section 3.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import b64encode

from howdah.errors import NotSupportedError
from howdah.protocol.scram import saslprep

__all__ = ["encrypt_password"]

_ITERATIONS = 4096


def encrypt_password(password: bytes, user: bytes, algorithm: bytes) -> bytes:
    """Return a password as the server stores it.

    Args:
        password: the password, in UTF-8.
        user: the name of the role.
        algorithm: `scram-sha-256`, or `on`, an old name of it; or `md5`.

    Raises:
        howdah.NotSupportedError: there is no such algorithm.
    """
    if algorithm == b"md5":
        return b"md5" + hashlib.md5(password + user, usedforsecurity=False).hexdigest().encode()
    if algorithm not in (b"scram-sha-256", b"on"):
        raise NotSupportedError(
            f"unrecognized password encryption algorithm {algorithm.decode('utf-8', 'replace')!r}"
        )
    return _scram_verifier(password, os.urandom(16))


def _scram_verifier(password: bytes, salt: bytes) -> bytes:
    try:
        password = saslprep(password.decode()).encode()
    except UnicodeDecodeError:
        pass  # other encodings are used as they are
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return b"SCRAM-SHA-256$%d:%b$%b:%b" % (
        _ITERATIONS,
        b64encode(salt),
        b64encode(stored),
        b64encode(server),
    )
