"""Logging in to the databases of clouds with tokens instead of passwords.

    howdah.connect("aws:host=zoo.abc.eu-west-1.rds.amazonaws.com user=keeper sslmode=verify-full")
    howdah.connect("host=… user=…", password=howdah_cloud.RDSPassword(region="eu-west-1"))

The token is fetched with the cloud's own library, and renewed before it expires. The conninfo after `aws:`,
`gcp:` or `azure:` has either syntax. Install it with `pip install "howdah[aws]"`, `"howdah[gcp]"` or
`"howdah[azure]"`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from howdah.errors import ProgrammingError
from howdah.hookspecs import conninfo_prefixes, hookimpl
from howdah.lazy.importing import on_first_use

if TYPE_CHECKING:
    from howdah.conninfo import PasswordProvider
    from howdah_cloud.aws import RDSPassword
    from howdah_cloud.azure import AzurePassword
    from howdah_cloud.gcp import CloudSQLPassword
else:  # with it, type checkers would accept misspelt names
    __getattr__ = on_first_use(
        __name__, {"aws": ("RDSPassword",), "gcp": ("CloudSQLPassword",), "azure": ("AzurePassword",)}
    )

__all__ = ["AzurePassword", "CloudSQLPassword", "RDSPassword", "howdah_resolve_conninfo"]


@conninfo_prefixes("aws:", "gcp:", "azure:")
@hookimpl
def howdah_resolve_conninfo(conninfo: str, params: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Give a connection whose conninfo names a cloud the tokens of that cloud."""
    cloud, colon, rest = conninfo.partition(":")
    if not colon or cloud not in ("aws", "gcp", "azure"):
        return None
    if params.get("password") is not None:
        raise ProgrammingError(f"the conninfo asks for a token of {cloud}: leave out the password")
    return rest, {**params, "password": _provider(cloud)}


@cache
def _provider(cloud: str) -> PasswordProvider:
    """Return the provider of a cloud, one for all connections, which share its tokens."""
    import howdah_cloud

    if cloud == "aws":
        return howdah_cloud.RDSPassword()
    return howdah_cloud.CloudSQLPassword() if cloud == "gcp" else howdah_cloud.AzurePassword()
