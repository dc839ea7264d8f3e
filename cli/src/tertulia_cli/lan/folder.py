"""The folder of the certificate: its layout, and the step that brings it up to date.

    DIR/authority/   ca.pem                  the authority, for this command only
    DIR/gateway/     server.pem              the gateway's certificate
                     ca.crt, names, token    what the gateway serves, checks and asks for

A `.pem` file contains a certificate and its key, so that both change at once.

With containers each part is a separate volume, so the gateway does not see the authority's key.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from tertulia_cli.access import certificates
from tertulia_cli.access.certificates import Pair
from tertulia_cli.access.files import OWNER_ONLY, Readers, locked, read, write
from tertulia_cli.exit_codes import MISUSED, Failure
from tertulia_cli.lan.authority import make_authority, make_certificate, plan_renewal
from tertulia_cli.lan.machine import Machine

TOKEN_BYTES: Final = 16
"""128 bits: more than can be guessed, and few enough for a small QR code."""
BEGIN_KEY: Final = "-----BEGIN PRIVATE KEY-----"


@dataclass(frozen=True, slots=True)
class LanFolder:
    """`readers`: who may read the gateway's part, besides its owner."""

    root: Path
    readers: Readers = OWNER_ONLY

    @property
    def gateway(self) -> Path:
        """The gateway's part."""
        return self.root / "gateway"

    def authority(self) -> Pair | None:
        """The authority; None if there is none."""
        return _read_pair(self.root / "authority" / "ca.pem")

    def certificate(self) -> Pair | None:
        """The gateway's certificate; None if there is none."""
        return _read_pair(self.gateway / "server.pem")


@dataclass(frozen=True, slots=True)
class Certified:
    """The state of the folder after `bring_up_to_date`.

    `token`: the generated token. `new_authority`, `new_certificate`: why one was made, or "".
    """

    names: tuple[str, ...]
    fingerprint: str
    ends: datetime
    token: str
    new_authority: str = ""
    new_certificate: str = ""


def bring_up_to_date(folder: LanFolder, machine: Machine, asked: Sequence[str], now: datetime) -> Certified:
    """Make what is missing or is to be renewed.

    Raises:
        Failure: this machine has no address in a network, or a file cannot be read or written.
    """
    if not machine.addresses and not asked:
        raise Failure(
            "this machine has no address in a home network: connect it to one (Wi-Fi or cable), or set "
            "TERTULIA_LAN_NAMES to the names or addresses by which other devices reach it.",
            MISUSED,
        )
    with locked(folder.root / "authority" / "lock"):
        authority, certificate = folder.authority(), folder.certificate()
        planned = plan_renewal(
            None if authority is None else authority.certificate,
            None if certificate is None else certificate.certificate,
            machine,
            asked,
            now,
        )
        if planned.authority or authority is None:
            authority = make_authority(machine, asked, now)
            write(folder.root / "authority" / "ca.pem", authority.certificate + authority.key, OWNER_ONLY)
        if planned.certificate or certificate is None:
            certificate = make_certificate(authority, planned.names, now)
            write(folder.gateway / "names", "\n".join(planned.names) + "\n", folder.readers)
            write(folder.gateway / "ca.crt", authority.certificate, folder.readers)
            write(folder.gateway / "server.pem", certificate.certificate + certificate.key, folder.readers)
        return Certified(
            planned.names,
            certificates.fingerprint(authority.certificate),
            certificates.ends(certificate.certificate),
            _token(folder),
            planned.authority,
            planned.certificate,
        )


def _read_pair(path: Path) -> Pair | None:
    certificate, mark, key = (read(path) or "").partition(BEGIN_KEY)
    return Pair(certificate, mark + key) if mark else None


def _token(folder: LanFolder) -> str:
    path = folder.gateway / "token"
    known = (read(path) or "").strip()
    if not known:
        known = secrets.token_urlsafe(TOKEN_BYTES)
        write(path, known + "\n", folder.readers)
    return known
