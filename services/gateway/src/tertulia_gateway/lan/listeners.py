"""The sockets of the home network: on all interfaces, IPv4 and IPv6."""

from __future__ import annotations

import errno
import socket

from tertulia_shared.process import CannotStart


def listen_everywhere(port: int, setting: str) -> list[socket.socket]:
    """Bind the port on all IPv4 addresses, and on all IPv6 addresses if this machine has IPv6.

    Raises:
        CannotStart: the port cannot be used; the message names the `setting`.
    """
    sockets = [_bound(socket.AF_INET, "0.0.0.0", port, setting)]
    port = int(sockets[0].getsockname()[1])
    try:
        sockets.append(_bound(socket.AF_INET6, "::", port, setting))
    except _NoSuchFamily:
        pass
    except CannotStart:
        sockets[0].close()
        raise
    return sockets


class _NoSuchFamily(Exception):
    """This machine has no IPv6."""


def _bound(family: socket.AddressFamily, host: str, port: int, setting: str) -> socket.socket:
    try:
        opened = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise _NoSuchFamily from error
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # ignores TIME_WAIT
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind((host, port))
    except OSError as error:
        opened.close()
        if family == socket.AF_INET6 and error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            raise _NoSuchFamily from error
        raise CannotStart(
            f"it cannot listen on port {port} in the home network ({error.strerror}). Set {setting} to a free port "
            "above 1023."
        ) from error
    return opened
