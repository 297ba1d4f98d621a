"""Certificates that keep strangers away from Dask, which runs any code for whoever reaches its ports."""

import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from videoprep_nb.core.errors import InputError

if TYPE_CHECKING:
    from distributed.security import Security


@dataclass(frozen=True)
class TlsFiles:
    """Files in PEM format with which all machines of a cluster prove to each other that they belong to it.

    Args:
        ca: Certificate of the authority. Whoever has a certificate from it can run code on the cluster.
        cert: Certificate of this machine.
        key: Its private key, not encrypted.
    """

    ca: Path
    cert: Path
    key: Path

    def check(self) -> None:
        """Check that the files can be used, before anybody waits for a scheduler that refuses them.

        Raises:
            InputError: They cannot.
        """
        for path in (self.ca, self.cert, self.key):
            try:
                path.read_bytes()
            except OSError as error:
                raise InputError(f"{path} cannot be read ({error.strerror}).") from None
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except ssl.SSLError:
            raise InputError(f"{self.ca} does not hold a certificate in PEM format.") from None
        try:
            context.load_cert_chain(self.cert, self.key, password="")
        except ssl.SSLError:
            raise InputError(
                f"{self.cert} and {self.key} do not belong together; expected a certificate and its private key in PEM "
                "format, the key without a password."
            ) from None

    def valid_until(self) -> datetime:
        """When the first of the certificates ends, with a time zone."""
        from cryptography.x509 import load_pem_x509_certificates

        certificates = [one for file in (self.ca, self.cert) for one in load_pem_x509_certificates(file.read_bytes())]
        return min(certificate.not_valid_after_utc for certificate in certificates)

    def security(self) -> "Security":
        """What Dask connects with; it refuses whoever has no certificate from the authority."""
        return _security(str(self.ca), str(self.cert), str(self.key))


def temporary_security() -> "Security":
    """What a cluster on this machine connects with: a new key that no other process knows.

    It stays in memory and goes through pipes to the workers. Dask's own ``Security.temporary`` takes a tenth of a
    second or more for its RSA key, and makes a certificate that ends after a year.
    """
    certificate, key = _make_certificate()
    return _security(certificate, certificate, key)


def write_certificate(folder: Path) -> TlsFiles:
    """Make a certificate that is its own authority, for all machines of a cluster.

    Args:
        folder: Where ``cert.pem`` goes, and ``key.pem``, which only its owner may read.

    Raises:
        FileExistsError: The folder already has a key.
    """
    certificate, key = _make_certificate()
    files = TlsFiles(ca=folder / "cert.pem", cert=folder / "cert.pem", key=folder / "key.pem")
    with os.fdopen(os.open(files.key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key)
    files.cert.write_text(certificate)
    return files


def _security(ca: str, cert: str, key: str) -> "Security":
    """The same certificate for every role; each is a path, or the text itself."""
    from distributed.security import Security

    return Security(
        require_encryption=True,
        tls_min_version=ssl.TLSVersion.TLSv1_3,
        tls_ca_file=ca,
        tls_client_cert=cert,
        tls_client_key=key,
        tls_scheduler_cert=cert,
        tls_scheduler_key=key,
        tls_worker_cert=cert,
        tls_worker_key=key,
    )


def _make_certificate() -> tuple[str, str]:
    """A certificate that signs itself, and its private key, both as PEM text."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "videoprep cluster")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # it is valid for as long as its key is kept: a clock that is wrong or set must not stop a cluster
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()
