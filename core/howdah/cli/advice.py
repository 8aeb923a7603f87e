"""What `howdah doctor` advises: by the step of connecting that failed, and by the server's refusal."""

from __future__ import annotations

from typing import Any

__all__ = [
    "ADVICE",
    "WITHOUT_GSSAPI",
    "WITHOUT_PASSWORD",
    "WITHOUT_SOCKET",
    "WITHOUT_TLS",
    "refusal",
    "steps_of_refusals",
]

#: What to try, by the step that failed.
ADVICE = {
    "conninfo": "correct it; the page on conninfo in howdah's documentation lists the parameters",
    "resolving": "the plugin that resolves this conninfo raised the error, before it tried a server: see what"
    " its documentation says about the conninfo",
    "name": "check the spelling of the host, and that this machine can resolve it",
    "socket": "check that the server runs, that it listens there (listen_addresses, port,"
    " unix_socket_directories), and that no firewall is in the way",
    "TLS": "check sslmode, sslrootcert and the client's sslcert and sslkey, the names and dates of the"
    " server's certificate, and that the server has ssl = on",
    "authentication": "check the password and the methods that require_auth and channel_binding allow",
    "session": "no host has the session that target_session_attrs asks for: list the other servers in host,"
    " or choose another value",
    "time": "the server took longer than connect_timeout: check the network, or allow more seconds",
    "version": "the server does not speak this version of the protocol: leave min_protocol_version out, or"
    " upgrade the server",
    "plugin": "upgrade the plugin and howdah, or go without the plugin as the message says",
    "start-up": "see the server's log; is it a PostgreSQL server that answers there?",
}
#: What to try if the server asks for a password, and there is none.
WITHOUT_PASSWORD = "give a password: PGPASSWORD, the password file (~/.pgpass) or password="
#: What to try if the server has no TLS, and sslmode requires it.
WITHOUT_TLS = (
    "turn TLS on at the server (ssl, ssl_cert_file, ssl_key_file), or connect without it (sslmode=prefer) if"
    " nobody else can reach the network"
)
#: What to try if GSSAPI has failed, or is required for the encryption and cannot be used.
WITHOUT_GSSAPI = (
    "check that klist shows a ticket (kinit gets one), that host and krbsrvname are those of the server's"
    " principal, and that the server accepts GSSAPI (krb_server_keyfile, hostgssenc in pg_hba.conf);"
    " gssencmode says whether GSSAPI has to encrypt"
)
#: What to try if there is no Unix socket.
WITHOUT_SOCKET = (
    "start the server, or see unix_socket_directories and port in its settings; for a server on TCP, give"
    " host=localhost or another host; with no server at hand, connect to embedded:"
)

#: The step that failed and what to try, by SQLSTATE or the beginning of one; the longest match applies.
_REFUSALS = {
    "28": ("authentication", "see which user, method and address pg_hba.conf on the server asks for"),
    "28000": (
        "authentication",
        "check the user name, and that pg_hba.conf lets it in from here with this kind of TLS",
    ),
    "28P01": (
        "authentication",
        "check the user and the password (password=, PGPASSWORD or the password file)",
    ),
    "3D000": ("database", "check dbname; `psql -l` lists the databases, `createdb` makes one"),
    "42501": ("database", "the user needs the CONNECT privilege: GRANT CONNECT ON DATABASE ... TO ..."),
    "53300": (
        "connections",
        "none is left: close some, use a pool, or raise max_connections, or the role's CONNECTION LIMIT",
    ),
    "55000": ("database", "the database takes no connections: ALTER DATABASE ... ALLOW_CONNECTIONS true"),
    "57P03": ("server", "it is starting, stopping or recovering: try again in a moment, and see its log"),
    "57": ("server", "it was shut down by an administrator: see its log"),
    "0A000": ("version", ADVICE["version"]),
    "08P01": ("version", ADVICE["version"]),
    "22023": ("conninfo", "check options= (PGOPTIONS) and the settings in it"),
    "42704": ("conninfo", "check options= (PGOPTIONS): the server has no such setting"),
}
_NO_ROLE = (
    "role",
    "check user; `CREATE ROLE ... LOGIN` makes a role that can connect, ALTER ROLE ... LOGIN allows it",
)
#: The same for methods that take no password, such as peer and ident.
_NOT_THIS_USER = (
    "authentication",
    (
        "pg_hba.conf asks for no password here, but for the operating system's user (peer, ident), a"
        " certificate or a ticket: log in as the user that it accepts, or have it ask for scram-sha-256"
    ),
)


def refusal(error: Any) -> tuple[str, str]:
    """Return the step that failed, and what to try, if the server refused the connection.

    Args:
        error: the error, with its SQLSTATE.
    """
    # The server has one SQLSTATE for all of these; its function tells which it is.
    if error.sqlstate == "28000" and error.diag.source_function == "InitializeSessionUserId":
        return _NO_ROLE
    if error.sqlstate == "28000" and error.diag.source_function == "auth_failed":
        return _NOT_THIS_USER
    for length in (5, 2):
        if found := _REFUSALS.get(error.sqlstate[:length]):
            return found
    return "start-up", ADVICE["start-up"]


def steps_of_refusals() -> set[str]:
    """Return the steps at which a server refuses a connection."""
    return {step for step, _ in (*_REFUSALS.values(), _NO_ROLE)}
