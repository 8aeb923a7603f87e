"""The device flow: the user confirms the login in a browser, on any device.

Source: RFC 8628.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from howdah.protocol.credentials import AuthenticationFailed, Work, ask_program, shown
from howdah_oauth.issuer import text
from howdah_oauth.request import require_https, unsafe

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from howdah_oauth.issuer import Issuer

__all__ = ["DevicePrompt", "device_flow", "failure"]

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
#: Seconds between two requests if the issuer names none, and at most; and the longest time to wait at all.
INTERVAL, LONGEST_INTERVAL, LONGEST = 5.0, 300.0, 86400.0
#: For how many seconds a thread waits at once; the longest code for the user, in characters.
STEP, LONGEST_CODE = 0.5, 100


@dataclass(frozen=True)
class DevicePrompt:
    """Where the user confirms a login, the argument of the function `oauth_prompt`.

    Attributes:
        verification_uri: the page to visit.
        user_code: the code to enter there.
        verification_uri_complete: a page that needs no code, for a link or a QR code; None if there is none.
        expires_in: for how many seconds the code is valid.
    """

    verification_uri: str
    user_code: str
    verification_uri_complete: str | None
    expires_in: float


def device_flow(
    issuer: Issuer, scope: str | None, prompt: Callable[[DevicePrompt], Any] | None
) -> Generator[Work, Any, Mapping[str, Any]]:
    """Have the user confirm the login, and return the issuer's answer with the token.

    Args:
        issuer: the issuer.
        scope: the scope to ask for; None or empty for the issuer's default.
        prompt: shows the user where to confirm; None to write it to the standard error stream.

    Yields:
        Each call that blocks.

    Raises:
        AuthenticationFailed: the user or the issuer refused, or the code expired.
    """
    form = {"scope": scope} if scope else {}
    status, answer = yield Work(partial(issuer.post, "device_authorization_endpoint", form))
    if status != 200:
        raise failure("the OAuth issuer refuses to start the device flow", status, answer)
    prompted = _prompt(answer)
    yield from ask_program(partial(prompt or _print, prompted), "the OAuth prompt")
    code = {"grant_type": GRANT_TYPE, "device_code": text(answer, "device_code")}
    interval = _seconds(answer.get("interval"), INTERVAL, LONGEST_INTERVAL)
    end = time.monotonic() + prompted.expires_in
    while time.monotonic() + interval < end:
        yield from _pause(interval)
        status, answer = yield Work(partial(issuer.post, "token_endpoint", code))
        if status == 200:
            token: Mapping[str, Any] = answer
            return token
        error = answer.get("error")
        if error == "slow_down":
            interval = min(interval + INTERVAL, LONGEST_INTERVAL)
        elif error != "authorization_pending":
            raise failure("the OAuth issuer gives no token", status, answer)
    raise AuthenticationFailed("the login was not confirmed in time")


def _pause(seconds: float) -> Generator[Work, Any, None]:
    """Wait, but keep no thread for long: a connection that is given up ends here."""
    while seconds > 0:
        yield Work(partial(time.sleep, min(seconds, STEP)))
        seconds -= STEP


def failure(event: str, status: int, answer: Mapping[str, Any]) -> AuthenticationFailed:
    """Return the exception for an issuer's error."""
    parts = [answer.get("error_description"), answer.get("error")]
    told = [shown(part) for part in parts if isinstance(part, str) and part]
    return AuthenticationFailed(f"{event}: {' / '.join(told) or f'HTTP status {status}'}")


def _prompt(answer: Mapping[str, Any]) -> DevicePrompt:
    # Some issuers implement a draft of the RFC.
    uri = text(answer, "verification_uri" if "verification_uri" in answer else "verification_url")
    complete = answer.get("verification_uri_complete")
    if complete is not None:
        require_https(text(answer, "verification_uri_complete"), "the issuer's verification_uri_complete")
    require_https(uri, "the issuer's verification_uri")
    code = text(answer, "user_code")
    if not code.isprintable() or len(code) > LONGEST_CODE:
        raise AuthenticationFailed("the OAuth issuer's user_code cannot be shown")
    return DevicePrompt(uri, code, complete, _seconds(answer.get("expires_in"), 0.0, LONGEST))


def _print(prompt: DevicePrompt) -> None:
    print(f"Visit {prompt.verification_uri} and enter the code: {prompt.user_code}", file=sys.stderr)


def _seconds(value: Any, default: float, most: float) -> float:
    """Return a number of seconds; without a pause, requests would be an attack on the issuer."""
    least = 0.0 if unsafe("dos-endpoint") else 1.0
    try:
        seconds = default if value is None else float(value)
    except (TypeError, ValueError, OverflowError):
        raise AuthenticationFailed("the OAuth issuer's answer has a bad number of seconds") from None
    return min(max(seconds, least), most) if seconds == seconds else default
