"""The names that a machine is reached by: DNS names and IP addresses, as a certificate has them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Final

from tertulia_cli.exits import MISUSED, Failure

LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
MAX_NAME: Final = 253


def parse_names(text: str) -> tuple[str, ...]:
    """`hub.example.org,192.168.1.10` as names, each once, in order.

    Raises:
        Failure: one of them is neither a DNS name nor an IP address.
    """
    return tuple(dict.fromkeys(parse_name(part) for part in text.split(",") if part.strip()))


def parse_name(text: str) -> str:
    """One name in its usual form: lower case, an IPv6 address without brackets and zeros.

    Raises:
        Failure: it is neither a DNS name nor an IP address.
    """
    name = text.strip().strip("[]").lower().rstrip(".")
    if is_address(name):
        return str(ipaddress.ip_address(name))
    labels = name.split(".")
    if len(name) > MAX_NAME or not all(LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise Failure(
            f"{text!r} is no name of a machine: give a DNS name or an IP address, without port or path.", MISUSED
        )
    return name


def is_address(name: str) -> bool:
    """Whether it is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def in_url(name: str) -> str:
    """As it stands in a URL."""
    return f"[{name}]" if ":" in name else name


def listed(names: Sequence[str]) -> str:
    """For a person."""
    return ", ".join(names) or "none"
