"""Parses the names of a machine for its certificate: DNS names and IP addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Final

from tertulia_cli.exit_codes import MISUSED, Failure

LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
MAX_NAME: Final = 253


def parse_names(text: str) -> tuple[str, ...]:
    """Parse `hub.example.org,192.168.1.10`; each name once, in order.

    Raises:
        Failure: a name is neither a DNS name nor an IP address.
    """
    return tuple(dict.fromkeys(parse_name(part) for part in text.split(",") if part.strip()))


def parse_name(text: str) -> str:
    """Normalize a name: lower case, IPv6 addresses compressed and without brackets.

    Raises:
        Failure: it is neither a DNS name nor an IP address.
    """
    name = text.strip().strip("[]").lower().rstrip(".")
    if is_address(name):
        return str(ipaddress.ip_address(name))
    labels = name.split(".")
    if len(name) > MAX_NAME or not all(LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise Failure(
            f"{text!r} is not a machine's name: give a DNS name or an IP address, without port or path.", MISUSED
        )
    return name


def is_address(name: str) -> bool:
    """True if the name is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def in_url(name: str) -> str:
    """Format the name for a URL; an IPv6 address gets brackets."""
    return f"[{name}]" if ":" in name else name


def listed(names: Sequence[str]) -> str:
    """Format the names for a message: `a, b`, or `none`."""
    return ", ".join(names) or "none"
