"""Which names and addresses of a machine the certificate for the home network has."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from tertulia_cli.exit_codes import Failure
from tertulia_cli.lan.command import prepare
from tertulia_cli.lan.machine import Interface, Machine, find_machine, host_names, usable_addresses
from tertulia_cli.settings import RunSettings
from tests.harness.settings_of import settings_of

LOOPBACK = Interface("lo", ["127.0.0.1", "::1"])
WIFI = Interface("wlan0", ["192.168.1.10", "fe80::1", "fd00::10", "2003:e5::10"])
CABLE = Interface("eth0", ["10.0.0.7"])


def test_addresses_are_the_private_ones_of_real_interfaces_with_ipv4_first() -> None:
    docker, bridge = Interface("docker0", ["172.17.0.1"]), Interface("br-5f", ["172.18.0.1"])
    assert usable_addresses([LOOPBACK, docker, WIFI, bridge], []) == ("192.168.1.10", "fd00::10")


def test_address_of_the_default_route_comes_first() -> None:
    assert usable_addresses([CABLE, WIFI], ["192.168.1.10"]) == ("192.168.1.10", "10.0.0.7", "fd00::10")


def test_public_ipv4_address_is_used_only_without_a_private_one() -> None:
    public = Interface("eth0", ["203.0.113.5", "fd00::5"])
    assert usable_addresses([public], []) == ("203.0.113.5", "fd00::5")
    assert usable_addresses([public, WIFI], []) == ("192.168.1.10", "fd00::5", "fd00::10")


def test_machine_with_loopback_and_link_local_addresses_only_has_no_usable_address() -> None:
    assert usable_addresses([LOOPBACK, Interface("eth0", ["169.254.3.4", "fe80::2"])], []) == ()


@pytest.mark.parametrize(
    ("host_name", "names"),
    [
        ("Studio", ("studio.local",)),
        ("studio.fritz.box", ("studio.local", "studio.fritz.box")),
        ("studio.local", ("studio.local",)),
        ("localhost", ()),
        ("under_score", ()),
        ("", ()),
    ],
)
def test_host_name_gives_a_multicast_dns_name_and_the_full_name(host_name: str, names: tuple[str, ...]) -> None:
    assert host_names(host_name) == names


def test_names_of_a_machine_are_its_addresses_and_then_its_host_names() -> None:
    assert Machine("box", ("10.0.0.7",)).names == ("10.0.0.7", "box.local")


def test_addresses_of_this_machine_are_never_loopback() -> None:
    assert not [each for each in find_machine().addresses if ipaddress.ip_address(each).is_loopback]


def test_asked_name_without_a_domain_is_refused_with_advice(tmp_path: Path) -> None:
    settings = settings_of(RunSettings, data_dir=tmp_path, lan_names="dev, dev.local")
    with pytest.raises(Failure, match=r"dev cannot be certified.*dev\.local"):
        prepare(settings)
    assert not list(tmp_path.iterdir())
