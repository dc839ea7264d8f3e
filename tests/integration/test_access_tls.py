"""Remote machines connect over TLS with a certificate and a login. They get clear errors, and can be revoked."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tertulia_cli.access import certificates, command
from tertulia_cli.exit_codes import Failure
from tertulia_shared.bus import BusRefused, BusUnavailable, WriteRefused, link
from tertulia_shared.bus.redis_bus import RedisBus, open_bus
from tertulia_shared.keys import Keys
from tertulia_shared.tls import Tls
from tests.harness.access import AccessBench
from tests.harness.bus import claimed
from tests.harness.eventually import eventually
from tests.harness.missing_program import skip_or_fail
from tests.servers.redis_server import RedisDidNotStart


@pytest.fixture
def bench(tmp_path: Path, keys: Keys) -> Iterator[AccessBench]:
    """A Redis with TLS, and a remote machine named gpu1."""
    try:
        made = AccessBench(tmp_path, keys, tls=True)
    except RedisDidNotStart as missing:
        skip_or_fail(missing)
    made.init()
    with made.server:
        made.box("gpu1")
        yield made


async def refused(url: str, tls: Tls | None) -> str:
    """The error of a refused connection. For a bad certificate Redis may give no reason; the error then has a guess."""
    with pytest.raises(BusUnavailable) as why:
        async with open_bus(url, Keys(), tls=tls):
            pass
    return str(why.value)


async def client_id(bus: RedisBus) -> int:
    """The id that Redis gave to the connection with which the bus makes its calls."""
    await bus.open_work("tts")
    return bus._calls.client_id  # pyright: ignore[reportPrivateUsage] - whether it is still the same


async def test_remote_machine_has_the_rights_of_its_stages_only(bench: AccessBench, keys: Keys) -> None:
    async with open_bus(bench.box_url("gpu1"), keys, tls=bench.box_tls("gpu1")) as bus:
        await bus.prepare("tts")
        assert await bus.open_work("tts") == 0
        with pytest.raises(WriteRefused, match=r"'box-gpu1' lacks the right to do XLEN"):
            await bus.open_work("llm")
        await bus.deregister("tts", "nobody")


async def test_bundle_of_a_machine_has_only_its_own_files(bench: AccessBench, keys: Keys) -> None:
    entries = await asyncio.to_thread(bench.box, "gpu2", "stt", "tts")
    assert {name: stat.S_IMODE(entry.mode) for name, entry in entries.items()} == {
        "secrets": 0o700, "secrets/TERTULIA_REDIS_URL": 0o444, "secrets/TERTULIA_NAMESPACE": 0o444,
        "tls": 0o700, "tls/ca.crt": 0o444, "tls/client.crt": 0o444, "tls/client.key": 0o444,
    }  # fmt: skip
    assert (bench.box_folder("gpu2") / "secrets" / "TERTULIA_NAMESPACE").read_text() == f"{keys.ns}\n"
    assert bench.box_url("gpu2").endswith(f"@localhost:{bench.tls_port}/0")
    async with open_bus(bench.box_url("gpu2"), keys, tls=bench.box_tls("gpu2")) as bus:
        assert await bus.open_work("stt") == 0


async def test_errors_for_a_wrong_login_and_a_wrong_certificate_differ(
    bench: AccessBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, tls = bench.box_url("gpu1"), bench.box_tls("gpu1")
    other = bench.root.parent / "other.pem"
    other.write_text(certificates.make_authority(certificates.now()).certificate)
    assert "unknown authority" in await refused(url, replace(tls, ca=other))
    assert "our certificate" in await refused(url, Tls(tls.ca))
    assert "for another name" in await refused(url.replace("localhost", "127.0.0.1"), tls)
    assert "refuses the login of the user 'box-gpu1'" in await refused(url.replace("box-gpu1:", "box-gpu1:x"), tls)
    assert "refuses the login of the user 'default'" in await refused(f"rediss://localhost:{bench.tls_port}/0", tls)
    assert url.split(":")[2].split("@")[0] not in await refused(url, replace(tls, ca=other))
    plain = bench.access.redis.rpartition(":")[2]
    monkeypatch.setattr(link, "CONNECT_TIMEOUT_S", 0.5)  # a port without TLS never answers the handshake
    assert "is that its TLS port?" in await refused(url.replace(str(bench.tls_port), plain), tls)


async def test_certificate_of_another_authority_is_refused(bench: AccessBench, tmp_path: Path) -> None:
    now = certificates.now()
    forged = certificates.make_client(certificates.make_authority(now), "box-gpu1", now, 30)
    (tmp_path / "forged.crt").write_text(forged.certificate)
    (tmp_path / "forged.key").write_text(forged.key)
    tls = Tls(bench.box_tls("gpu1").ca, tmp_path / "forged.crt", tmp_path / "forged.key")
    assert "our certificate" in await refused(bench.box_url("gpu1"), tls)


async def test_machine_whose_certificate_has_expired_gets_a_clear_error(
    bench: AccessBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = certificates.now() - timedelta(days=60)
    monkeypatch.setattr(certificates, "now", lambda: past)
    await asyncio.to_thread(bench.box, "old", days=30)
    assert "our certificate" in await refused(bench.box_url("old"), bench.box_tls("old"))


async def test_expired_certificate_of_redis_is_reported_and_can_be_renewed(
    bench: AccessBench, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.server.stop()
    past = certificates.now() - timedelta(days=500)
    with monkeypatch.context() as then:
        then.setattr(certificates, "now", lambda: past)
        await asyncio.to_thread(bench.init, names=("localhost", "hub.example.org"))
    bench.server.start()
    url, tls = bench.box_url("gpu1"), bench.box_tls("gpu1")
    assert "has expired" in await refused(url, tls)
    await asyncio.to_thread(bench.init, names=())  # the new certificate has the same names
    bench.server.stop()
    bench.server.start()
    async with open_bus(url, keys, tls=tls) as bus:
        assert await bus.open_work("tts") == 0


async def test_revoked_machine_is_disconnected_at_once_and_other_machines_stay_connected(
    bench: AccessBench, keys: Keys
) -> None:
    await asyncio.to_thread(bench.box, "gpu2")
    async with (
        open_bus(bench.box_url("gpu1"), keys, tls=bench.box_tls("gpu1")) as gone,
        open_bus(bench.box_url("gpu2"), keys, tls=bench.box_tls("gpu2")) as stays,
    ):
        id = await client_id(stays)
        assert await asyncio.to_thread(command.revoke, bench.access, "gpu1") == 0
        with pytest.raises(BusUnavailable):  # Redis has closed the connection
            await gone.open_work("tts")
        with pytest.raises(BusRefused, match="was it revoked"):  # and refuses a new connection
            await gone.open_work("tts")
        assert await client_id(stays) == id


async def test_revoked_machine_cannot_log_in_after_a_restart_of_redis(bench: AccessBench) -> None:
    await asyncio.to_thread(command.revoke, bench.access, "gpu1")
    bench.server.stop()
    bench.server.start()
    assert "refuses the login of the user" in await refused(bench.box_url("gpu1"), bench.box_tls("gpu1"))


def test_redis_that_cannot_be_reached_is_reported(bench: AccessBench) -> None:
    bench.server.stop()
    with pytest.raises(Failure, match=r"removed from .*If it is running, restart it"):
        command.revoke(bench.access, "gpu1")
    bench.server.start()


def test_existing_machine_is_renewed_only_on_request(bench: AccessBench, capsys: pytest.CaptureFixture[str]) -> None:
    before = bench.box_url("gpu1")
    with pytest.raises(Failure, match=r"'gpu1' already exists: --renew"):
        bench.box("gpu1")
    for name in ("TERTULIA_REDIS_URL", "TERTULIA_NAMESPACE"):
        (bench.box_folder("gpu1") / "secrets" / name).unlink()
    for path in (bench.box_folder("gpu1") / "tls").iterdir():
        path.unlink()
    bench.box("gpu1", "tts", "stt", renew=True)
    assert bench.box_url("gpu1") != before
    capsys.readouterr()
    assert command.show(bench.access) == 0
    assert capsys.readouterr().out.startswith("gpu1: stt, tts, by localhost, until ")


def test_certificate_of_redis_is_replaced_if_its_host_names_change(bench: AccessBench) -> None:
    certificate, _ = bench.access.folder.server
    before = certificate.read_text()
    bench.init()
    assert certificate.read_text() == before
    bench.init(names=("localhost", "192.168.1.10", "::1"))
    assert certificates.names_of(certificate.read_text()) == ("localhost", "192.168.1.10", "::1")


async def test_remote_machine_renews_leases_over_tls(bench: AccessBench, keys: Keys) -> None:
    async with open_bus(bench.box_url("gpu1"), keys, tls=bench.box_tls("gpu1")) as bus:
        claim = await claimed(bus, worker="a")
        lost: list[str] = []
        leases = bus.keep_leases(
            "tts", "a", every_s=0.05, held=lambda: {claim.id: 1}, on_lost=lambda work_id, _: lost.append(work_id)
        )
        async with leases:
            await bus.take_over("tts", "b", idle_s=0, count=1)
            await eventually(lambda: lost, "the loss of the lease is reported")
