"""The addresses to open on other devices. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from tertulia_cli.access.names import in_url, is_address


@dataclass(frozen=True, slots=True)
class LanPorts:
    """`https`: of the gateway; `setup`: of the page about the certificate, by plain HTTP."""

    https: int
    setup: int


def setup_url(name: str, ports: LanPorts) -> str:
    """The page that explains how a device trusts the certificate."""
    return f"http://{in_url(name)}:{ports.setup}/"


def page_url(name: str, ports: LanPorts, token: str = "") -> str:
    """The gateway's page. The token is in the fragment, which a browser does not send to any server."""
    fragment = f"#token={quote(token, safe='')}" if token else ""
    return f"https://{in_url(name)}:{ports.https}/{fragment}"


def main_name(names: Sequence[str]) -> str:
    """The name to show first: an IPv4 address, which every network and device can use; otherwise the first name."""
    return next((name for name in names if is_address(name) and ":" not in name), names[0])
