"""The checks of `tertulia doctor` for HTTPS in the home network. They change nothing."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tertulia_cli.doctor.findings import Finding
from tertulia_cli.exit_codes import Failure
from tertulia_cli.lan.arguments import MODULES
from tertulia_cli.run import preflight
from tertulia_cli.settings import RunSettings

if TYPE_CHECKING:  # importing it needs the extra `lan`
    from tertulia_cli.lan.machine import Machine

WHAT = "HTTPS in the home network"


def lan(settings: RunSettings, *, running: bool) -> Sequence[Finding]:
    """Report this machine's addresses, the certificate, and ports that are in use. Without a certificate only the
    addresses: the home network is optional.
    """
    if missing := [name for name in MODULES if importlib.util.find_spec(name) is None]:
        advice = "pip install 'tertulia-cli[lan]'"
        return [Finding(ok=False, what=f"{WHAT}: {', '.join(missing)} not installed", advice=advice, needed=False)]
    from tertulia_cli.lan.machine import find_machine  # noqa: PLC0415 - needs the extra `lan`

    machine = find_machine()
    found = [addresses(machine)]
    try:
        found += certificate(settings, machine)
    except Failure as failure:  # a file cannot be read, or a name in the settings is not one
        return [*found, Finding(ok=False, what=WHAT, advice=str(failure), needed=False)]
    return found if running or len(found) == 1 else [*found, *ports(settings)]


def addresses(machine: Machine) -> Finding:
    """Report the addresses that a certificate would have."""
    if machine.addresses:
        return Finding(ok=True, what=f"in the home network this machine is {', '.join(machine.names)}", needed=False)
    advice = "connect it to a network, or set TERTULIA_LAN_NAMES"
    return Finding(ok=False, what="this machine has no address in a home network", advice=advice, needed=False)


def certificate(settings: RunSettings, machine: Machine) -> Sequence[Finding]:
    """Report the certificate, and whether the next start renews it; nothing if `--lan` was never used."""
    from tertulia_cli.access import certificates  # noqa: PLC0415 - needs the extra `lan`
    from tertulia_cli.access.names import parse_names  # noqa: PLC0415 - as above
    from tertulia_cli.lan.authority import plan_renewal  # noqa: PLC0415 - as above
    from tertulia_cli.lan.folder import LanFolder  # noqa: PLC0415 - as above

    folder = LanFolder(settings.data_dir.expanduser().resolve() / "lan")
    authority, server = folder.authority(), folder.certificate()
    if authority is None or server is None:
        return []
    planned = plan_renewal(
        authority.certificate, server.certificate, machine, parse_names(settings.lan_names), certificates.now()
    )
    names = ", ".join(certificates.names_of(server.certificate))
    until = f"{certificates.ends(server.certificate):%Y-%m-%d}"
    what = f"{WHAT}: certificate for {names}, until {until}, SHA-256 {certificates.fingerprint(authority.certificate)}"
    if planned.authority:
        again = "`tertulia run --lan` makes a new authority, which each device has to trust again"
        return [Finding(ok=False, what=what, advice=f"{planned.authority}: {again}", needed=False)]
    if planned.certificate:
        advice = f"{planned.certificate}: `tertulia run --lan` renews it"
        return [Finding(ok=False, what=what, advice=advice, needed=False)]
    return [Finding(ok=True, what=what, needed=False)]


def ports(settings: RunSettings) -> Sequence[Finding]:
    """Report ports of the home network that are in use."""
    found: list[Finding] = []
    chosen = {"TERTULIA_LAN_PORT=": settings.lan_port, "TERTULIA_LAN_SETUP_PORT=": settings.lan_setup_port}
    for setting, port in chosen.items():
        try:
            preflight.bindable_port("0.0.0.0", port, setting)
        except Failure as failure:
            found.append(Finding(ok=False, what=f"{WHAT}: port {port}", advice=str(failure), needed=False))
    return found
