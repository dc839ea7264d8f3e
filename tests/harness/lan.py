"""A certificate for the home network, as `tertulia run --lan` makes it, and a client that trusts only its authority."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from email.message import Message
from pathlib import Path

from tertulia_cli.access import certificates
from tertulia_cli.lan.folder import Certified, LanFolder, bring_up_to_date
from tertulia_cli.lan.machine import Machine

MACHINE = Machine("box", ("192.168.1.10", "fd00::10"))
ASKED = ("127.0.0.1",)
"""Tests connect to this address. A certificate has it only if it is asked for."""


def certify(
    root: Path, *, machine: Machine = MACHINE, asked: tuple[str, ...] = ASKED, now: datetime | None = None
) -> Certified:
    """Bring the certificate in `root` up to date."""
    return bring_up_to_date(LanFolder(root), machine, asked, now or certificates.now())


def trusting(authority: Path) -> ssl.SSLContext:
    """The TLS context of a client that trusts this authority and no other."""
    context = ssl.create_default_context(cafile=str(authority))
    assert len(context.get_ca_certs()) == 1
    return context


def get(
    url: str, headers: Mapping[str, str] | None = None, context: ssl.SSLContext | None = None, method: str = "GET"
) -> tuple[int, bytes, Message]:
    """Send a request without a proxy. Returns the status, the body and the headers of the response."""
    request = urllib.request.Request(url, headers=dict(headers or {}), method=method)  # noqa: S310 - a local address
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if context is not None:
        handlers.append(urllib.request.HTTPSHandler(context=context))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=20) as response:
            return response.status, response.read(), response.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers
