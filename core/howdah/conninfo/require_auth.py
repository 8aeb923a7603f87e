"""The authentication methods that a server may request.

Source: PostgreSQL documentation, 34.1.2 "require_auth".
"""

from __future__ import annotations

from howdah.errors import ProgrammingError
from howdah.lazy.tuples import NamedTuple

__all__ = ["METHODS", "AuthRequirement"]

#: The methods that `require_auth` can name; `none` means that the server requests no authentication.
METHODS = ("password", "md5", "gss", "sspi", "scram-sha-256", "oauth", "none")


class AuthRequirement(NamedTuple):
    """The parsed value of the parameter `require_auth`.

    Args:
        methods: the listed methods.
        negated: whether the listed methods are forbidden rather than allowed.
    """

    methods: frozenset[str]
    negated: bool

    @classmethod
    def parse(cls, value: str | None) -> AuthRequirement:
        """Parse a value of `require_auth`.

        Args:
            value: a comma list of methods, all or none of them with `!` before it; None or empty allows
                every method.

        Raises:
            howdah.ProgrammingError: a method is unknown or occurs twice, or only some have a `!`.
        """
        if not value:
            return cls(frozenset(), negated=True)
        items = [item.strip() for item in value.split(",")]
        negated = items[0].startswith("!")
        listed: set[str] = set()
        for item in items:
            method = item.removeprefix("!")
            if item.startswith("!") != negated:
                raise ProgrammingError(
                    f'invalid require_auth: "{item}" cannot be mixed with "{items[0]}": '
                    'either all methods are written with "!" or none'
                )
            if method not in METHODS:
                raise ProgrammingError(f'invalid require_auth: "{method}" is none of {", ".join(METHODS)}')
            if method in listed:
                raise ProgrammingError(f'invalid require_auth: "{method}" is given more than once')
            listed.add(method)
        return cls(frozenset(listed), negated)

    def allows(self, method: str) -> bool:
        """Return whether the server may use a method.

        Args:
            method: one of `METHODS`, or the name of a plugin's method.
        """
        return (method in self.methods) is not self.negated
