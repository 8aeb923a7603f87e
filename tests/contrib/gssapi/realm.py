"""A Kerberos realm of the suite's own, in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from tests.servers import free_port

REALM = "HOWDAH.TEST"
#: The programs of Debian's krb5-kdc, krb5-admin-server and krb5-user.
PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")

KRB5_CONF = """\
[libdefaults]
    default_realm = {realm}
    dns_lookup_realm = false
    dns_lookup_kdc = false
    dns_canonicalize_hostname = false
    rdns = false
    udp_preference_limit = 1
    forwardable = true
[realms]
    {realm} = {{
        kdc = 127.0.0.1:{port}
    }}
"""
KDC_CONF = """\
[kdcdefaults]
    kdc_listen = 127.0.0.1:{port}
    kdc_tcp_listen = 127.0.0.1:{port}
[realms]
    {realm} = {{
        database_name = {directory}/principal
        key_stash_file = {directory}/stash
        acl_file = {directory}/acl
        supported_enctypes = aes256-cts:normal
    }}
[logging]
    kdc = FILE:{directory}/kdc.log
"""


def program(name: str) -> str | None:
    """The path of a program, None if it is not installed."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/local/sbin")


class Realm:
    """A KDC with some principals. A context manager.

    Attributes:
        directory: The folder; the keytab `server.keytab` is in it.
        environment: The variables that make programs use the realm.
    """

    def __enter__(self) -> Realm:
        self.directory = Path(tempfile.mkdtemp(prefix="howdah-krb5-", dir="/tmp"))
        self.directory.chmod(0o755)
        self.process: subprocess.Popen[bytes] | None = None
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        port = free_port()
        for name, text in (("krb5.conf", KRB5_CONF), ("kdc.conf", KDC_CONF)):
            content = text.format(realm=REALM, port=port, directory=self.directory)
            (self.directory / name).write_text(content)
        self.environment = {
            "KRB5_CONFIG": f"{self.directory}/krb5.conf",
            "KRB5_KDC_PROFILE": f"{self.directory}/kdc.conf",
            "KRB5CCNAME": f"FILE:{self.directory}/ccache",
            "KRB5RCACHENAME": f"dfl:{self.directory}/",
            "KRB5_CLIENT_KTNAME": f"FILE:{self.directory}/none",
        }
        self.run("kdb5_util", "create", "-s", "-r", REALM, "-P", "master")
        for principal, keytab in (
            ("postgres/localhost", "server"),
            ("mahout", "mahout"),
            ("keeper", "keeper"),
        ):
            self.run("kadmin.local", "-q", f"addprinc -randkey {principal}")
            self.run("kadmin.local", "-q", f"ktadd -k {self.directory}/{keytab}.keytab {principal}")
        self.process = subprocess.Popen(
            [program("krb5kdc") or "", "-n", "-r", REALM],
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for attempt in range(100):  # until the KDC listens
            try:
                self.kinit("mahout")
                return
            except subprocess.CalledProcessError:
                if attempt == 99 or self.process.poll() is not None:
                    raise
                time.sleep(0.05)

    def kinit(self, user: str) -> None:
        """Log a user in."""
        self.run("kinit", "-f", "-k", "-t", f"{self.directory}/{user}.keytab", user)

    def run(self, name: str, *args: str) -> None:
        """Run one of Kerberos' programs."""
        subprocess.run(
            [program(name) or name, *args],
            check=True,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )

    def __exit__(self, *exc_info: object) -> None:
        if self.process is not None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        shutil.rmtree(self.directory, ignore_errors=True)
