"""The files that `tertulia run --lan` or `tertulia lan` wrote: the certificate, its names, the authority, the token."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

MAX_NAME_CHARS = 253


class BadSite(Exception):
    """A file is missing or wrong; the message says which."""


@dataclass(frozen=True, slots=True)
class SiteFiles:
    """The content of the folder, as of `version`. `names`: normalized names and addresses, without brackets."""

    names: Sequence[str]
    authority: bytes
    """The authority's certificate, DER."""
    token: str
    version: tuple[int, int]

    @property
    def fingerprint(self) -> str:
        """The SHA-256 fingerprint of the authority's certificate."""
        return hashlib.sha256(self.authority).digest().hex(":").upper()


class LanSite:
    """The current files, and the TLS context that uses them. New connections use new files after `reload`."""

    def __init__(self, folder: Path) -> None:
        """Read the files.

        Raises:
            BadSite: a file is missing or wrong.
        """
        self._folder = folder
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        self.files = self._read()

    def reload(self) -> bool:
        """Read the files again if they have changed. Returns whether they have; keeps the old ones if the new ones are
        wrong.
        """
        try:
            if self._version() == self.files.version:
                return False
            self.files = self._read()
        except BadSite as error:
            log.warning("the certificate for the home network was not loaded again: %s", error)
            return False
        return True

    def knows(self, name: str) -> bool:
        """True if the certificate is for this name or address, as it is in a `Host` header without the port."""
        return normalized(name) in self.files.names

    def _read(self) -> SiteFiles:
        version = self._version()
        names = [line.strip() for line in self._text("names").splitlines() if line.strip()]
        token = self._text("token").strip()
        try:
            authority = ssl.PEM_cert_to_DER_cert(self._text("ca.crt"))
            self.context.load_cert_chain(self._folder / "server.pem")
        except (OSError, ValueError) as error:  # an SSLError is an OSError
            raise BadSite(f"{self._folder} has no readable certificate ({error})") from error
        if not names or not token:
            raise BadSite(f"the files `names` and `token` in {self._folder} must not be empty")
        return SiteFiles(names, authority, token, version)

    def _text(self, name: str) -> str:
        try:
            return (self._folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadSite(f"{self._folder / name} cannot be read ({error})") from error

    def _version(self) -> tuple[int, int]:
        path = self._folder / "server.pem"  # the file that is written last
        try:
            status = path.stat()
        except OSError as error:
            raise BadSite(f"{path} cannot be read ({error.strerror})") from error
        return status.st_mtime_ns, status.st_ino


def normalized(name: str) -> str:
    """A name in lower case without a final dot, or an address without brackets in its shortest form."""
    bare = name[:MAX_NAME_CHARS].lower().rstrip(".").removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return bare
