"""Google's connector for Cloud SQL, whose driver psycopg may be howdah; a stand-in for its proxy server."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import trustme

pytest.importorskip(
    "google.cloud.sql.connector.psycopg",
    reason="cloud-sql-python-connector is not installed, or does not know psycopg: pip install"
    " 'cloud-sql-python-connector>=1.23'",
)

if TYPE_CHECKING:
    from pathlib import Path

#: What `Connector.connect(…, "psycopg")` does once it has a socket.
PROGRAM = """
import howdah_psycopg
howdah_psycopg.install()

import socket, ssl, sys
import howdah
from google.cloud.sql.connector import psycopg

port, authority, user, database = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)
sock = context.wrap_socket(socket.create_connection(("127.0.0.1", int(port))), server_hostname="localhost")
with psycopg.connect("127.0.0.1", sock, user=user, db=database, password="token", timeout=30) as conn:
    assert isinstance(conn, howdah.Connection)
    print(conn.execute("SELECT 'it ' || %s", ["works"]).fetchone()[0])
"""


def forward(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def test_the_driver_psycopg(server: Any, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with context.wrap_socket(listener.accept()[0], server_side=True) as client:
                with socket.create_connection((server.tcp_host, server.port)) as upstream:
                    thread = threading.Thread(target=forward, args=(client, upstream))
                    thread.start()
                    forward(upstream, client)
                    thread.join()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        arguments = [str(listener.getsockname()[1]), str(tmp_path / "ca.pem"), server.user, server.dbname]
        output = subprocess.check_output([sys.executable, "-c", PROGRAM, *arguments], text=True, timeout=60)
        thread.join(10)
    assert output == "it works\n"
