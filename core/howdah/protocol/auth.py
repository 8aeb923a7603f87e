"""Authentication: which methods are acceptable, and the conversation around them.

Source: PostgreSQL documentation, "Frontend/Backend Protocol", section
"Start-up"; "libpq - C Library", parameters `require_auth` and `channel_binding`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah import errors
from howdah.protocol import messages
from howdah.protocol.credentials import (
    CLEARTEXT,
    GSS,
    MD5,
    OK,
    SASL,
    SSPI,
    AuthenticationFailed,
    Conversation,
    Credentials,
    Method,
    Work,
    advance,
    expect_ok,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

# The names of the methods in require_auth, by the code of the request.
CODE_NAMES = {CLEARTEXT: "password", MD5: "md5", GSS: "gss", SSPI: "sspi"}


def authenticate(options: Credentials) -> Generator[bytes | Work, Any, str]:
    """Answer the server's authentication requests until it is satisfied.

    Args:
        options: how the client may prove who it is.

    Yields:
        Empty bytes at first, then whole messages to send, or empty bytes; is sent the body of the
        server's next authentication message. In between, a `Work`; is sent its result.

    Returns:
        The name of the method that was used (see `ServerInfo.authentication`).

    Raises:
        AuthenticationFailed: the client could not or would not go on, or the server's proof was wrong.
        howdah.OperationalError: the server broke the protocol.
    """
    bound = options.channel_binding == "require"
    code, data = messages.authentication_request((yield b""))
    if code == OK:
        return _accepted_at_once(options)

    mechanism = ""
    if code == SASL:
        mechanism, name, method = _choose_mechanism(options, messages.sasl_mechanisms(data))
        conversation = method(options, b"")
    else:
        known = CODE_NAMES.get(code)
        name = known or f"authentication code {code}"
        _check(options, name, f"the server asked for {name}")
        if bound:
            raise AuthenticationFailed(f"channel binding is required, but the server asked for {name}")
        chosen = {**CODES, **options.methods}.get(code)
        if chosen is None:
            raise AuthenticationFailed(f"the server asks for {name}, which needs a plugin that provides it")
        conversation = chosen(options, data)

    request = code, data
    body, _ = yield from advance(conversation, None)
    first = code == SASL
    while body is not None:
        if first:
            response = messages.sasl_initial_response(mechanism, body)
        else:
            response = messages.authentication_response(body)
        first = False
        request = messages.authentication_request((yield response))
        body, _ = yield from advance(conversation, request)
        if request[0] == OK and body is not None:
            raise errors.OperationalError(
                "the server sent AuthenticationOk before authentication was complete"
            )
    if request[0] != OK:
        expect_ok(messages.authentication_request((yield b"")))
    return name


def _accepted_at_once(options: Credentials) -> str:
    """Return the name of the method if the server did not ask for authentication."""
    bound = options.channel_binding == "require"
    if options.authenticated and options.allows(options.authenticated) and not bound:
        return options.authenticated
    _check(options, "none", "the server did not ask for authentication")
    if bound:
        raise AuthenticationFailed(
            "channel binding is required, but the server did not ask for authentication"
        )
    return "cert" if options.certificate else "trust"


def cleartext(options: Credentials, data: bytes) -> Conversation:
    """AuthenticationCleartextPassword: send the password."""
    secret = yield from options.obtain_secret()
    expect_ok((yield secret + b"\0"))


def md5(options: Credentials, salt: bytes) -> Conversation:
    """AuthenticationMD5Password: send the salted MD5 of the MD5 of password and user."""
    if len(salt) != 4:
        raise errors.OperationalError("the server sent a malformed AuthenticationMD5Password message")
    import hashlib

    secret = yield from options.obtain_secret()
    user = options.user.encode("utf-8", "surrogateescape")
    # An OpenSSL that forbids MD5 (FIPS mode) allows it when it is not used for security.
    stored = hashlib.md5(secret + user, usedforsecurity=False).hexdigest()
    answer = hashlib.md5(stored.encode() + salt, usedforsecurity=False).hexdigest()
    expect_ok((yield b"md5" + answer.encode() + b"\0"))


def _choose_mechanism(options: Credentials, offered: list[str]) -> tuple[str, str, Method]:
    """Return the SASL mechanism to use, its name for `ServerInfo.authentication`, and its method."""
    from howdah.protocol import scram

    plain = scram.scram_sha_256 if "SCRAM-SHA-256-PLUS" in offered else scram.scram_sha_256_unadvertised
    methods: dict[int | str, Method] = {
        "SCRAM-SHA-256-PLUS": scram.scram_sha_256_plus,
        "SCRAM-SHA-256": plain,
        **options.methods,
    }
    bindable = options.end_point is not None and options.channel_binding != "disable"
    for mechanism in methods:
        if not isinstance(mechanism, str) or mechanism not in offered:
            continue
        plus = mechanism.endswith("-PLUS")
        if (plus and not bindable) or (not plus and options.channel_binding == "require"):
            continue
        if options.allows(_mechanism_name(mechanism)):
            return mechanism, mechanism.lower(), methods[mechanism]
    if options.channel_binding == "require":
        lack = "the server offers none" if options.tls else "the connection does not use TLS"
        raise AuthenticationFailed(f"channel binding is required, but {lack}")
    for mechanism in offered:
        _check(options, _mechanism_name(mechanism), f"the server asked for {mechanism}")
    shown = ", ".join(offered) or "it names none"
    raise AuthenticationFailed(f"none of the server's SASL mechanisms is supported: {shown}")


def _mechanism_name(mechanism: str) -> str:
    """Return the name of a SASL mechanism in require_auth."""
    return {"SCRAM-SHA-256-PLUS": "scram-sha-256", "OAUTHBEARER": "oauth"}.get(mechanism, mechanism.lower())


def _check(options: Credentials, method: str, event: str) -> None:
    if not options.allows(method):
        raise AuthenticationFailed(f"require_auth does not allow this: {event}")


CODES: Mapping[int | str, Method] = {CLEARTEXT: cleartext, MD5: md5}
