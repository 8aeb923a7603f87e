"""`psycopg.capabilities`: methods, where howdah has properties."""

from __future__ import annotations

from collections.abc import Callable

import howdah
from howdah.errors import NotSupportedError

__all__ = ["Capabilities", "capabilities"]

#: What the kernel can do, or has instead of a function of libpq's that is asked for.
_AVAILABLE = frozenset(
    {"encrypt_password", "full_protocol_version", "send_close_prepared", "stream_chunked", "used_gssapi"}
)
#: What would need libpq.
_MISSING = frozenset({"set_trace_flags"})


def _capability(feature: str) -> Callable[..., bool]:
    def has(self: Capabilities, check: bool = False) -> bool:
        available = feature in _AVAILABLE or (feature not in _MISSING and feature in howdah.capabilities)
        if check and not available:
            raise NotSupportedError(f"howdah does not have the feature {feature!r} now")
        return available

    has.__name__ = has.__qualname__ = f"has_{feature}"
    has.__doc__ = f"Return whether the feature {feature!r} is available; with `check`, raise an error if not."
    return has


class Capabilities:
    """Tells which features are available."""

    has_cancel_safe = _capability("cancel_safe")
    has_encrypt_password = _capability("encrypt_password")
    has_full_protocol_version = _capability("full_protocol_version")
    has_hostaddr = _capability("hostaddr")
    has_pipeline = _capability("pipeline")
    has_send_close_prepared = _capability("send_close_prepared")
    has_set_trace_flags = _capability("set_trace_flags")
    has_stream_chunked = _capability("stream_chunked")
    has_used_gssapi = _capability("used_gssapi")


capabilities = Capabilities()
