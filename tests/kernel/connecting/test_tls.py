"""TLS and authentication, with a real server, and with a scripted one for what no real server does."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from howdah import errors
from howdah.io import cancel
from howdah.io.certificate import matches_host
from howdah.io.connect_sync import ConnectOperation, nonblocking, run
from howdah.io.session_attrs import LIMITS
from howdah.io.tls_socket import TLSSocket
from howdah.protocol.channel_binding import tls_server_end_point
from howdah.protocol.framing import MessageReader
from tests.kernel.connecting.scripted_server import WELCOME, ScriptedServer, error, packet
from tests.kernel.connecting.sides import Side, ask, run_async, sleep
from tests.kernel.connecting.tls_server import PASSWORD, Certificates, run_sql

if TYPE_CHECKING:
    from tests.servers import Server

SSL_REQUEST = bytes.fromhex("04d2162f")


@pytest.fixture
def dsn(tls_server: Server) -> str:
    return f"host=localhost hostaddr=127.0.0.1 port={tls_server.port} dbname=postgres user=of_trust"


def is_encrypted(connected: Any) -> bool:
    seen = ask(connected, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == "t"
    assert seen == connected.tls == isinstance(connected.sock, TLSSocket)
    return seen


@pytest.mark.parametrize(
    ("sslmode", "user", "encrypted"),
    [
        ("disable", "of_trust", False),
        ("disable", "only_clear", False),
        ("disable", "only_tls", None),
        ("allow", "of_trust", False),
        ("allow", "only_clear", False),
        ("allow", "only_tls", True),
        ("prefer", "of_trust", True),
        ("prefer", "only_clear", False),
        ("prefer", "only_tls", True),
        ("require", "of_trust", True),
        ("require", "only_clear", None),
        ("require", "only_tls", True),
        ("verify-ca", "of_trust", True),
        ("verify-ca", "only_clear", None),
        ("verify-full", "only_tls", True),
        ("verify-full", "only_clear", None),
    ],
)
def test_sslmode(
    connect: Side, dsn: str, certificates: Certificates, sslmode: str, user: str, encrypted: bool | None
) -> None:
    params = {"sslmode": sslmode, "user": user}
    if sslmode.startswith("verify"):
        params["sslrootcert"] = certificates.root
    if encrypted is None:
        with pytest.raises(errors.OperationalError, match="no pg_hba") as caught:
            connect(dsn, **params)
        assert caught.value.sqlstate == "28000"
    else:
        assert is_encrypted(connect(dsn, **params)) == encrypted


@pytest.mark.parametrize("sslmode", ["disable", "prefer", "require"])
@pytest.mark.parametrize(
    ("user", "method"),
    [("of_scram", "scram-sha-256"), ("of_md5", "md5"), ("of_password", "password"), ("of_trust", "trust")],
)
def test_authentication(connect: Side, dsn: str, user: str, method: str, sslmode: str) -> None:
    connected = connect(dsn, user=user, password=PASSWORD, sslmode=sslmode)
    assert ask(connected, "SELECT current_user") == user
    if user == "of_scram" and sslmode != "disable":
        method = "scram-sha-256-plus"
    assert connected.server_info.authentication == method


@pytest.mark.parametrize("user", ["of_scram", "of_md5", "of_password"])
def test_wrong_password(connect: Side, dsn: str, user: str) -> None:
    with pytest.raises(errors.InvalidPassword, match="password authentication failed") as caught:
        connect(dsn, user=user, password="not the one", sslmode="require")
    assert "not the one" not in str(caught.value)
    with pytest.raises(errors.OperationalError, match="no password supplied"):
        connect(dsn, user=user)


def test_wrong_password_with_and_without_tls(connect: Side, dsn: str) -> None:
    """The server refuses it twice for the same reason, and the message says so once."""
    with pytest.raises(errors.InvalidPassword, match="password authentication failed") as caught:
        connect(dsn, user="of_scram", password="not the one", sslmode="prefer")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("user", ["scram_over_tls", "scram_in_clear"])
@pytest.mark.parametrize("sslmode", ["prefer", "allow"])
def test_wrong_password_where_one_encryption_is_allowed(
    connect: Side, dsn: str, user: str, sslmode: str
) -> None:
    """The answer to the encryption that is not allowed says less, whether it comes first or last."""
    with pytest.raises(errors.InvalidPassword, match="password authentication failed") as caught:
        connect(dsn, user=user, password="not the one", sslmode=sslmode)
    assert caught.value.sqlstate == caught.value.diag.sqlstate == "28P01"
    assert "no pg_hba.conf entry" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 2
    assert ask(connect(dsn, user=user, password=PASSWORD, sslmode=sslmode), "SELECT current_user") == user


def test_password_from_the_passfile(connect: Side, dsn: str, tls_server: Server, home: Path) -> None:
    passfile = home / ".pgpass"
    passfile.touch(mode=0o600)
    passfile.write_text(f"localhost:{tls_server.port}:postgres:of_scram:{PASSWORD}\n")
    assert connect(dsn, user="of_scram").server_info.authentication == "scram-sha-256-plus"


@pytest.mark.parametrize(
    ("params", "method"),
    [
        ({"channel_binding": "require"}, "scram-sha-256-plus"),
        ({"channel_binding": "disable"}, "scram-sha-256"),
        ({"channel_binding": "require", "sslmode": "disable"}, "does not use TLS"),
        ({"channel_binding": "require", "user": "of_md5"}, "channel binding is required"),
        ({"channel_binding": "require", "user": "of_trust"}, "channel binding is required"),
        ({"require_auth": "scram-sha-256"}, "scram-sha-256-plus"),
        ({"require_auth": "!scram-sha-256"}, "require_auth"),
        ({"require_auth": "scram-sha-256", "user": "of_password"}, "require_auth"),
        ({"require_auth": "none"}, "require_auth"),
    ],
)
def test_requirements(connect: Side, dsn: str, params: dict[str, str], method: str) -> None:
    params = {"user": "of_scram", "password": PASSWORD, **params}
    if method.startswith("scram"):
        assert connect(dsn, **params).server_info.authentication == method
    else:
        with pytest.raises(errors.OperationalError, match=method):
            connect(dsn, **params)


def test_scram_keys(connect: Side, dsn: str, tls_server: Server) -> None:
    import base64
    import hashlib
    import hmac

    from howdah.protocol.scram import saslprep

    verifier = run_sql(tls_server, "SELECT rolpassword FROM pg_authid WHERE rolname = 'of_scram'")
    iterations, salt = verifier.split("$")[1].split(":")
    salted = hashlib.pbkdf2_hmac(
        "sha256", saslprep(PASSWORD).encode(), base64.b64decode(salt), int(iterations)
    )
    keys = {
        f"scram_{side}_key": base64.b64encode(
            hmac.digest(salted, f"{side.title()} Key".encode(), "sha256")
        ).decode()
        for side in ("client", "server")
    }
    assert connect(dsn, user="of_scram", **keys).server_info.authentication == "scram-sha-256-plus"


# The server's certificate


@pytest.mark.parametrize(
    ("host", "matches"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("db.example.org", True),
        ("a.db.example.org", False),
        ("example.org", False),
        ("127.0.0.2", False),
        ("other", False),
    ],
)
def test_verify_full(connect: Side, dsn: str, certificates: Certificates, host: str, matches: bool) -> None:
    params = {"host": host, "sslrootcert": certificates.root}
    assert is_encrypted(connect(dsn, sslmode="verify-ca", **params))
    if matches:
        assert is_encrypted(connect(dsn, sslmode="verify-full", **params))
        assert is_encrypted(connect(dsn, sslmode="verify-full", sslsni=False, **params))
    else:
        with pytest.raises(errors.OperationalError, match=f"not for host name '{host}'"):
            connect(dsn, sslmode="verify-full", **params)


def test_verify_full_needs_a_name(connect: Side, dsn: str, certificates: Certificates) -> None:
    with pytest.raises(errors.OperationalError, match="needs a host name"):
        connect(dsn, host="", sslmode="verify-full", sslrootcert=certificates.root)


@pytest.mark.parametrize("sslmode", ["require", "verify-ca", "verify-full"])
def test_unknown_authority(connect: Side, dsn: str, certificates: Certificates, sslmode: str) -> None:
    """Also sslmode=require verifies, when there is a root certificate."""
    with pytest.raises(errors.OperationalError, match="could not be verified"):
        connect(dsn, sslmode=sslmode, sslrootcert=certificates.other_root)


def test_prefer_goes_on_without_tls(connect: Side, dsn: str, certificates: Certificates) -> None:
    assert not is_encrypted(connect(dsn, sslmode="prefer", sslrootcert=certificates.other_root))


def test_default_root_certificate(connect: Side, dsn: str, certificates: Certificates, home: Path) -> None:
    with pytest.raises(errors.OperationalError, match=r"root\.crt.*does not exist"):
        connect(dsn, sslmode="verify-full")
    (home / ".postgresql" / "root.crt").write_bytes(certificates.authority.cert_pem.bytes())
    assert is_encrypted(connect(dsn, sslmode="verify-full"))


def test_system_roots(
    connect: Side, dsn: str, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(errors.OperationalError, match="could not be verified"):
        connect(dsn, sslrootcert="system")
    monkeypatch.setenv("SSL_CERT_FILE", certificates.root)
    assert is_encrypted(connect(dsn, sslrootcert="system"))
    with pytest.raises(errors.OperationalError, match="not for host name"):
        connect(dsn, sslrootcert="system", host="other")


def test_revocation(connect: Side, dsn: str, certificates: Certificates, home: Path, tmp_path: Path) -> None:
    params = {"sslmode": "verify-ca", "sslrootcert": certificates.root}
    assert is_encrypted(connect(dsn, sslcrl=certificates.empty_crl, **params))
    with pytest.raises(errors.OperationalError, match="revoked"):
        connect(dsn, sslcrl=certificates.crl, **params)
    with pytest.raises(errors.OperationalError, match=r"gone\.crl"):
        connect(dsn, sslcrl=str(tmp_path / "gone.crl"), **params)
    with pytest.raises(errors.OperationalError, match="gone"):
        connect(dsn, sslcrldir=str(tmp_path / "gone"), **params)
    (home / ".postgresql" / "root.crl").write_bytes(Path(certificates.crl).read_bytes())
    with pytest.raises(errors.OperationalError, match="revoked"):
        connect(dsn, **params)
    directory = tmp_path / "crls"
    directory.mkdir()
    hashed = subprocess.run(
        ["openssl", "crl", "-hash", "-noout", "-in", certificates.crl],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    (directory / f"{hashed}.r0").write_bytes(Path(certificates.crl).read_bytes())
    with pytest.raises(errors.OperationalError, match="revoked"):
        connect(dsn, sslcrldir=str(directory), **params)


# The client's certificate


@pytest.fixture
def cert_dsn(dsn: str, certificates: Certificates) -> str:
    return (
        f"{dsn} user=of_cert sslmode=require sslcert={certificates.client} sslkey={certificates.client_key}"
    )


def test_client_certificate(connect: Side, cert_dsn: str) -> None:
    connected = connect(cert_dsn)
    assert connected.server_info.authentication == "cert"
    assert ask(connected, "SELECT client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()") != ""
    assert is_encrypted(connect(cert_dsn, sslcertmode="require"))


def test_client_certificate_missing(connect: Side, cert_dsn: str, dsn: str) -> None:
    for params in ({"sslcertmode": "disable"}, {"sslcert": "/nowhere"}):
        with pytest.raises(errors.OperationalError, match="valid client certificate") as caught:
            connect(cert_dsn, **params)
        assert caught.value.sqlstate == "28000"
    with pytest.raises(errors.OperationalError, match="no client certificate"):
        connect(dsn, sslmode="require", sslcertmode="require")
    with pytest.raises(errors.OperationalError, match="did not ask for a certificate"):
        connect(cert_dsn, sslmode="disable", user="of_trust", sslcertmode="require")


def test_client_certificate_of_a_stranger(connect: Side, cert_dsn: str, certificates: Certificates) -> None:
    with pytest.raises(errors.OperationalError, match=r"(?i)unknown.ca"):
        connect(cert_dsn, sslcert=certificates.stranger, sslkey=certificates.stranger_key)


def test_default_client_certificate(connect: Side, dsn: str, certificates: Certificates, home: Path) -> None:
    directory = home / ".postgresql"
    (directory / "postgresql.crt").write_bytes(Path(certificates.client).read_bytes())
    with pytest.raises(errors.OperationalError, match=r"no private key file .*postgresql\.key"):
        connect(dsn, sslmode="require", user="of_cert")
    key = directory / "postgresql.key"
    key.touch(mode=0o600)
    key.write_bytes(Path(certificates.client_key).read_bytes())
    assert connect(dsn, sslmode="require", user="of_cert").server_info.authentication == "cert"


def test_permissions_of_the_key(
    connect: Side, cert_dsn: str, certificates: Certificates, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_bytes(Path(certificates.client_key).read_bytes())
    for mode, accepted in ((0o600, True), (0o640, os.getuid() == 0), (0o644, False), (0o660, False)):
        key.chmod(mode)
        if accepted:
            connect(cert_dsn, sslkey=str(key))
        else:
            with pytest.raises(errors.OperationalError, match="group or world access"):
                connect(cert_dsn, sslkey=str(key))
    with pytest.raises(errors.OperationalError, match="not a regular file"):
        connect(cert_dsn, sslkey=str(tmp_path))


def test_encrypted_key(connect: Side, cert_dsn: str, certificates: Certificates) -> None:
    params = {"sslkey": certificates.encrypted_key}
    assert connect(cert_dsn, sslpassword="key secret", **params).server_info.authentication == "cert"
    for password in ("wrong one", None):
        with pytest.raises(errors.OperationalError, match="could not load certificate") as caught:
            connect(cert_dsn, sslpassword=password, **params)
        assert "wrong one" not in str(caught.value)


# Details of the handshake


def test_versions(connect: Side, dsn: str) -> None:
    for version in ("TLSv1.2", "TLSv1.3"):
        connected = connect(
            dsn, sslmode="require", ssl_min_protocol_version=version, ssl_max_protocol_version=version
        )
        assert isinstance(connected.sock, TLSSocket)
        assert connected.sock.tls.version() == version


def test_key_log(connect: Side, dsn: str, tmp_path: Path) -> None:
    connect(dsn, sslmode="require", sslkeylogfile=str(tmp_path / "keys"))
    assert "CLIENT_TRAFFIC_SECRET" in (tmp_path / "keys").read_text()


def test_modes_of_the_sockets(connect: Side, dsn: str) -> None:
    plain, secured = connect(dsn, sslmode="disable"), connect(dsn, sslmode="require")
    for connected in (plain, secured):
        assert connected.sock.gettimeout() == (None if connect.name == "blocking" else 0.0)


def receive_error(sock: socket.socket | TLSSocket) -> ConnectOperation[bytes]:
    reader = MessageReader(LIMITS)
    while (received := reader.message()) is None or received[0] != ord("E"):
        if received is None:
            reader.feed((yield from nonblocking(sock, lambda: sock.recv(1000), time.monotonic() + 30)))
    return received[1]


@pytest.mark.parametrize("sslmode", ["disable", "require"])
def test_cancel(connect: Side, dsn: str, tls_server: Server, sslmode: str) -> None:
    connected = connect(dsn, sslmode=sslmode)
    sleep(connected, connect(tls_server.dsn))
    if connect.name == "blocking":
        cancel.cancel(connected, 10)
    else:
        run_async(connect.name, cancel.cancel_async(connected, 10))
    assert b"canceling statement due to user request" in run(receive_error(connected.sock))


@pytest.fixture
def server_context(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates.server.configure_cert(context)
    return context


def scripted_dsn(server: ScriptedServer) -> str:
    return f"host=localhost hostaddr=127.0.0.1 port={server.port} user=me dbname=db connect_timeout=10"


@pytest.mark.parametrize("alpn", ["postgresql", None])
def test_direct(
    connect: Side, server_context: ssl.SSLContext, certificates: Certificates, alpn: str | None
) -> None:
    if alpn:
        server_context.set_alpn_protocols([alpn])
    names: list[Any] = []
    server_context.sni_callback = lambda sock, name, context: names.append(name)

    def script(conn: socket.socket) -> None:
        with server_context.wrap_socket(conn, server_side=True) as secured:
            assert b"user\0me\0" in packet(secured)
            secured.sendall(WELCOME)
            secured.recv(1)

    with ScriptedServer(script) as server:
        verified = f"sslmode=verify-full sslrootcert={certificates.root}"
        dsn = f"{scripted_dsn(server)} sslnegotiation=direct {verified}"
        if alpn is None:
            with pytest.raises(errors.OperationalError, match="ALPN"):
                connect(dsn)
        else:
            assert connect(dsn).tls
            assert connect(dsn, sslsni=False).tls
            assert names == ["localhost", None]
        connect.close()


@pytest.mark.parametrize("answer", [b"", b"N", b"E" + bytes(20)], ids=["none", "no TLS", "error"])
def test_direct_to_a_server_that_does_not_expect_it(connect: Side, answer: bytes) -> None:
    def script(conn: socket.socket) -> None:
        conn.recv(8)
        conn.sendall(answer)

    with ScriptedServer(script) as server:
        with pytest.raises(
            errors.OperationalError, match="PostgreSQL 17 or later: try sslnegotiation=postgres"
        ):
            connect(f"{scripted_dsn(server)} sslnegotiation=direct sslmode=require")


def test_negotiated_protocol(connect: Side, server_context: ssl.SSLContext) -> None:
    """PostgreSQL's protocol is asked for (ALPN) also when TLS is negotiated, against the ALPACA attack."""
    server_context.set_alpn_protocols(["postgresql"])

    def script(conn: socket.socket) -> None:
        assert packet(conn) == SSL_REQUEST
        conn.sendall(b"S")
        with server_context.wrap_socket(conn, server_side=True) as secured:
            assert secured.selected_alpn_protocol() == "postgresql"
            packet(secured)
            secured.sendall(WELCOME)
            secured.recv(1)

    with ScriptedServer(script) as server:
        assert connect(scripted_dsn(server), sslmode="require").tls
        connect.close()


