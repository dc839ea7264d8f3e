"""The checks and the report of `tertulia doctor`."""

from __future__ import annotations

import io
import socket
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from tertulia_cli.doctor import command, engine_findings, findings, problem_findings
from tertulia_cli.doctor.command import show, verdict
from tertulia_cli.doctor.findings import Finding, Part
from tertulia_cli.exit_codes import FAILED, OK
from tertulia_cli.run import redis
from tertulia_cli.settings import RunSettings
from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tests.harness.settings_of import settings_of
from tests.servers.redis_server import free_port

ENGINE = Part("tts engine espeak", ("espeakng_loader", "soxr"), "pip install it", needed=True)


@pytest.mark.parametrize(
    ("version", "fits"), [((3, 10, 9), False), ((3, 11, 0), True), ((3, 12, 9), True), ((3, 13, 0), False)]
)
def test_doctor_checks_the_python_version(version: tuple[int, ...], fits: bool) -> None:  # noqa: FBT001 - parametrized
    assert findings.python(version).ok is fits


def test_doctor_names_a_missing_module_with_advice() -> None:
    found = findings.part(ENGINE, lambda name: name != "soxr")
    assert found == Finding(ok=False, what="tts engine espeak: soxr not installed", advice="pip install it")
    assert findings.part(ENGINE, lambda _: True).ok


def test_doctor_exit_code_depends_only_on_required_parts() -> None:
    fine, missing, wanted = (
        Finding(ok=True, what="a"),
        Finding(ok=False, what="b"),
        Finding(ok=False, what="c", needed=False),
    )
    assert verdict([fine, wanted]) == OK
    assert verdict([fine, missing]) == FAILED


def test_doctor_report_has_a_line_for_each_finding() -> None:
    out = io.StringIO()
    found = [
        Finding(ok=True, what="a"),
        Finding(ok=False, what="b", advice="do"),
        Finding(ok=False, what="c", needed=False),
    ]
    show(Console(file=out, width=80, soft_wrap=True), found)
    assert out.getvalue().splitlines() == [
        "✓ a",
        "✗ b  → do",
        "- c",
        "",
        "1 thing(s) that the default setup needs are missing.",
    ]


def test_doctor_refuses_an_old_redis_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def old(server: str) -> tuple[int, ...]:
        assert server == "/usr/bin/redis-server"
        return (5, 0, 14)

    settings = settings_of(RunSettings)
    monkeypatch.setattr(redis, "find_server", lambda: "/usr/bin/redis-server")
    monkeypatch.setattr(redis, "version_of", old)
    assert "5.0.14 (/usr/bin/redis-server) is too old" in findings.redis_server(settings).what
    monkeypatch.setattr(redis, "find_server", lambda: None)
    assert not findings.redis_server(settings).ok
    named = settings_of(RunSettings, redis_url="redis://127.0.0.1:1/0")
    assert not findings.redis_server(named).needed


async def test_doctor_requires_that_a_configured_redis_answers(redis_url: str) -> None:
    there = await findings.redis_answer(settings_of(RunSettings, redis_url=redis_url))
    assert there[0].ok
    assert all(not each.needed for each in there[1:]), "it keeps no append-only file, which is no more than a warning"
    (away,) = await findings.redis_answer(settings_of(RunSettings, redis_url="redis://127.0.0.1:1/0"))
    assert not away.ok
    assert "TERTULIA_REDIS_URL" in away.advice


async def test_doctor_does_not_require_that_the_redis_of_tertulia_run_is_running(tmp_path: Path) -> None:
    (none,) = await findings.redis_answer(settings_of(RunSettings, data_dir=tmp_path))
    assert none.ok


def test_doctor_reports_a_port_that_another_program_uses() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = settings_of(RunSettings, port=taken.getsockname()[1])
        assert not findings.port(settings, running=False).ok
        assert findings.port(settings, running=True).ok


def test_doctor_accepts_a_missing_data_folder(tmp_path: Path) -> None:
    assert findings.data_dir(settings_of(RunSettings, data_dir=tmp_path / "a" / "b")).ok
    (tmp_path / "file").touch()
    assert not findings.data_dir(settings_of(RunSettings, data_dir=tmp_path / "file" / "data")).ok
    assert not (tmp_path / "a").exists()


def test_doctor_names_the_store_in_use(tmp_path: Path) -> None:
    settings, file = settings_of(RunSettings, data_dir=tmp_path), tmp_path / "tertulia.db"
    (missing,) = findings.store(settings)
    assert (missing.ok, missing.what) == (True, f"store sqlite, {file}, which the first message creates")
    sqlite3.connect(file).execute("CREATE TABLE t (a)").connection.close()
    (present,) = findings.store(settings)
    assert (present.ok, present.what) == (True, f"store sqlite, {file}")
    remote = settings_of(RunSettings, store="supabase", SUPABASE_URL="https://example.supabase.co", SUPABASE_KEY="key")
    (away,) = findings.store(remote)
    assert (away.ok, away.what) == (True, "store supabase, https://example.supabase.co")


