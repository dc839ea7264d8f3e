"""Keeps the certificate up to date while the gateway runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from tertulia_cli.access import certificates
from tertulia_cli.exit_codes import Failure
from tertulia_cli.lan.folder import Certified, LanFolder, bring_up_to_date
from tertulia_cli.lan.machine import Machine, find_machine

LOOK_EVERY_S: Final = 10.0
"""Seconds between two looks at the network interfaces. A look takes about a millisecond."""


async def keep_certified(
    folder: LanFolder,
    asked: Sequence[str],
    on_renewed: Callable[[Certified], None],
    on_trouble: Callable[[str], None],
    *,
    find: Callable[[], Machine] = find_machine,
    look_every_s: float = LOOK_EVERY_S,
) -> None:
    """Renew the certificate when the addresses of this machine change or when it ends soon, until cancelled.

    The gateway loads the new files by itself. While this machine has no address, the present certificate stays.
    """
    reported = ""
    while True:
        await asyncio.sleep(look_every_s)
        machine = find()
        if not machine.addresses and not asked:
            continue
        try:
            certified = await asyncio.to_thread(bring_up_to_date, folder, machine, asked, certificates.now())
        except Failure as failure:
            if str(failure) != reported:
                reported = str(failure)
                on_trouble(reported)
            continue
        reported = ""
        if certified.new_certificate:
            on_renewed(certified)
