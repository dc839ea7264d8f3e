"""Makes portraits of pictures of untrusted origin, each in a process of its own."""

from __future__ import annotations

import asyncio
import base64
import logging
import sys
from typing import Final, cast, get_args

from tertulia_gateway.cards.png_pixels import BadPicture, Reason

PATIENCE_S: Final = 40.0
"""Seconds for one portrait. A picture of 12 million pixels takes about 15 s."""

log = logging.getLogger(__name__)


class Portraits:
    """Makes one portrait at a time."""

    def __init__(self) -> None:
        self._one: Final = asyncio.Lock()

    async def of(self, png: bytes) -> str:
        """The data: URI of a small square PNG of this picture.

        Raises:
            BadPicture: it cannot be read, or not in time.
        """
        async with self._one:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-m", "tertulia_gateway.cards.portrait_process",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            try:
                async with asyncio.timeout(PATIENCE_S):
                    made, fault = await process.communicate(png)
            except TimeoutError:
                raise BadPicture("picture_too_large") from None
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode:
            raise BadPicture(_reason(fault))
        return f"data:image/png;base64,{base64.b64encode(made).decode()}"


def _reason(fault: bytes) -> Reason:
    text = fault.decode(errors="replace").strip()
    if text in get_args(Reason):
        return cast("Reason", text)
    log.warning("a portrait could not be made: %s", text[-300:])
    return "picture_damaged"
