from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tertulia_shared.logs import IDS, JsonFormatter, set_up


def line(**values: Any) -> dict[str, Any]:
    record = logging.LogRecord("tertulia.x", logging.WARNING, __file__, 1, "turn finished", None, None)
    record.__dict__.update(values)
    return json.loads(JsonFormatter("llm").format(record))


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    """The root logger; its handlers are restored after the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


def test_log_line_has_time_service_and_message() -> None:
    said = line(created=0.25)
    assert said == {
        "ts": "1970-01-01T00:00:00.250+00:00", "level": "warning", "service": "llm", "logger": "tertulia.x",
        "message": "turn finished",
    }  # fmt: skip


def test_log_line_has_only_the_allowed_fields() -> None:
    values = {**dict.fromkeys(IDS, "x"), "text": "what the user said", "api_key": "sk-1", "count": 0}
    said = line(**values)
    assert said["count"] == 0
    assert {name for name in IDS if name in said} == set(IDS)
    assert not {"text", "api_key"} & set(said)


def test_log_line_omits_empty_fields() -> None:
    assert not {"turn_id", "message_id"} & set(line(turn_id="", message_id=None))


def test_log_line_of_an_error_contains_its_traceback() -> None:
    error = ValueError("broken\nin two")
    assert "ValueError: broken\nin two" in line(exc_info=(type(error), error, None))["error"]


def test_log_goes_to_stderr_as_json(root_logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    set_up("tts", "INFO")
    logging.getLogger("a").info("said once", extra={"conversation_id": "c"})
    logging.getLogger("a").debug("too fine")
    logging.getLogger("httpx").info("too chatty")
    (only,) = capsys.readouterr().err.splitlines()
    assert (json.loads(only)["message"], json.loads(only)["conversation_id"]) == ("said once", "c")
