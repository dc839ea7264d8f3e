"""Remote machines: the folder of `tertulia access` and the running Redis agree, even after a command was killed."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Never, cast
from urllib.parse import SplitResult, urlsplit

import pytest
import redis
import redis.exceptions

from tertulia_cli.access import command
from tertulia_cli.exit_codes import Failure
from tertulia_cli.main import parser
from tertulia_shared.keys import Keys
from tests.harness.access import AccessBench


@pytest.fixture
def bench(tmp_path: Path, keys: Keys) -> Iterator[AccessBench]:
    """A running Redis that has the users of two remote machines."""
    made = AccessBench(tmp_path, keys)
    made.init(names=(made.host,))
    with made.server:
        made.box("gpu1")
        made.box("gpu2")
        yield made


class BrokenOff(BaseException):
    """Raised in place of a kill of the command."""


def break_off(*_: object) -> Never:
    """Replaces a step of the command, to kill the command there."""
    raise BrokenOff


def break_off_revoking(bench: AccessBench, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Run `tertulia access revoke gpu1`; it is killed before the given step."""
    with monkeypatch.context() as then:
        then.setattr(command, step, break_off)
        with pytest.raises(BrokenOff):
            command.revoke(bench.access, "gpu1")


def connect(bench: AccessBench, box: str) -> Any:
    """A connection with the login of a remote machine, at the port without TLS."""
    login = urlsplit(bench.box_url(box)).netloc.rpartition("@")[0]
    return cast("Any", redis.Redis.from_url(f"redis://{login}@{bench.access.redis}/0"))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs


def boxes_known(bench: AccessBench) -> list[str]:
    """The users of remote machines that the running Redis has."""
    users = bench.client("keeper").execute_command("ACL", "USERS")
    return sorted(user.decode() for user in users if user.startswith(b"box-"))


def renewed(bench: AccessBench, capture: pytest.CaptureFixture[bytes], *words: str) -> SplitResult:
    """Run `tertulia access box gpu3 …` from the command line. Returns the login in the bundle."""
    said = ["access", "--dir", str(bench.root), "--redis", bench.access.redis, "box", "gpu3", "--host", bench.host]
    args = parser().parse_args([*said, *words])
    assert args.do(args) == 0
    with tarfile.open(fileobj=io.BytesIO(capture.readouterr().out)) as tar:
        login = tar.extractfile("secrets/TERTULIA_REDIS_URL")
        assert login is not None
        return urlsplit(login.read().decode().strip())


@pytest.mark.parametrize("step", ["write", "set_accounts"])
def test_revocation_that_was_killed_is_completed_by_the_next_revocation(
    bench: AccessBench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], step: str
) -> None:
    gone, stays = connect(bench, "gpu1"), connect(bench, "gpu2")
    id = stays.client_id()
    assert gone.ping()
    break_off_revoking(bench, monkeypatch, step)
    assert gone.ping()  # Redis still has the user
    assert command.revoke(bench.access, "gpu1") == 0
    assert "box-gpu1 has no access any more" in capsys.readouterr().err
    with pytest.raises(redis.exceptions.ConnectionError):  # Redis has closed the connection
        gone.ping()
    with pytest.raises(redis.exceptions.AuthenticationError):  # and refuses a new one
        gone.ping()
    assert boxes_known(bench) == ["box-gpu2"]
    assert "box-gpu1" not in bench.access.folder.users.read_text()
    assert stays.client_id() == id


def test_revocation_that_was_killed_is_completed_by_access_init(
    bench: AccessBench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    break_off_revoking(bench, monkeypatch, "set_accounts")
    bench.init()
    assert "its users are up to date; box-gpu1 has no access any more" in capsys.readouterr().err
    assert boxes_known(bench) == ["box-gpu2"]
    bench.init()
    assert capsys.readouterr().err.endswith("its users are up to date\n")


def test_error_for_revoking_an_unknown_machine_lists_the_known_names(bench: AccessBench) -> None:
    with pytest.raises(Failure, match=r"^there is no box 'gpu9'; the boxes are: gpu1, gpu2\.$"):
        command.revoke(bench.access, "gpu9")
    with pytest.raises(Failure, match="is not a valid box name"):
        command.revoke(bench.access, "gpu1 on")
    assert boxes_known(bench) == ["box-gpu1", "box-gpu2"]
    bench.server.stop()
    with pytest.raises(Failure, match=r"^there is no box 'gpu9'.*Redis was not reached .*If it is running, restart it"):
        command.revoke(bench.access, "gpu9")
    bench.server.start()


def test_revoking_an_unknown_machine_fails_and_creates_no_login_file(tmp_path: Path, keys: Keys) -> None:
    bench = AccessBench(tmp_path, keys)
    with pytest.raises(Failure, match=r"^there is no box 'gpu1'; the boxes are: none\.$"):
        command.revoke(bench.access, "gpu1")
    assert [path.name for path in bench.root.rglob("*") if path.is_file()] == ["lock"]


def test_revoking_a_machine_does_not_change_other_logins(bench: AccessBench) -> None:
    url = bench.url("reader")
    bench.access.folder.login("reader").unlink()
    assert command.revoke(bench.access, "gpu1") == 0
    assert cast("Any", redis.Redis.from_url(url)).ping()  # pyright: ignore[reportUnknownMemberType] - untyped kwargs


def test_renewing_a_machine_keeps_the_options_that_are_not_given(
    bench: AccessBench, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    kept = bench.access.folder.nodes
    first = renewed(bench, capfdbinary, "--stages", "stt,tts", "--port", "7000", "--days", "30")
    again = renewed(bench, capfdbinary, "--renew")
    assert first.password != again.password
    assert (first.port, again.port) == (7000, 7000)
    assert (kept()["gpu3"].stages, kept()["gpu3"].days) == (("stt", "tts"), 30)
    assert renewed(bench, capfdbinary, "--renew", "--stages", "tts").port == 7000
    assert (kept()["gpu3"].stages, kept()["gpu3"].days) == (("tts",), 30)
    assert renewed(bench, capfdbinary, "--renew", "--port", "7001").port == 7001
    assert kept()["gpu3"].stages == ("tts",)


def test_new_machine_gets_default_options(bench: AccessBench, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert renewed(bench, capfdbinary).port == 6380
    box = bench.access.folder.nodes()["gpu3"]
    assert (box.stages, box.days, box.port) == (("tts",), 365, 6380)
