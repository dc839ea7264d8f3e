"""The llm worker's own settings."""

from __future__ import annotations

import pytest

from tertulia_llm.settings import LLMSettings
from tertulia_shared.settings import load


def test_invisible_character_in_the_user_name_setting_is_reported_at_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERTULIA_USER_NAME", "Ja\u200by")
    with pytest.raises(SystemExit):
        load(LLMSettings)
    assert "contains U+200B ZERO WIDTH SPACE" in capsys.readouterr().err
