"""Seals a secret for one process, so that it can pass through Redis: HPKE (RFC 9180).

The receiver makes a key pair that exists only in its memory. So that process alone can open what was sealed for it, and
no process can after its end, also if Redis' files were copied. The purpose is bound into the seal: a secret that was
sealed for one address cannot be opened for another.

`cryptography` is imported when the first secret is sealed or opened: it takes 7 MB, and most processes seal nothing.
"""

from __future__ import annotations

import base64
import binascii
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.hpke import Suite


class CannotOpen(Exception):
    """The secret was sealed for another process or for another purpose, or was changed on its way."""


class Unsealer:
    """Opens what was sealed for `public_key`. The key pair is made when it is first used."""

    def __init__(self) -> None:
        self._made: X25519PrivateKey | None = None

    @property
    def public_key(self) -> str:
        """The key to seal for, in base64."""
        return base64.b64encode(self._private.public_key().public_bytes_raw()).decode()

    def open(self, sealed: bytes, purpose: str) -> str:
        """The secret.

        Raises:
            CannotOpen: it was not sealed for this process and this purpose.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see above

        try:
            return _suite().decrypt(sealed, self._private, info=purpose.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise CannotOpen from error

    @property
    def _private(self) -> X25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey  # noqa: PLC0415 - see above

        if self._made is None:
            self._made = X25519PrivateKey.generate()
        return self._made


def seal(secret: str, public_key: str, purpose: str) -> bytes:
    """Seal a secret for the process with this public key.

    Raises:
        ValueError: `public_key` is not one.
    """
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey  # noqa: PLC0415 - see above

    try:
        receiver = X25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
    except binascii.Error as error:
        raise ValueError(f"not a public key: {error}") from error
    return _suite().encrypt(secret.encode(), receiver, info=purpose.encode())


@cache
def _suite() -> Suite:
    from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite  # noqa: PLC0415 - see above

    return Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
