"""The header of a WebSocket frame. Pure."""

from __future__ import annotations

import struct

from websockets.frames import Opcode

_FIN = 0x80
_HEADER_16 = struct.Struct("!BBH")
_HEADER_64 = struct.Struct("!BBQ")


def frame_header(opcode: Opcode, length: int) -> bytes:
    """The header of a whole, unmasked message (RFC 6455, section 5.2)."""
    first = _FIN | opcode
    if length < 126:  # noqa: PLR2004 - the limits of the three forms of a length
        return bytes((first, length))
    if length < 1 << 16:
        return _HEADER_16.pack(first, 126, length)
    return _HEADER_64.pack(first, 127, length)