@pytest.mark.parametrize("sslmode", ["prefer", "require"])
@pytest.mark.parametrize("answer", [b"S" + WELCOME, b"N" + WELCOME])
def test_bytes_in_clear_behind_the_answer(connect: Side, answer: bytes, sslmode: str) -> None:
    """Nobody may slip something in before the encryption starts (CVE-2021-23222)."""

    def script(conn: socket.socket) -> None:
        assert packet(conn) == SSL_REQUEST
        conn.sendall(answer)
        conn.recv(1)

    with ScriptedServer(script) as server:
        with pytest.raises(errors.OperationalError, match="unencrypted data"):
            connect(scripted_dsn(server), sslmode=sslmode)
        assert server.accepted == 1


def test_server_without_tls(connect: Side) -> None:
    def script(conn: socket.socket) -> None:
        assert packet(conn) == SSL_REQUEST
        conn.sendall(b"N")
        packet(conn)
        conn.sendall(WELCOME)
        conn.recv(1)

    with ScriptedServer(script) as server:
        assert not connect(scripted_dsn(server), sslmode="prefer").tls
        assert server.accepted == 1  # on the same connection
        with pytest.raises(errors.OperationalError, match="does not support TLS"):
            connect(scripted_dsn(server), sslmode="require")
        connect.close()


