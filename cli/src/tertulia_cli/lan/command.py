"""`tertulia lan`, and the part of `tertulia run` that `--lan` adds."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tertulia_cli.access import certificates
from tertulia_cli.access.files import Readers
from tertulia_cli.access.names import is_address, parse_names
from tertulia_cli.exit_codes import MISUSED, OK, Failure
from tertulia_cli.lan.addresses import LanPorts
from tertulia_cli.lan.folder import Certified, LanFolder, bring_up_to_date
from tertulia_cli.lan.keeper import keep_certified
from tertulia_cli.lan.machine import find_machine
from tertulia_cli.lan.screen import LanScreen
from tertulia_cli.settings import RunSettings


@dataclass(frozen=True, slots=True)
class Lan:
    """The certificate's folder, and what is shown. `asked`: the names of the setting."""

    folder: LanFolder
    asked: Sequence[str]
    ports: LanPorts
    token: str
    """The token of the setting; "" if the generated one is used."""
    first: Certified

    @property
    def environment(self) -> Mapping[str, str]:
        """The gateway's settings."""
        return {"TERTULIA_LAN_DIR": str(self.folder.gateway)}

    def invite(self) -> None:
        """Print how other devices open the page."""
        LanScreen().invite(self.first, self.ports, self.token or self.first.token)

    async def keep(self) -> None:
        """Renew the certificate until cancelled."""
        screen = LanScreen()
        await keep_certified(
            self.folder, self.asked, lambda certified: screen.moved(certified, self.ports), screen.trouble
        )


def prepare(settings: RunSettings, folder: Path | None = None, gid: int | None = None) -> Lan:
    """Bring the certificate up to date.

    Raises:
        Failure: this machine has no address in a network, a name in the settings is not one, or a file cannot be
            written.
    """
    asked = parse_names(settings.lan_names)
    if words := [name for name in asked if not is_address(name) and "." not in name]:
        raise Failure(
            f"TERTULIA_LAN_NAMES: {', '.join(words)} cannot be certified, because every site of a top-level domain of "
            f"that name could be, too. Give a name with a domain, such as {words[0]}.local, or an address.",
            MISUSED,
        )
    where = LanFolder((folder or settings.data_dir / "lan").expanduser().resolve(), Readers(gid))
    certified = bring_up_to_date(where, find_machine(), asked, certificates.now())
    LanScreen().renewed(certified)
    ports = LanPorts(settings.lan_port, settings.lan_setup_port)
    return Lan(where, asked, ports, settings.token.get_secret_value(), certified)


def lan(settings: RunSettings, *, folder: Path | None, gid: int | None, once: bool) -> int:
    """Make the certificate, print the addresses, and renew the certificate until SIGINT or SIGTERM.

    Raises:
        Failure: as `prepare`.
    """
    prepared = prepare(settings, folder, gid)
    if once:
        prepared.invite()
    else:
        asyncio.run(_until_stopped(prepared))
    return OK


async def _until_stopped(prepared: Lan) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    prepared.invite()
    async with asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(prepared.keep())
        await stop.wait()
        keeping.cancel()
