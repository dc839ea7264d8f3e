"""Certificate authorities, and the certificates that they sign: of Redis, of each node, and of the gateway in the home
network. PEM in, PEM out; no files.

Keys are P-256, which every TLS library supports. Redis does not support revocation lists, so a certificate alone gives
no access: a client also needs a login, and `revoke` deletes that.
"""

from __future__ import annotations

import hashlib
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tertulia_cli.access.names import is_address

AUTHORITY_DAYS: Final = 3650
SERVER_DAYS: Final = 397
"""The longest validity that browsers accept for a server's certificate; `init` renews it long before."""
RENEW_SHARE: Final = 1 / 3
"""Renew a server's certificate when less than this share of its validity is left."""
SKEW: Final = timedelta(hours=1)
"""A new certificate is valid from this long ago, because another machine's clock may be behind."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, PEM."""

    certificate: str
    key: str


def make_authority(
    now: datetime, common_name: str = "Tertulia access", permitted: Sequence[x509.GeneralName] = ()
) -> Pair:
    """Make a new authority. `permitted`: it can only sign certificates for names within these subtrees (RFC 5280,
    section 4.2.1.10); if empty, for all names.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        _builder(name, name, key.public_key(), now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if permitted:
        builder = builder.add_extension(x509.NameConstraints(permitted, None), critical=True)
    return _pair(builder.sign(key, hashes.SHA256()), key)


def make_server(authority: Pair, names: Sequence[str], now: datetime, common_name: str = "Redis") -> Pair:
    """Make a server's certificate for these names."""
    alternatives = x509.SubjectAlternativeName(
        [x509.IPAddress(ipaddress.ip_address(name)) if is_address(name) else x509.DNSName(name) for name in names]
    )
    signed = _Signed(common_name, ExtendedKeyUsageOID.SERVER_AUTH, now, SERVER_DAYS, alternatives)
    return _sign(authority, signed)


def make_client(authority: Pair, name: str, now: datetime, days: int) -> Pair:
    """Make a node's client certificate."""
    return _sign(authority, _Signed(name, ExtendedKeyUsageOID.CLIENT_AUTH, now, days))


def names_of(certificate: str) -> tuple[str, ...]:
    """The names in a server's certificate, in order."""
    alternatives = (
        x509.load_pem_x509_certificate(certificate.encode())
        .extensions.get_extension_for_class(x509.SubjectAlternativeName)
        .value
    )
    return tuple(str(name.value) for name in alternatives)


def ends(certificate: str) -> datetime:
    """The end of a certificate's validity."""
    return x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc


def fingerprint(certificate: str) -> str:
    """The SHA-256 fingerprint, as browsers and phones show it: pairs of hex digits with colons."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).digest().hex(":").upper()


def needs_renewal(certificate: str, authority: str, now: datetime) -> bool:
    """True if a certificate expires soon or was made by another authority."""
    made = x509.load_pem_x509_certificate(certificate.encode())
    life = made.not_valid_after_utc - made.not_valid_before_utc
    if made.not_valid_after_utc - now < life * RENEW_SHARE:
        return True
    try:
        made.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.encode()))
    except Exception:  # noqa: BLE001 - any failure to verify calls for a new certificate
        return True
    return False


@dataclass(frozen=True, slots=True)
class _Signed:
    name: str
    purpose: x509.ObjectIdentifier
    now: datetime
    days: int
    alternatives: x509.SubjectAlternativeName | None = None


def _sign(authority: Pair, asked: _Signed) -> Pair:
    issuer = x509.load_pem_x509_certificate(authority.certificate.encode())
    signing = serialization.load_pem_private_key(authority.key.encode(), password=None)
    if not isinstance(signing, ec.EllipticCurvePrivateKey):
        raise TypeError(f"the authority's key is not a P-256 key but {type(signing).__name__}")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, asked.name)])
    builder = (
        _builder(subject, issuer.subject, key.public_key(), asked.now, asked.days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([asked.purpose]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    if asked.alternatives is not None:
        builder = builder.add_extension(asked.alternatives, critical=False)
    return _pair(builder.sign(signing, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    return Pair(
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
    )


def now() -> datetime:
    """The current UTC time in whole seconds, the resolution of certificates."""
    return datetime.now(UTC).replace(microsecond=0)