def test_an_error_in_answer_to_sslrequest_is_not_believed(connect: Side) -> None:
    def refuse(conn: socket.socket) -> None:
        packet(conn)
        conn.sendall(error("28P01", "send your password to evil.example"))
        conn.recv(1)

    def welcome(conn: socket.socket) -> None:
        assert packet(conn) != SSL_REQUEST
        conn.sendall(WELCOME)
        conn.recv(1)

    with ScriptedServer(refuse, welcome) as server:
        assert not connect(scripted_dsn(server), sslmode="prefer").tls
        connect.close()
    with ScriptedServer(refuse) as server:
        with pytest.raises(errors.OperationalError, match="error in answer to SSLRequest") as caught:
            connect(scripted_dsn(server), sslmode="require")
        assert "evil" not in str(caught.value)
        assert caught.value.sqlstate is None


@pytest.mark.parametrize("answer", [b"", b"X", b"HTTP/1.1 400", b"\x15\x03\x01"])
def test_nonsense_in_answer_to_sslrequest(connect: Side, answer: bytes) -> None:
    def script(conn: socket.socket) -> None:
        packet(conn)
        conn.sendall(answer)

    with ScriptedServer(script) as server:
        with pytest.raises(errors.OperationalError, match="SSLRequest"):
            connect(scripted_dsn(server), sslmode="require")


