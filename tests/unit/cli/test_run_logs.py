"""The services' logs: bounds, terminal output, and the explanation of a death."""

from __future__ import annotations

from pathlib import Path

import orjson

from tertulia_cli.run.logfile import LogFile, readable


def json_line(message: str, **more: object) -> bytes:
    return orjson.dumps({"ts": "2026-01-02T03:04:05.678+00:00", "level": "info", "message": message, **more})


def test_service_log_lines_are_appended_and_printed(tmp_path: Path) -> None:
    path, seen = tmp_path / "tts.log", list[str]()
    for text in (b"one", b"two"):
        with LogFile(path, seen.append) as log:
            log.write(text)
    assert path.read_text() == "one\ntwo\n"
    assert seen == ["one", "two"]


def test_service_log_above_its_bound_is_rotated_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "tts.log"
    path.write_text("old" * 100)
    with LogFile(path, max_bytes=100) as log:
        log.write(b"new")
    assert path.read_text() == "new\n"
    assert (tmp_path / "tts.log.1").read_text() == "old" * 100


def test_service_log_never_exceeds_two_files_of_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "tts.log"
    with LogFile(path, max_bytes=1000) as log:
        for number in range(500):
            log.write(f"line {number}".encode())
    assert sorted(each.name for each in tmp_path.iterdir()) == ["tts.log", "tts.log.1"]
    assert all(each.stat().st_size <= 1010 for each in tmp_path.iterdir())
    assert (tmp_path / "tts.log.1").read_text() + path.read_text() in "".join(f"line {n}\n" for n in range(500))


def test_last_plain_lines_of_the_log_explain_why_a_service_died(tmp_path: Path) -> None:
    with LogFile(tmp_path / "tts.log") as log:
        log.write(json_line("waiting for Redis"))
        log.write(b"tertulia-tts cannot start: no voice")
        assert log.explanation() == "tertulia-tts cannot start: no voice"


def test_last_json_lines_explain_why_a_service_died_without_plain_lines(tmp_path: Path) -> None:
    with LogFile(tmp_path / "tts.log") as log:
        for number in range(30):
            log.write(json_line(f"step {number}", work_id="1-0"))
        lines = log.explanation().splitlines()
    assert len(lines) == 20
    assert lines[-1] == "03:04:05.678 info: step 29 work_id=1-0"


def test_explanation_of_a_dead_service_can_be_cleared(tmp_path: Path) -> None:
    with LogFile(tmp_path / "tts.log") as log:
        log.write(b"the first one's last words")
        log.forget()
        assert not log.explanation()


def test_printed_traceback_follows_its_log_line() -> None:
    shown = readable(json_line("failed", error="Traceback\n  boom").decode())
    assert shown.splitlines() == ["03:04:05.678 info: failed", "Traceback", "  boom"]


def test_plain_log_lines_are_printed_unchanged() -> None:
    assert readable('{"no": "record"}') == '{"no": "record"}'
    assert readable("{broken") == "{broken"
