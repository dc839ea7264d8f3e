"""What `tertulia access` writes, is asked and says: files whole or not at all, names, bundles, options."""

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
from tertulia_cli.access.folder import HOLDERS, Box, Folder
from tertulia_cli.access.names import in_url, parse_name, parse_names
from tertulia_cli.exits import Failure
from tertulia_cli.main import parser

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def test_a_file_is_written_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    assert write(path, "secret") is True
    assert write(path, "secret") is False
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert write(path, "other") is True
    assert read(path) == "other"
    assert [each.name for each in path.parent.iterdir()] == ["file"]


def test_a_group_is_let_in_where_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    gid = path.parent.stat().st_gid
    write(path, "secret", OWNER_ONLY)
    assert write(path, "secret", Readers(gid)) is True  # the same words, for others
    assert (stat.S_IMODE(path.stat().st_mode), path.stat().st_gid) == (0o440, gid)
    assert write(path, "secret", Readers(gid)) is False


def test_what_breaks_off_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write(path, "old")

    def full(_: Path, __: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(Failure, match="No space left"):
        write(path, "new")
    assert read(path) == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_not_there_is_none_and_one_that_is_no_text_is_told(tmp_path: Path) -> None:
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
def test_names_have_one_form(text: str, name: str) -> None:
    assert parse_name(text) == name


@pytest.mark.parametrize(
    "text", ["", "a b", "redis://hub", "hub:6380", "-hub", "hub..org", "1.2.3.400", "x" * 64, "a/b", "h\nu"]
)
def test_what_is_no_name_is_told(text: str) -> None:
    with pytest.raises(Failure, match="no name of a machine"):
        parse_name(text)


def test_a_list_of_names_has_each_once() -> None:
    assert parse_names("hub, 10.0.0.1,HUB,") == ("hub", "10.0.0.1")
    assert parse_names("") == ()
    assert in_url("fe80::1") == "[fe80::1]"


def purposes(pem: str) -> list[x509.ObjectIdentifier]:
    """What a certificate may be used for."""
    certificate = x509.load_pem_x509_certificate(pem.encode())
    return list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def test_certificates_are_for_one_purpose_and_one_time() -> None:
    authority = certificates.make_authority(NOW)
    server = certificates.make_server(authority, ("hub.example.org", "::1"), NOW)
    client = certificates.make_client(authority, "box-gpu1", NOW, 30)
    assert certificates.names_of(server.certificate) == ("hub.example.org", "::1")
    assert certificates.ends(client.certificate) == NOW + timedelta(days=30)
    assert purposes(server.certificate) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert purposes(client.certificate) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_a_certificate_is_due_in_its_last_third_or_under_another_authority() -> None:
    authority = certificates.make_authority(NOW)
    server = certificates.make_server(authority, ("hub",), NOW).certificate
    days = certificates.SERVER_DAYS
    assert not certificates.is_due(server, authority.certificate, NOW + timedelta(days=days * 0.6))
    assert certificates.is_due(server, authority.certificate, NOW + timedelta(days=days * 0.7))
    assert certificates.is_due(server, certificates.make_authority(NOW).certificate, NOW)


def test_boxes_are_kept_as_they_are(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert folder.boxes() == {}
    box = Box("gpu1", ("stt", "tts"), "ab" * 32, "hub", NOW, NOW + timedelta(days=365))
    folder.keep_boxes([box])
    assert folder.boxes() == {"gpu1": box}
    folder.keep_boxes([replace(box, port=7000)])
    assert folder.boxes()["gpu1"].port == 7000
    (tmp_path / "ca" / "boxes.json").chmod(0o600)
    (tmp_path / "ca" / "boxes.json").write_text("[{}]")
    with pytest.raises(Failure, match="cannot be understood"):
        folder.boxes()


def test_a_box_of_an_older_release_has_the_usual_port(tmp_path: Path) -> None:
    folder, file = Folder(tmp_path), tmp_path / "ca" / "boxes.json"
    folder.keep_boxes([Box("gpu1", ("tts",), "ab" * 32, "hub", NOW, NOW + timedelta(days=30), 7000)])
    (row,) = json.loads(file.read_text())
    del row["port"]
    file.chmod(0o600)
    file.write_text(json.dumps([row]))
    assert folder.boxes()["gpu1"].port == 6380
    assert folder.boxes()["gpu1"].days == 30


@pytest.mark.slow
def test_what_may_be_asked_is_known_without_the_extra() -> None:
    program = "import sys; sys.modules['cryptography'] = None; from tertulia_cli.main import main; main()"
    words = [sys.executable, "-c", program, "access", "init"]
    helped = subprocess.run([*words, "--help"], capture_output=True, text=True, check=True)
    assert all(name in helped.stdout for name in HOLDERS)
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (
        2, "tertulia: `tertulia access` makes certificates: pip install 'tertulia-cli[access]'"
    )  # fmt: skip


def test_where_the_folder_is_may_be_said_before_or_behind(tmp_path: Path) -> None:
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
def test_wrong_options_are_told(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        parser().parse_args(["access", *words])
    assert exit_.value.code == 2
    assert "error" in capsys.readouterr().err