def test_unix_sockets_know_no_tls(connect: Side, tls_server: Server) -> None:
    connected = connect(tls_server.dsn, sslmode="verify-full")
    assert not connected.tls
    assert ask(connected, "SELECT 1") == "1"


# Pure parts


@pytest.mark.parametrize(
    ("certificate", "host", "matches"),
    [
        ({"subject": ((("commonName", "db"),),)}, "db", True),
        ({"subject": ((("commonName", "127.0.0.1"),),)}, "127.0.0.1", True),
        ({"subject": ((("commonName", "*.0.0.1"),),)}, "127.0.0.1", False),
        ({"subject": ((("commonName", "db"),),), "subjectAltName": (("DNS", "other"),)}, "db", False),
        ({"subject": ((("commonName", "db"),),), "subjectAltName": (("IP Address", "1.2.3.4"),)}, "db", True),
        ({"subject": ((("commonName", "::1"),),), "subjectAltName": (("IP Address", "::2"),)}, "::1", False),
        ({"subjectAltName": (("IP Address", "0:0:0:0:0:0:0:1\n"),)}, "::1", True),
        ({"subjectAltName": (("DNS", "*.b.c"),)}, "a.b.c", True),
        ({"subjectAltName": (("DNS", "*.b.c"),)}, ".b.c", False),
        ({"subjectAltName": (("DNS", "a*.b.c"),)}, "aa.b.c", False),
        ({"subjectAltName": (("DNS", "*"),)}, "a", False),
        ({"subjectAltName": (("DNS", "*."),)}, "a.", False),
        ({}, "a", False),
    ],
)
def test_matches_host(certificate: dict[str, Any], host: str, matches: bool) -> None:
    assert matches_host(certificate, host) == matches


