"""The command line and its exit codes."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tertulia_cli import main as command
from tertulia_cli.exit_codes import FAILED, MISUSED, NO_CONNECTION, OK, STOPPED, Failure
from tertulia_shared.version import __version__


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a folder without .env


def ends_with(*argv: str) -> object:
    with pytest.raises(SystemExit) as ending:
        command.main(argv)
    return ending.value.code


@pytest.mark.parametrize(
    "asked",
    [
        ("--help",),
        ("run", "--help"),
        ("say", "--help"),
        ("talk", "--help"),
        ("ask", "--help"),
        ("who", "--help"),
        ("inspect", "--help"),
        ("dead", "--help"),
        ("conversation", "--help"),
    ],
)  # fmt: skip
def test_every_command_has_help(asked: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert ends_with(*asked) == OK
    assert "usage: tertulia" in capsys.readouterr().out


def test_help_lists_the_commands_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    ends_with("--help")
    text = capsys.readouterr().out
    for word in ("run", "say", "talk", "ask", "who", "inspect", "dead", "doctor", "exit codes", "130"):
        assert word in text


def test_each_command_is_parsed_with_the_arguments_of_its_group(capsys: pytest.CaptureFixture[str]) -> None:
    ends_with("--help")
    listed = re.findall(r"(?m)^    ([a-z]\S+)", capsys.readouterr().out)
    assert listed == [name for names in command.ADD_COMMANDS for name in names]
    for name in listed:
        assert ends_with(name, "--help") == OK
        assert capsys.readouterr().out.startswith(f"usage: tertulia {name} ")


def test_version_option_prints_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert ends_with("--version") == OK
    assert capsys.readouterr().out == f"tertulia {__version__}\n"


@pytest.mark.parametrize(
    "argv",
    [
        (), ("dance",), ("say",), ("run", "--port", "x"), ("run", "--port", "70000"), ("say", "hi", "--timeout", "0"),
        ("say", "hi", "--timeout", "inf"), ("say", " "), ("say", "hi", "--nobody", "--character", "Luna"),
        ("ask", "Luna", "--discuss"), ("ask", "--replies", "0"), ("ask", "--replies", "21"), ("who", "loud"),
        ("who", "--discussion", "-1"), ("who", "--conversation", "nope"), ("say", "hi", "--conversation", ""),
        ("say", "hi", "--url", "ftp://x"), ("talk", "none.wav"),
        ("dead",), ("dead", "show"), ("dead", "retry"), ("dead", "drop", "1-0", "--all"),
        ("inspect", "--follow", "--message", "x"),
    ],
)  # fmt: skip
def test_wrong_command_line_exits_with_2(argv: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert ends_with(*argv) == MISUSED
    assert "tertulia" in capsys.readouterr().err


def test_wrong_setting_exits_with_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TERTULIA_PORT", "many")
    assert ends_with("run") == MISUSED
    assert "TERTULIA_PORT" in capsys.readouterr().err


def test_unreachable_server_exits_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert ends_with("say", "hi", "--url", "ws://127.0.0.1:1/ws") == NO_CONNECTION
    said = capsys.readouterr().err
    assert said.startswith("tertulia: nothing listens at ws://127.0.0.1:1/ws: start it with `tertulia run`")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyboardInterrupt(), STOPPED),
        (Failure("no"), FAILED),
        (ExceptionGroup("a task", [ExceptionGroup("inside", [Failure("no", NO_CONNECTION)])]), NO_CONNECTION),
    ],
)
def test_each_exception_has_its_exit_code(error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(coroutine: object) -> int:
        assert asyncio.iscoroutine(coroutine)
        coroutine.close()
        raise error

    monkeypatch.setattr(asyncio, "run", fail)
    assert ends_with("say", "hi") == code


def test_unexpected_exception_in_a_group_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(coroutine: object) -> int:
        assert asyncio.iscoroutine(coroutine)
        coroutine.close()
        raise ExceptionGroup("tasks", [Failure("no"), ZeroDivisionError()])

    monkeypatch.setattr(asyncio, "run", fail)
    with pytest.raises(ExceptionGroup):
        command.main(["doctor"])
