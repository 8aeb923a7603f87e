"""All of libpq 18's connection parameters.

Source: PostgreSQL documentation, 34.1.2 "Parameter Key Words".
"""

from __future__ import annotations

from howdah.conninfo.parameter import Parameter, ParameterRegistry

__all__ = ["PARAMETERS"]

_OAUTH = " For the method OAUTHBEARER."
_TLS_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_PROTOCOL_VERSIONS = ("3.0", "3.2", "latest")

_PARAMETERS = (
    Parameter(
        "host",
        environ="PGHOST",
        doc="Host to connect to: a name, an address, a directory with the server's unix socket (begins "
        "with `/`), or "
        "an abstract socket (begins with `@`). May be a comma list. Not set: the default socket directory; "
        "`localhost` on Windows.",
    ),
    Parameter(
        "hostaddr",
        environ="PGHOSTADDR",
        doc="IP address to connect to without looking `host` up; `host` is then only used for TLS and the "
        "passfile. "
        "May be a comma list.",
    ),
    Parameter(
        "port",
        default="5432",
        environ="PGPORT",
        doc="Port, or the number in the Unix socket's name. One for all hosts, or a comma-separated list "
        "with one for each host.",
    ),
    Parameter("dbname", environ="PGDATABASE", doc="Database. Not set: the same as `user`."),
    Parameter("user", environ="PGUSER", doc="User to log in as. Not set: the operating system's user name."),
    Parameter(
        "password",
        environ="PGPASSWORD",
        doc="Password. As an argument of `connect` it may be a function that returns the password. Not set: "
        "looked up in `passfile`.",
        secret=True,
        function=True,
    ),
    Parameter(
        "passfile",
        environ="PGPASSFILE",
        doc="The password file. Not set: `~/.pgpass`; on Windows `%APPDATA%\\postgresql\\pgpass.conf`.",
    ),
    Parameter(
        "require_auth",
        environ="PGREQUIREAUTH",
        doc="The authentication methods the server may ask for: a comma list of `password`, `md5`, `gss`, "
        "`sspi`, "
        "`scram-sha-256`, `oauth`, `none`; or of the methods it may not ask for, each with a `!` before it. "
        "Not set: any.",
    ),
    Parameter(
        "channel_binding",
        default="prefer",
        environ="PGCHANNELBINDING",
        doc="Whether SCRAM must be bound to the TLS connection.",
        choices=("disable", "prefer", "require"),
    ),
    Parameter(
        "connect_timeout",
        float,
        environ="PGCONNECT_TIMEOUT",
        doc="Seconds that one attempt, at one address of one host, may take. Not set, zero or negative: "
        "no limit.",
    ),
    Parameter(
        "client_encoding",
        environ="PGCLIENTENCODING",
        doc="The encoding of the session; `auto` takes that of the locale. Not set: `UTF8`.",
    ),
    Parameter(
        "options",
        environ="PGOPTIONS",
        doc="Command-line options for the session, such as `-c statement_timeout=5s`; "
        "`\\` escapes a space or a backslash.",
    ),
    Parameter(
        "application_name",
        environ="PGAPPNAME",
        doc="The name shown in `pg_stat_activity` and in the server's log.",
    ),
    Parameter("fallback_application_name", doc="The `application_name` if no other is set."),
    Parameter("keepalives", bool, True, doc="Whether TCP keepalives are sent."),
    Parameter(
        "keepalives_idle", int, doc="Seconds of silence before a keepalive. Not set or zero: the system's."
    ),
    Parameter("keepalives_interval", int, doc="Seconds between keepalives. Not set or zero: the system's."),
    Parameter(
        "keepalives_count",
        int,
        doc="Lost keepalives until the connection is dead. Not set or zero: the system's.",
    ),
    Parameter(
        "tcp_user_timeout",
        int,
        doc="Milliseconds that sent data may stay unacknowledged before the connection is closed. "
        "Not set or zero: the system's.",
    ),
    Parameter(
        "replication",
        doc="Opens a replication connection: `database` for logical replication, `true` for physical.",
    ),
    Parameter(
        "gssencmode",
        default="disable",
        environ="PGGSSENCMODE",
        doc="GSSAPI encryption. `prefer` continues without it if it is not available.",
        choices=("disable", "prefer", "require"),
    ),
    Parameter(
        "sslmode",
        default="prefer",
        environ="PGSSLMODE",
        doc="Whether TLS is used and what is verified. With `sslrootcert=system` the default is "
        "`verify-full`.",
        choices=("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    ),
    Parameter(
        "sslnegotiation",
        default="postgres",
        environ="PGSSLNEGOTIATION",
        doc="`postgres` asks the server for TLS first; `direct` (servers from 17) starts with the TLS "
        "handshake and "
        "needs `sslmode=require` or stronger.",
        choices=("postgres", "direct"),
    ),
    Parameter(
        "sslcompression",
        bool,
        False,
        "PGSSLCOMPRESSION",
        "Accepted and ignored: TLS compression is insecure, and TLS libraries have removed it.",
    ),
    Parameter(
        "sslcert",
        environ="PGSSLCERT",
        doc="File with the client's certificate. Not set: `~/.postgresql/postgresql.crt`.",
    ),
    Parameter(
        "sslkey",
        environ="PGSSLKEY",
        doc="File with the client's private key. Not set: `~/.postgresql/postgresql.key`.",
    ),
    Parameter(
        "sslkeylogfile", doc="File to which the TLS secrets are appended, to decrypt captured traffic."
    ),
    Parameter("sslpassword", doc="Password of the private key in `sslkey`.", secret=True),
    Parameter(
        "sslcertmode",
        default="allow",
        environ="PGSSLCERTMODE",
        doc="Whether the client's certificate is sent: never, if the server asks and there is one, "
        "or always, so that a server that does not ask is refused.",
        choices=("disable", "allow", "require"),
    ),
    Parameter(
        "sslrootcert",
        environ="PGSSLROOTCERT",
        doc="File with the trusted certificate authorities, or `system` for the operating system's. "
        "Not set: `~/.postgresql/root.crt`.",
    ),
    Parameter(
        "sslcrl",
        environ="PGSSLCRL",
        doc="File with revoked certificates. If neither this nor `sslcrldir` is set: "
        "`~/.postgresql/root.crl`.",
    ),
    Parameter(
        "sslcrldir",
        environ="PGSSLCRLDIR",
        doc="Directory with revoked certificates, as created by `openssl rehash`.",
    ),
    Parameter(
        "sslsni", bool, True, "PGSSLSNI", "Whether the host's name is sent in the TLS handshake (SNI)."
    ),
    Parameter(
        "requirepeer",
        environ="PGREQUIREPEER",
        doc="The operating system user that the server must run as (unix sockets only).",
    ),
    Parameter(
        "ssl_min_protocol_version",
        default="TLSv1.2",
        environ="PGSSLMINPROTOCOLVERSION",
        doc="The lowest TLS version allowed.",
        choices=_TLS_VERSIONS,
    ),
    Parameter(
        "ssl_max_protocol_version",
        environ="PGSSLMAXPROTOCOLVERSION",
        doc="The highest TLS version allowed. Not set: no limit.",
        choices=_TLS_VERSIONS,
    ),
    Parameter(
        "min_protocol_version",
        default="3.0",
        environ="PGMINPROTOCOLVERSION",
        doc="The lowest version of PostgreSQL's protocol allowed.",
        choices=_PROTOCOL_VERSIONS,
    ),
    Parameter(
        "max_protocol_version",
        environ="PGMAXPROTOCOLVERSION",
        doc="The newest version of PostgreSQL's protocol that is requested. If the server refuses it or does "
        "not answer, the driver requests 3.0, if `min_protocol_version` allows that. Not set: 3.0, or the "
        "latest if `min_protocol_version` is above 3.0.",
        choices=_PROTOCOL_VERSIONS,
    ),
    Parameter(
        "krbsrvname",
        default="postgres",
        environ="PGKRBSRVNAME",
        doc="Kerberos service name of the server.",
    ),
    Parameter(
        "gsslib",
        environ="PGGSSLIB",
        doc="The library for Kerberos on Windows. Not set: SSPI. Elsewhere it is always GSSAPI.",
        choices=("gssapi", "sspi"),
    ),
    Parameter(
        "gssdelegation",
        bool,
        False,
        "PGGSSDELEGATION",
        "Whether to delegate the Kerberos ticket to the server.",
    ),
    Parameter("scram_client_key", doc="Base64 of the SCRAM client key, instead of a password.", secret=True),
    Parameter("scram_server_key", doc="Base64 of the SCRAM server key that belongs to it.", secret=True),
    Parameter(
        "service",
        environ="PGSERVICE",
        doc="Name of the section in the service file that further parameters are taken from.",
    ),
    Parameter(
        "servicefile",
        environ="PGSERVICEFILE",
        doc="The service file. Not set: `~/.pg_service.conf` (on Windows in "
        "`%APPDATA%\\postgresql`), then `pg_service.conf` in `PGSYSCONFDIR`.",
    ),
    Parameter(
        "target_session_attrs",
        default="any",
        environ="PGTARGETSESSIONATTRS",
        doc="Which sessions are accepted; other hosts are skipped.",
        choices=("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    ),
    Parameter(
        "load_balance_hosts",
        default="disable",
        environ="PGLOADBALANCEHOSTS",
        doc="`random` tries hosts, and the addresses of each, in random order.",
        choices=("disable", "random"),
    ),
    Parameter("oauth_issuer", doc="OAuth issuer's URL." + _OAUTH),
    Parameter("oauth_client_id", doc="OAuth client identifier." + _OAUTH),
    Parameter("oauth_client_secret", doc="OAuth client's secret." + _OAUTH, secret=True),
    Parameter("oauth_scope", doc="OAuth scope, a list separated by spaces." + _OAUTH),
)

#: The parameters of libpq 18, in the order of its documentation (34.1.2).
PARAMETERS = ParameterRegistry(_PARAMETERS)
