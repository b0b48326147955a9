"""The installation's own certificate authority: ECDSA P-256, for servers on this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from api.embedded.errors import EmbeddedError
from control_plane.kit.clock import Clock
from control_plane.provisioning.files import write_atomically

CA_DAYS = 3650
CA_RENEWAL_DAYS = 400
"""An authority that would end before a certificate it issues is replaced."""
SERVER_DAYS = 397
"""The longest life that all TLS clients accept of a server certificate (CA/B Forum, 2020)."""
SERVER_RENEWAL_DAYS = SERVER_DAYS // 3
BACKDATED = timedelta(hours=24)
"""Clients whose clocks are behind accept fresh certificates too."""

_SERVER_CERTIFICATE = "server.pem"
_SERVER_KEY = "server.key"


@dataclass(frozen=True, slots=True)
class ServerFiles:
    """A certificate chain and its private key on disk."""

    certificate: Path
    private_key: Path


class Authority:
    """Issues certificates; implements `CertificateIssuer` of the provisioning engines."""

    def __init__(
        self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, clock: Clock
    ) -> None:
        self._certificate = certificate
        self._key = key
        self._clock = clock

    @classmethod
    def open(cls, directory: Path, clock: Clock) -> "Authority":
        """Load the authority of `directory`, making one if there is none that still lasts."""
        directory.mkdir(mode=0o700, exist_ok=True)
        certificate_file, key_file = directory / "ca.pem", directory / "ca.key"
        if certificate_file.exists() and key_file.exists():
            authority = cls._load(certificate_file, key_file, clock)
            if authority.remaining_days > CA_RENEWAL_DAYS:
                return authority
        authority = cls._create(clock)
        # Without its certificate a key is no authority: the certificate comes last.
        certificate_file.unlink(missing_ok=True)
        write_atomically(key_file, authority.private_key)
        write_atomically(certificate_file, authority.ca_certificate.encode(), 0o644)
        return authority

    @property
    def ca_certificate(self) -> str:
        return _certificate_pem(self._certificate).decode()

    @property
    def private_key(self) -> bytes:
        """The authority's private key, PEM, for its own file alone."""
        return _key_pem(self._key)

    @property
    def remaining_days(self) -> int:
        return _remaining_days(self._certificate, self._clock)

    def issue(self, common_name: str, hosts: Sequence[str]) -> tuple[bytes, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        now = self._clock.now()
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        certificate = (
            _builder(_name(common_name), self._certificate.subject, key.public_key())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(now + timedelta(days=SERVER_DAYS))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(usages, critical=False)
            .add_extension(names, critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        return _certificate_pem(certificate), _key_pem(key)

    def is_current(self, certificate: bytes, hosts: Sequence[str]) -> bool:
        try:
            found = x509.load_pem_x509_certificate(certificate)
            found.verify_directly_issued_by(self._certificate)
            names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return False
        has_time_left = _remaining_days(found, self._clock) > SERVER_RENEWAL_DAYS
        return has_time_left and set(names) == {_general_name(host) for host in hosts}

    def server_files(self, directory: Path, hosts: Sequence[str]) -> ServerFiles:
        """Return a current certificate for `hosts` in `directory`, issued now if need be."""
        files = ServerFiles(directory / _SERVER_CERTIFICATE, directory / _SERVER_KEY)
        if (
            files.private_key.exists()
            and files.certificate.exists()
            and self.is_current(files.certificate.read_bytes(), hosts)
        ):
            return files
        certificate, key = self.issue(hosts[0], hosts)
        files.certificate.unlink(missing_ok=True)
        write_atomically(files.private_key, key)
        write_atomically(files.certificate, certificate, 0o644)
        return files

    @classmethod
    def _load(cls, certificate_file: Path, key_file: Path, clock: Clock) -> "Authority":
        try:
            certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
            key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        except (ValueError, TypeError) as error:
            raise EmbeddedError(
                f"the certificate authority in {certificate_file.parent} is damaged ({error}); "
                "restore it from a backup, or delete ca.pem and ca.key for a new one, "
                "which clients must trust anew"
            ) from error
        if (
            not isinstance(key, ec.EllipticCurvePrivateKey)
            or key.public_key() != certificate.public_key()
        ):
            raise EmbeddedError(f"{key_file} is not the key of {certificate_file}")
        return cls(certificate, key, clock)

    @classmethod
    def _create(cls, clock: Clock) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Headrace local authority")
        now = clock.now()
        certificate = (
            _builder(name, name, key.public_key())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(now + timedelta(days=CA_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate, key, clock)


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    address = _ip_address(host)
    return x509.DNSName(host) if address is None else x509.IPAddress(address)


def _ip_address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _remaining_days(certificate: x509.Certificate, clock: Clock) -> int:
    return (certificate.not_valid_after_utc - clock.now()).days


def _certificate_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
