"""The certificate authority of one machine: which names it may certify, and when to renew it or its certificate.

Devices trust this authority, so it is limited to the names of a home network by name constraints (RFC 5280, section
4.2.1.10): with its key nobody can imitate a site of the internet. No I/O.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from tertulia_cli.access import certificates
from tertulia_cli.access.certificates import SERVER_DAYS, Pair
from tertulia_cli.access.names import is_address
from tertulia_cli.lan.machine import PRIVATE, Machine

LOCAL_DOMAINS: Final = ("local", "home.arpa", "internal", "lan", "home", "localdomain")
"""Domains that the internet's DNS does not have, or that are reserved for home networks."""
COMMON_NAME: Final = "Tertulia"


@dataclass(frozen=True, slots=True)
class Renewal:
    """What to make again. A reason is a part of a sentence; "" means that the present one is still good."""

    names: tuple[str, ...]
    """The names that the certificate is to have."""
    authority: str = ""
    certificate: str = ""


def plan_renewal(
    authority: str | None, certificate: str | None, machine: Machine, asked: Sequence[str], now: datetime
) -> Renewal:
    """Decide what to make, from the present certificates (PEM; None if there is none).

    A found name that the authority may not certify is left out, because a new authority has to be trusted again on
    every device. An `asked` name is not left out.
    """
    wanted = tuple(dict.fromkeys((*asked, *machine.names)))
    reason = _why_a_new_authority(authority, asked, wanted, now)
    if reason or authority is None:
        return Renewal(wanted, reason, "the authority is new")
    names = tuple(name for name in wanted if permits(authority, name))
    return Renewal(names, "", _why_a_new_certificate(authority, certificate, names, now))


def make_authority(machine: Machine, asked: Sequence[str], now: datetime) -> Pair:
    """Make an authority for home networks, and for these names and addresses in particular."""
    names = (*asked, *machine.names)
    networks = [*PRIVATE, *(ipaddress.ip_network(name) for name in names if is_address(name))]
    domains = [*LOCAL_DOMAINS, *(name for name in names if not is_address(name))]
    permitted = [
        *(x509.DNSName(domain) for domain in dict.fromkeys(domains)),
        *(x509.IPAddress(network) for network in dict.fromkeys(networks)),
    ]
    # devices list authorities by this name: it must tell two machines apart, and an old authority from a new one
    of_machine = machine.host_name.partition(".")[0] or "this machine"
    return certificates.make_authority(now, f"{COMMON_NAME} {of_machine[:40]} {now:%Y-%m-%d}", permitted)


def make_certificate(authority: Pair, names: Sequence[str], now: datetime) -> Pair:
    """Make the gateway's certificate."""
    return certificates.make_server(authority, names, now, f"{COMMON_NAME} gateway")


def permits(authority: str, name: str) -> bool:
    """True if the authority may certify this name or address."""
    extensions = x509.load_pem_x509_certificate(authority.encode()).extensions
    trees = extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    if is_address(name):
        address = ipaddress.ip_address(name)
        networks = [ipaddress.ip_network(str(tree.value)) for tree in trees if isinstance(tree, x509.IPAddress)]
        return any(address in network for network in networks)
    domains = [tree.value for tree in trees if isinstance(tree, x509.DNSName)]
    return any(name == domain or name.endswith(f".{domain}") for domain in domains)


def _why_a_new_authority(authority: str | None, asked: Sequence[str], wanted: Sequence[str], now: datetime) -> str:
    if authority is None:
        return "there is none"
    if certificates.ends(authority) < now + timedelta(days=SERVER_DAYS):
        return "it ends soon"
    if refused := [name for name in asked if not permits(authority, name)]:
        return f"it may not certify {', '.join(refused)}"
    if not any(permits(authority, name) for name in wanted):
        return "it may not certify any name of this machine"
    return ""


def _why_a_new_certificate(authority: str, certificate: str | None, names: Sequence[str], now: datetime) -> str:
    if certificate is None:
        return "there is none"
    if set(certificates.names_of(certificate)) != set(names):
        return "the names or addresses of this machine have changed"
    return "it ends soon" if certificates.needs_renewal(certificate, authority, now) else ""
