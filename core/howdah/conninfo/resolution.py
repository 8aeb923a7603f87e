"""Resolving a conninfo to the values of all connection parameters."""

from __future__ import annotations

import os
from base64 import b64decode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING, Any

from howdah.conninfo.environment import from_environment, locale_encoding, os_user, user_file
from howdah.conninfo.libpq_parameters import PARAMETERS
from howdah.conninfo.parameter import Parameter, ParameterRegistry, unknown_parameter
from howdah.conninfo.syntax import is_conninfo, parse
from howdah.errors import NotSupportedError, ProgrammingError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["LATEST_PROTOCOL_VERSION", "resolve"]

#: What `max_protocol_version=latest` means.
LATEST_PROTOCOL_VERSION = "3.2"


def resolve(
    conninfo: str,
    params: Mapping[str, Any],
    *,
    parameters: Sequence[Parameter] = PARAMETERS,
    environ: Mapping[str, str] | None = None,
    gss_encryption: bool = False,
) -> dict[str, Any]:
    """Return the values of all connection parameters: given, from the service, the environment, or defaults.

    Args:
        conninfo: keyword/value pairs, or a `postgresql://` URI.
        params: parameters that take precedence over the conninfo's: str, int, float, bool or path; None means
            "not given". A `dbname` that is itself a conninfo is parsed, and takes precedence over the
            parameters before it.
        parameters: all known parameters, libpq's and those of plugins.
        environ: the environment; None for the process's own.
        gss_encryption: whether a plugin encrypts with GSSAPI, so that it can be required.

    Returns:
        A value for every parameter: `str`, `int`, `float` or `bool` by its type, None if it is not set. An
        empty value selects the default, even if a source of lower precedence has a value.

    Raises:
        howdah.ProgrammingError: a parameter is unknown, a value is invalid, or two contradict each other.
        howdah.NotSupportedError: a parameter asks for something that howdah does not support.
        howdah.OperationalError: the service file cannot be read.
    """
    environ = os.environ if environ is None else environ
    parameters = ParameterRegistry.of(parameters)
    by_name = parameters.by_name
    given = _explicit(conninfo, params, parameters)
    surrounding = from_environment(parameters, environ)

    found: Mapping[str, str] = {}
    service = given.get("service", surrounding.get("service"))
    if service and (service := by_name["service"].convert(service)):
        from howdah.conninfo.service import read_service

        servicefile = by_name["servicefile"].convert({**surrounding, **given}.get("servicefile", ""))
        found = read_service(service, by_name, environ, servicefile)

    resolved = dict(parameters.defaults)
    values = {**surrounding, **found, **given}
    for name, value in values.items():
        origin = ""
        if name not in given:
            origin = f' (from service "{service}")' if name in found else f" (from {by_name[name].environ})"
        resolved[name] = by_name[name].convert(value, origin)
    if resolved["sslrootcert"] == "system" and values.get("sslmode", "") == "":
        resolved["sslmode"] = "verify-full"
    _fill_in(resolved, environ)
    if resolved["gssencmode"] == "require" and not gss_encryption:
        raise NotSupportedError(
            'gssencmode "require" is not supported: no plugin that encrypts with GSSAPI is enabled; use TLS'
        )
    _check(resolved)
    return resolved


#: What `connect` takes besides connection parameters: a misspelt one arrives here.
_ARGUMENTS = ("autocommit", "context", "cursor_factory", "row_factory")


def _explicit(conninfo: str, params: Mapping[str, Any], parameters: ParameterRegistry) -> dict[str, Any]:
    known = parameters.by_name
    given: dict[str, Any] = dict(parse(conninfo, parameters=parameters))
    for name, value in params.items():
        if name not in known:
            raise unknown_parameter(name, (*known, *_ARGUMENTS))
        if value is None:
            continue
        if name == "dbname" and isinstance(value, str) and is_conninfo(value):
            given.update(parse(value, parameters=parameters))
        else:
            given[name] = value
    return given


def _fill_in(resolved: dict[str, Any], environ: Mapping[str, str]) -> None:
    """Set the parameters that depend on others or on the environment."""
    resolved["user"] = resolved["user"] or os_user()
    resolved["dbname"] = resolved["dbname"] or resolved["user"]
    resolved["passfile"] = resolved["passfile"] or user_file(environ, ".pgpass", "pgpass.conf")
    resolved["application_name"] = resolved["application_name"] or resolved["fallback_application_name"]
    if resolved["client_encoding"] == "auto":
        resolved["client_encoding"] = locale_encoding()
    for name in ("min_protocol_version", "max_protocol_version"):
        if resolved[name] == "latest":
            resolved[name] = LATEST_PROTOCOL_VERSION
    if resolved["max_protocol_version"] is None:
        # As in libpq: some servers and poolers cannot negotiate the version.
        least = resolved["min_protocol_version"]
        resolved["max_protocol_version"] = "3.0" if least == "3.0" else LATEST_PROTOCOL_VERSION


def _check(resolved: Mapping[str, Any]) -> None:
    """Refuse contradictions, and values that howdah does not support."""
    sslmode = resolved["sslmode"]
    if resolved["sslrootcert"] == "system" and sslmode != "verify-full":
        raise ProgrammingError(
            f'weak sslmode "{sslmode}" cannot be used with sslrootcert=system; use "verify-full"'
        )
    if resolved["sslnegotiation"] == "direct" and sslmode in ("disable", "allow", "prefer"):
        raise ProgrammingError(
            f'weak sslmode "{sslmode}" cannot be used with sslnegotiation=direct; '
            'use "require", "verify-ca" or "verify-full"'
        )
    for least, most in (
        ("ssl_min_protocol_version", "ssl_max_protocol_version"),
        ("min_protocol_version", "max_protocol_version"),
    ):
        # The names of the versions sort like the versions.
        if resolved[most] is not None and resolved[least] > resolved[most]:
            raise ProgrammingError(f'{least} "{resolved[least]}" is higher than {most} "{resolved[most]}"')
    for name in ("scram_client_key", "scram_server_key"):
        if resolved[name] is not None and not _is_scram_key(resolved[name]):
            raise ProgrammingError(
                f'invalid value for connection parameter "{name}": expected Base64 of 32 bytes'
            )
    if resolved["require_auth"]:
        from howdah.conninfo.require_auth import AuthRequirement

        AuthRequirement.parse(resolved["require_auth"])


def _is_scram_key(text: str) -> bool:
    try:
        return len(b64decode(text, validate=True)) == 32
    except (Base64Error, ValueError):
        return False
