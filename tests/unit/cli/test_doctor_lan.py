"""What `tertulia doctor` finds about HTTPS in the home network."""

from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path

from tertulia_cli.access import certificates
from tertulia_cli.doctor.lan_findings import addresses, certificate, lan, ports
from tertulia_cli.lan.machine import Machine
from tertulia_cli.settings import RunSettings
from tests.harness.lan import MACHINE, certify
from tests.harness.settings_of import settings_of


def test_doctor_reports_the_addresses_of_this_machine() -> None:
    assert addresses(MACHINE).what == "in the home network this machine is 192.168.1.10, fd00::10, box.local"
    without = addresses(Machine("box", ()))
    assert not without.ok
    assert not without.needed
    assert "TERTULIA_LAN_NAMES" in without.advice


def test_doctor_reports_no_certificate_if_none_was_made(tmp_path: Path) -> None:
    assert certificate(settings_of(RunSettings, data_dir=tmp_path), MACHINE) == []


def test_doctor_reports_the_certificate_with_its_fingerprint(tmp_path: Path) -> None:
    made = certify(tmp_path / "lan", asked=())
    (found,) = certificate(settings_of(RunSettings, data_dir=tmp_path), MACHINE)
    assert found.ok
    assert made.fingerprint in found.what
    assert f"{made.ends:%Y-%m-%d}" in found.what


def test_doctor_says_what_the_next_start_renews(tmp_path: Path) -> None:
    certify(tmp_path / "lan", asked=(), now=certificates.now() - timedelta(days=390))
    (old,) = certificate(settings_of(RunSettings, data_dir=tmp_path), MACHINE)
    assert old.advice == "it ends soon: `tertulia run --lan` renews it"
    (asked,) = certificate(settings_of(RunSettings, data_dir=tmp_path, lan_names="nas.example.org"), MACHINE)
    assert "each device has to trust again" in asked.advice


def test_doctor_reports_a_wrong_name_in_the_settings(tmp_path: Path) -> None:
    certify(tmp_path / "lan")
    *_, found = lan(settings_of(RunSettings, data_dir=tmp_path, lan_names="not a name"), running=False)
    assert not found.ok
    assert "'not a name' is not a machine's name" in found.advice


def test_doctor_reports_a_used_port_of_the_home_network(tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        (found, *_) = ports(settings_of(RunSettings, data_dir=tmp_path, lan_port=port))
    assert f"port {port} is in use" in found.advice
