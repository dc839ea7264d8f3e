"""Finds the names and addresses by which other devices of the home network reach this machine."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import ifaddr

from tertulia_cli.access.names import LABEL

PRIVATE: Final = tuple(
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
"""Private addresses (RFC 1918, RFC 4193), and those of carriers and VPNs such as Tailscale (RFC 6598)."""
VIRTUAL: Final = ("docker", "br-", "veth", "virbr", "vmnet", "vnic", "lxc", "lxd", "cni", "podman", "vboxnet")
"""How the names of interfaces begin that only lead to containers and virtual machines of this machine."""
ELSEWHERE: Final = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))
"""Documentation addresses (RFC 5737, RFC 3849). A UDP socket that is connected to one sends nothing, but has the
address of the interface with the default route."""
UNUSABLE_HOSTS: Final = ("localhost", "localhost.localdomain", "")


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface with its addresses, without their zones."""

    name: str
    addresses: Sequence[str]


@dataclass(frozen=True, slots=True)
class Machine:
    """`host_name`: as the operating system has it; `addresses`: the usable ones, the best first."""

    host_name: str
    addresses: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The addresses, then the names under which the machine may be known."""
        return (*self.addresses, *host_names(self.host_name))


def find_machine() -> Machine:
    """Look at this machine's network interfaces. Sends nothing."""
    interfaces = [
        Interface(adapter.nice_name, [ip.ip if isinstance(ip.ip, str) else ip.ip[0] for ip in adapter.ips])
        for adapter in ifaddr.get_adapters()
    ]
    return Machine(socket.gethostname().lower(), usable_addresses(interfaces, _of_default_routes()))


def usable_addresses(interfaces: Sequence[Interface], preferred: Sequence[str]) -> tuple[str, ...]:
    """The addresses for a certificate: private ones, those of the default route first and IPv4 before IPv6.

    A public IPv4 address is used only if there is no private one, as in some company networks. Public IPv6 addresses
    change every day; a `.local` name leads to them as well.
    """
    found = [
        ipaddress.ip_address(address)
        for interface in interfaces
        if not interface.name.startswith(VIRTUAL)
        for address in interface.addresses
    ]
    found = [each for each in found if not (each.is_loopback or each.is_link_local or each.is_unspecified)]
    private = [each for each in found if is_private(str(each))]
    if not any(each.version == 4 for each in private):  # noqa: PLR2004 - IPv4
        private += [each for each in found if each.version == 4]  # noqa: PLR2004 - IPv4
    ranked = sorted(private, key=lambda each: (each.version, str(each) not in preferred))
    return tuple(dict.fromkeys(map(str, ranked)))


def is_private(address: str) -> bool:
    """True if the address is one of a home network."""
    parsed = ipaddress.ip_address(address)
    return any(parsed in network for network in PRIVATE if network.version == parsed.version)


def host_names(host_name: str) -> tuple[str, ...]:
    """The names for a certificate: the multicast DNS name `NAME.local` (RFC 6762), and the machine's full name.

    Not the name alone: an authority that may certify `dev` may certify every site of the top-level domain `dev`.
    """
    host_name = host_name.lower().rstrip(".")
    first = host_name.partition(".")[0]
    if host_name in UNUSABLE_HOSTS or not all(LABEL.fullmatch(label) for label in host_name.split(".")):
        return ()
    return tuple(dict.fromkeys((f"{first}.local", *([host_name] if "." in host_name else []))))


def _of_default_routes() -> list[str]:
    found: list[str] = []
    for address, family in ELSEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((address, 9))
                found.append(str(probe.getsockname()[0]))
        except OSError:  # no route, or no IPv6
            continue
    return found