def test_doctor_reports_an_invalid_store_file_and_files_moved_aside(tmp_path: Path) -> None:
    settings, file = settings_of(RunSettings, data_dir=tmp_path), tmp_path / "tertulia.db"
    file.write_bytes(b"no database at all")
    (tmp_path / "tertulia.db.broken-1767225600").touch()
    wrong, aside = findings.store(settings)
    assert "is not a database" in wrong.what
    assert "tertulia.db.broken-1767225600" in aside.what
    assert [(each.ok, each.needed) for each in (wrong, aside)] == [(False, False)] * 2


def test_doctor_reports_the_demo_model_if_no_key_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENROUTER_API_KEY", raising=False)
    assert "demo" in findings.model(settings_of(RunSettings)).what
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-secret")
    finding = findings.model(settings_of(RunSettings))
    assert finding.ok
    assert "sk-secret" not in finding.what


def gateway_answers(monkeypatch: pytest.MonkeyPatch, status: int, problems: Sequence[Finding] = ()) -> None:
    """Let a gateway answer at /readyz with this status and these problems."""

    async def answered(_host: str, _port: int) -> int:
        return status

    async def reported(_settings: RunSettings) -> Sequence[Finding]:
        return problems

    monkeypatch.setattr(command, "gateway_status", answered)
    monkeypatch.setattr(problem_findings, "reported", reported)


NO_TTS = engine_findings.stage_workers("tts", [])


async def beat(settings: RunSettings, *members: str) -> None:
    async with open_bus(settings.redis_address(), Keys(settings.namespace), name="test") as bus:
        for member in members:
            await bus.beat(member)


@pytest.mark.parametrize(
    ("alive", "status", "problems", "missing"),
    [
        (("stt:a:whisper", "llm:b:demo", "tts:c:espeak"), 200, [], 0),
        (("stt:a:whisper", "llm:b:demo"), 200, [], 1),
        (("stt:a:whisper", "llm:b:demo"), 503, [NO_TTS], 2),
    ],
)
async def test_doctor_fails_if_a_stage_of_the_running_setup_has_no_worker(
    alive: Sequence[str], status: int, problems: Sequence[Finding], missing: int,
    *, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], redis_url: str,
) -> None:  # fmt: skip
    nowhere = Part("services", ("tertulia_not_installed",), "install them", needed=True)
    monkeypatch.setattr(findings, "PARTS", (nowhere,))
    settings = settings_of(RunSettings, redis_url=redis_url, namespace=new_id())
    await beat(settings, *alive)
    gateway_answers(monkeypatch, status, problems)
    assert await command.doctor(settings) == (FAILED if missing else OK)
    out = capsys.readouterr().out
    assert out.count("no tts worker is running") == bool(missing)
    assert ("has everything it needs" in out) is not bool(missing)
    assert (f"{missing} thing(s) that this setup needs" in out) is bool(missing)


@pytest.mark.parametrize(
    ("status", "problems", "reported"),
    [(200, [], False), (503, [], True), (503, [NO_TTS], False), (None, [], False)],
)
def test_doctor_reports_a_gateway_that_is_not_ready_and_names_no_reason(
    status: int | None,
    problems: Sequence[Finding],
    reported: bool,  # noqa: FBT001 - parametrized
) -> None:
    found = findings.unexplained(status, problems)
    assert [each.what for each in found] == (["the gateway is not ready (503)"] if reported else [])
    assert verdict(found) == (FAILED if reported else OK)


@pytest.mark.parametrize(("status", "code"), [(200, OK), (503, FAILED)])
async def test_doctor_requires_no_local_installation_for_containers(
    status: int, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], redis_url: str
) -> None:
    nowhere = Part("services", ("tertulia_not_installed",), "install them", needed=True)
    monkeypatch.setattr(findings, "PARTS", (nowhere,))
    settings = settings_of(RunSettings, redis_url=redis_url, namespace=new_id())
    await beat(settings, "stt:a:whisper", "llm:b:demo", "tts:c:espeak")
    gateway_answers(monkeypatch, status)
    assert await command.doctor(settings) == code
    out = capsys.readouterr().out
    assert "not installed" not in out
    assert "Redis answers" in out
    assert ("is ready" if code == OK else "is not ready (503)  →") in out


async def test_doctor_in_a_container_reports_a_gateway_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], redis_url: str
) -> None:
    nowhere = Part("services", ("tertulia_not_installed",), "install them", needed=True)
    monkeypatch.setattr(findings, "PARTS", (nowhere,))
    monkeypatch.setattr(command, "in_image", lambda: True)
    settings = settings_of(RunSettings, redis_url=redis_url, host="gateway.localhost", port=free_port())
    assert await command.doctor(settings) == FAILED
    out = capsys.readouterr().out
    assert "the gateway does not answer at gateway.localhost" in out
    assert "not installed" not in out


@pytest.mark.parametrize(
    ("engines", "ok", "what"),
    [
        (["kokoro"], True, "tts: 1 worker (kokoro)"),
        (["espeak", "kokoro", "espeak"], True, "tts: 3 workers (espeak, kokoro)"),
        ([], False, "no tts worker is running"),
    ],
)
def test_doctor_counts_the_live_workers_of_a_stage(engines: list[str], ok: bool, what: str) -> None:  # noqa: FBT001 - parametrized
    finding = engine_findings.stage_workers("tts", engines)
    assert (finding.ok, finding.what) == (ok, what)
    assert ("docker compose up --detach tts" in finding.advice) is not ok
    assert finding.needed
