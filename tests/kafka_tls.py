"""A broker that listens with TLS and accounts too, and the certificates that this takes.

Every certificate is made anew for the test and is good for a day.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from kafka_broker import Broker

USER, PASSWORD = "mintflow", "as secret as a test can keep it"
SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")
_USES = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]


@dataclass(frozen=True)
class Pem:
    """Files of a certificate and its key."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates; whoever is told to trust its own one trusts those."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        own = _certificate(name, name, self._key.public_key())
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.certificate = folder / f"{name}.pem"
        self.certificate.write_bytes(_pem(own.sign(self._key, hashes.SHA256())))

    def issue(self, name: str) -> Pem:
        """For a server or client on this machine."""
        key = ec.generate_private_key(ec.SECP256R1())
        here = x509.SubjectAlternativeName(
            [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
        )
        made = (
            _certificate(name, self._name, key.public_key())
            .add_extension(here, critical=False)
            .add_extension(x509.ExtendedKeyUsage(_USES), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        found = Pem(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        found.certificate.write_bytes(_pem(made))
        found.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return found


class SecureBroker(Broker):
    """Beside its plain listener one that wants a certificate, and one that wants an account."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.authority = Authority(folder, "authority")
        self._stores = folder
        self._certificate = self.authority.issue("broker")
        self.client = self.authority.issue("client")
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            second.bind(("127.0.0.1", 0))
            self._tls, self._accounts = first.getsockname()[1], second.getsockname()[1]

    @property
    def tls(self) -> str:
        return f"127.0.0.1:{self._tls}"

    @property
    def accounts(self) -> str:
        return f"127.0.0.1:{self._accounts}"

    def start(self) -> str:
        """Accounts by SCRAM are kept by the broker itself; that by PLAIN stands in its settings."""
        bootstrap = super().start()
        admin = AdminClient({"bootstrap.servers": bootstrap})
        for way in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
            info = ScramCredentialInfo(way, 4096)
            made = UserScramCredentialUpsertion(USER, info, PASSWORD.encode())
            admin.alter_user_scram_credentials([made])[USER].result(15)
        return bootstrap

    def _configure(self) -> Path:
        path = super()._configure()
        keys = self._stores / "broker-keys.pem"
        own = self._certificate
        keys.write_bytes(own.key.read_bytes() + own.certificate.read_bytes())
        lines = path.read_text().splitlines()
        more = {
            "listeners": f",TLS://{self.tls},ACCOUNTS://{self.accounts}",
            "advertised.listeners": f",TLS://{self.tls},ACCOUNTS://{self.accounts}",
            "listener.security.protocol.map": ",TLS:SSL,ACCOUNTS:SASL_SSL",
        }
        lines = [line + more.get(line.partition("=")[0], "") for line in lines]
        logins = "org.apache.kafka.common.security"
        plain, scram = f"{logins}.plain.PlainLoginModule", f"{logins}.scram.ScramLoginModule"
        listener = "listener.name.accounts"
        lines += [
            "ssl.keystore.type=PEM", f"ssl.keystore.location={keys}",
            "ssl.truststore.type=PEM", f"ssl.truststore.location={self.authority.certificate}",
            "listener.name.tls.ssl.client.auth=required",
            f"{listener}.sasl.enabled.mechanisms=PLAIN,{','.join(SCRAM)}",
            f'{listener}.plain.sasl.jaas.config={plain} required user_{USER}="{PASSWORD}";',
            *(f"{listener}.{one.lower()}.sasl.jaas.config={scram} required;" for one in SCRAM),
        ]  # fmt: skip
        path.write_text("\n".join(lines) + "\n")
        return path


def _certificate(name: str, issuer: str, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
