"""The files of the certificate for the home network, and TLS with them."""

from __future__ import annotations

import asyncio
import os
import ssl
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from tertulia_cli.access import certificates
from tertulia_cli.exit_codes import Failure
from tertulia_cli.lan import keeper
from tertulia_cli.lan.folder import Certified, LanFolder
from tertulia_cli.lan.machine import Machine
from tests.harness.eventually import eventually
from tests.harness.lan import ASKED, MACHINE, certify, trusting


def handshake(root: Path, name: str, authority: Path) -> None:
    """A TLS handshake in memory, with the certificate in `root`, of a client that asks for `name`."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(root / "gateway" / "server.pem")
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    client = trusting(authority).wrap_bio(to_client, to_server, server_hostname=name)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue


def test_authority_and_token_are_kept_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    first = certify(tmp_path)
    again = certify(tmp_path)
    assert (again.fingerprint, again.token, again.ends) == (first.fingerprint, first.token, first.ends)
    assert first.new_authority
    assert not again.new_authority
    assert not again.new_certificate
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_file()}
    assert modes.pop("lock") == 0o600
    assert modes == dict.fromkeys(("ca.pem", "server.pem", "ca.crt", "names", "token"), 0o400)


def test_gateway_part_does_not_contain_the_key_of_the_authority(tmp_path: Path) -> None:
    certify(tmp_path)
    authority = LanFolder(tmp_path).authority()
    assert authority is not None
    assert not [path for path in (tmp_path / "gateway").iterdir() if authority.key.strip() in path.read_text()]


@pytest.mark.parametrize("name", ["127.0.0.1", "192.168.1.10", "fd00::10", "box.local"])
def test_client_that_trusts_the_authority_accepts_each_name(tmp_path: Path, name: str) -> None:
    certify(tmp_path)
    handshake(tmp_path, name, tmp_path / "gateway" / "ca.crt")


@pytest.mark.parametrize("name", ["192.168.1.11", "other.local", "example.org"])
def test_client_refuses_other_names(tmp_path: Path, name: str) -> None:
    certify(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(tmp_path, name, tmp_path / "gateway" / "ca.crt")


def test_client_refuses_a_name_that_the_authority_has_certified_without_permission(tmp_path: Path) -> None:
    certify(tmp_path)
    authority = LanFolder(tmp_path).authority()
    assert authority is not None
    forged = certificates.make_server(authority, ["example.org"], certificates.now())
    (tmp_path / "gateway" / "server.pem").unlink()
    (tmp_path / "gateway" / "server.pem").write_text(forged.certificate + forged.key)
    with pytest.raises(ssl.SSLCertVerificationError, match="subtree"):
        handshake(tmp_path, "example.org", tmp_path / "gateway" / "ca.crt")


def test_renewed_certificate_is_accepted_by_a_device_that_trusts_the_authority(tmp_path: Path) -> None:
    certify(tmp_path, now=certificates.now() - timedelta(days=300))
    trusted = tmp_path / "device.crt"
    trusted.write_text((tmp_path / "gateway" / "ca.crt").read_text())
    renewed = certify(tmp_path, machine=Machine("box", ("10.9.8.7",)))
    assert not renewed.new_authority
    assert renewed.new_certificate
    handshake(tmp_path, "10.9.8.7", trusted)


def test_machine_without_a_network_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"no address in a home network.*TERTULIA_LAN_NAMES"):
        certify(tmp_path, machine=Machine("box", ()), asked=())
    assert certify(tmp_path, machine=Machine("box", ())).names == (*ASKED, "box.local")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(Failure, match=str(tmp_path)):
        certify(tmp_path / "lan")


def test_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "lan").write_text("")
    with pytest.raises(Failure, match=f"{tmp_path / 'lan'}.*cannot be made"):
        certify(tmp_path / "lan")


async def test_keeper_renews_the_certificate_when_the_address_changes(tmp_path: Path) -> None:
    certify(tmp_path)  # also for an address that the keeper is not asked for: it renews this one at once
    renewed: list[Certified] = []
    troubles: list[str] = []
    machines = [MACHINE, Machine("box", ()), Machine("box", ("10.9.8.7",))]

    def find() -> Machine:
        return machines.pop(0) if len(machines) > 1 else machines[0]

    keeping = keeper.keep_certified(
        LanFolder(tmp_path), (), renewed.append, troubles.append, find=find, look_every_s=0.001
    )
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(keeping)
        await eventually(lambda: len(machines) == 1 and len(renewed) > 1, "the renewal")
        task.cancel()
    assert renewed[-1].names == ("10.9.8.7", "box.local")
    assert not troubles