def test_channel_binding_of_signatures() -> None:
    """The hash is the signature's, except MD5 and SHA-1."""
    import datetime
    import hashlib

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.serialization import Encoding

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    now = datetime.datetime.now(datetime.timezone.utc)
    rsa_key = rsa.generate_private_key(65537, 2048)
    ec_key = ec.generate_private_key(ec.SECP256R1())

    def der(key: Any, algorithm: Any, rsa_padding: Any = None) -> bytes:
        builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now)
        extra = {} if rsa_padding is None else {"rsa_padding": rsa_padding}
        return builder.sign(key, algorithm, **extra).public_bytes(Encoding.DER)

    for algorithm in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512(), hashes.SHA224()):
        pss = padding.PSS(padding.MGF1(algorithm), padding.PSS.DIGEST_LENGTH)
        for certificate in (der(rsa_key, algorithm), der(ec_key, algorithm), der(rsa_key, algorithm, pss)):
            assert tls_server_end_point(certificate) == hashlib.new(algorithm.name, certificate).digest()
    assert tls_server_end_point(der(ed25519.Ed25519PrivateKey.generate(), None)) is None
    for noise in (b"", b"0", b"0\x84", b"0\x03\x30\x01\x00", bytes(100)):
        assert tls_server_end_point(noise) is None
