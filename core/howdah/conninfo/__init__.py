"""Connection strings and parameters, those of libpq 18, without libpq.

Source: PostgreSQL documentation, 34.1 "Database Connection Control Functions".
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from howdah.lazy.importing import CompleteModule, on_first_use

if TYPE_CHECKING:
    from howdah.conninfo.environment import session_settings
    from howdah.conninfo.host import Host, hosts
    from howdah.conninfo.keywords import format_keywords
    from howdah.conninfo.libpq_parameters import PARAMETERS
    from howdah.conninfo.parameter import Parameter
    from howdah.conninfo.password import PasswordProvider
    from howdah.conninfo.require_auth import AuthRequirement
    from howdah.conninfo.resolution import resolve
    from howdah.conninfo.syntax import conninfo_to_dict, make_conninfo, parse
    from howdah.conninfo.timeout import timeout_from_conninfo
else:
    __getattr__ = on_first_use(
        __name__,
        {
            "environment": ("session_settings",),
            "host": ("Host", "hosts"),
            "keywords": ("format_keywords",),
            "libpq_parameters": ("PARAMETERS",),
            "parameter": ("Parameter",),
            "password": ("PasswordProvider",),
            "require_auth": ("AuthRequirement",),
            "resolution": ("resolve",),
            "syntax": ("conninfo_to_dict", "make_conninfo", "parse"),
            "timeout": ("timeout_from_conninfo",),
        },
    )

__all__ = [
    "PARAMETERS",
    "AuthRequirement",
    "Host",
    "Parameter",
    "PasswordProvider",
    "conninfo_to_dict",
    "format_keywords",
    "hosts",
    "make_conninfo",
    "parse",
    "resolve",
    "session_settings",
    "timeout_from_conninfo",
]

sys.modules[__name__].__class__ = CompleteModule
