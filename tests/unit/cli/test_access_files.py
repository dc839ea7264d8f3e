"""`tertulia access`: its files, names, certificates and options."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tertulia_cli.access import certificates
from tertulia_cli.access.files import OWNER_ONLY, Readers, read, write
from tertulia_cli.access.folder import HOLDERS, Folder, Node
from tertulia_cli.access.names import in_url, parse_name, parse_names
from tertulia_cli.exit_codes import Failure
from tertulia_cli.main import parser

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def test_access_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    assert write(path, "secret") is True
    assert write(path, "secret") is False
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert write(path, "other") is True
    assert read(path) == "other"
    assert [each.name for each in path.parent.iterdir()] == ["file"]


def test_access_file_can_be_readable_by_a_group(tmp_path: Path) -> None:
    path = tmp_path / "file"
    gid = path.parent.stat().st_gid
    write(path, "secret", OWNER_ONLY)
    assert write(path, "secret", Readers(gid)) is True  # the same content with other permissions
    assert (stat.S_IMODE(path.stat().st_mode), path.stat().st_gid) == (0o440, gid)
    assert write(path, "secret", Readers(gid)) is False


def test_interrupted_write_keeps_the_old_access_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write(path, "old")

    def full(_: Path, __: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(Failure, match="No space left"):
        write(path, "new")
    assert read(path) == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_missing_access_file_reads_as_none_and_a_binary_one_is_refused(tmp_path: Path) -> None:
    assert read(tmp_path / "none") is None
    (tmp_path / "bytes").write_bytes(b"\xff")
    with pytest.raises(Failure, match="cannot be read"):
        read(tmp_path / "bytes")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hub.Example.org.", "hub.example.org"), (" 192.168.1.10 ", "192.168.1.10"), ("[fe80::0:1]", "fe80::1"),
        ("gpu-1", "gpu-1"),
    ],
)  # fmt: skip
def test_machine_name_is_normalized(text: str, name: str) -> None:
    assert parse_name(text) == name


@pytest.mark.parametrize(
    "text", ["", "a b", "redis://hub", "hub:6380", "-hub", "hub..org", "1.2.3.400", "x" * 64, "a/b", "h\nu"]
)
def test_malformed_machine_name_is_refused(text: str) -> None:
    with pytest.raises(Failure, match="is not a machine's name"):
        parse_name(text)


def test_duplicate_host_names_are_removed() -> None:
    assert parse_names("hub, 10.0.0.1,HUB,") == ("hub", "10.0.0.1")
    assert parse_names("") == ()
    assert in_url("fe80::1") == "[fe80::1]"


def purposes(pem: str) -> list[x509.ObjectIdentifier]:
    """The purposes of a certificate."""
    certificate = x509.load_pem_x509_certificate(pem.encode())
    return list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def test_certificate_is_for_one_purpose_and_a_limited_time() -> None:
    authority = certificates.make_authority(NOW)
    server = certificates.make_server(authority, ("hub.example.org", "::1"), NOW)
    client = certificates.make_client(authority, "box-gpu1", NOW, 30)
    assert certificates.names_of(server.certificate) == ("hub.example.org", "::1")
    assert certificates.ends(client.certificate) == NOW + timedelta(days=30)
    assert purposes(server.certificate) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert purposes(client.certificate) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_certificate_needs_renewal_in_its_last_third_or_under_another_authority() -> None:
    authority = certificates.make_authority(NOW)
    server = certificates.make_server(authority, ("hub",), NOW).certificate
    days = certificates.SERVER_DAYS
    assert not certificates.needs_renewal(server, authority.certificate, NOW + timedelta(days=days * 0.6))
    assert certificates.needs_renewal(server, authority.certificate, NOW + timedelta(days=days * 0.7))
    assert certificates.needs_renewal(server, certificates.make_authority(NOW).certificate, NOW)


def test_saved_list_of_remote_machines_is_read_back_unchanged(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert folder.nodes() == {}
    box = Node("gpu1", ("stt", "tts"), "ab" * 32, "hub", NOW, NOW + timedelta(days=365))
    folder.save_nodes([box])
    assert folder.nodes() == {"gpu1": box}
    folder.save_nodes([replace(box, port=7000)])
    assert folder.nodes()["gpu1"].port == 7000
    (tmp_path / "ca" / "boxes.json").chmod(0o600)
    (tmp_path / "ca" / "boxes.json").write_text("[{}]")
    with pytest.raises(Failure, match="is malformed"):
        folder.nodes()


def test_remote_machine_of_an_older_release_gets_the_default_port(tmp_path: Path) -> None:
    folder, file = Folder(tmp_path), tmp_path / "ca" / "boxes.json"
    folder.save_nodes([Node("gpu1", ("tts",), "ab" * 32, "hub", NOW, NOW + timedelta(days=30), 7000)])
    (row,) = json.loads(file.read_text())
    del row["port"]
    file.chmod(0o600)
    file.write_text(json.dumps([row]))
    assert folder.nodes()["gpu1"].port == 6380
    assert folder.nodes()["gpu1"].days == 30


@pytest.mark.slow
def test_access_help_works_without_its_optional_packages() -> None:
    program = "import sys; sys.modules['cryptography'] = None; from tertulia_cli.main import main; main()"
    words = [sys.executable, "-c", program, "access", "init"]
    helped = subprocess.run([*words, "--help"], capture_output=True, text=True, check=True)
    assert all(name in helped.stdout for name in HOLDERS)
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (
        2, "tertulia: `tertulia access` makes certificates: pip install 'tertulia-cli[access]'"
    )  # fmt: skip


def test_access_folder_option_may_precede_or_follow_the_subcommand(tmp_path: Path) -> None:
    before = parser().parse_args(["access", "--dir", "/a", "--gid", "1", "list"])
    behind = parser().parse_args(["access", "--dir", "/a", "list", "--dir", "/b"])
    neither = parser().parse_args(["access", "init"])
    assert (before.dir, before.gid, before.redis) == (Path("/a"), 1, "redis:6379")
    assert behind.dir == Path("/b")
    assert (neither.dir, neither.gid) == (Path("/access"), None)


@pytest.mark.parametrize(
    "words",
    [
        ["box", "gpu1"], ["box", "gpu1", "--host", "h", "--stages", "llama"],
        ["box", "g", "--host", "h", "--days", "0"],
        ["box", "g", "--host", "h", "--port", "70000"], ["init", "--rotate", "keeper"], ["init", "--gid", "-1"], [],
    ],
    ids=["no host", "no such stage", "no days", "no such port", "not to be rotated", "no such group", "nothing"],
)  # fmt: skip
def test_wrong_options_of_access_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        parser().parse_args(["access", *words])
    assert exit_.value.code == 2
    assert "error" in capsys.readouterr().err
