"""Certificates for a stand-in server on loopback, made on the spot by the `openssl` command."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from fms_dgt.safety.child import child_environment, program, run

DAYS = "2"
KEY = ("-newkey", "rsa:2048", "-nodes")
CONFIG = """
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


@dataclass(frozen=True, slots=True)
class Certificates:
    """A certificate authority of one's own (`ca`), and what it vouches for: localhost and 127.0.0.1."""

    ca: Path
    chain: Path
    key: Path

    def for_server(self) -> ssl.SSLContext:
        """What a server that proves itself by them listens with."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.chain, self.key)
        return context


def make_certificates(folder: Path) -> Certificates:
    """New ones, in `folder`. Raises RuntimeError where there is no `openssl` command."""
    command = program("openssl")
    if command is None:
        raise RuntimeError("the stand-in server's certificates are made by 'openssl', which is not there")
    (folder / "openssl.cnf").write_text(CONFIG, encoding="utf-8")

    def openssl(*arguments: str) -> None:
        done = run(
            [command, *arguments], environment=child_environment(), seconds=60, largest=1 << 20, folder=folder
        )
        if done.returncode:
            raise RuntimeError(f"'openssl' failed: {done.stderr.decode(errors='replace').strip()}")

    config = ("-config", "openssl.cnf")
    openssl(
        *("req", "-x509", *KEY, *config, "-extensions", "ca", "-days", DAYS),
        *("-subj", "/CN=stand-in CA", "-keyout", "ca.key", "-out", "ca.pem"),
    )
    openssl("req", *KEY, *config, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    openssl(
        *("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
        *("-days", DAYS, "-extfile", "openssl.cnf", "-extensions", "server", "-out", "server.pem"),
    )
    return Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
