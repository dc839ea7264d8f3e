from __future__ import annotations

import pytest

from tertulia_tts.scripts import without_foreign_scripts


@pytest.mark.parametrize(
    ("language", "text", "spoken", "left_out"),
    [
        ("en-US", "Hello there.", "Hello there.", []),
        ("en-US", "Café naïve Łódź.", "Café naïve Łódź.", []),
        ("en-US", "You say 你好 to greet.", "You say to greet.", ["Chinese"]),
        ("en-US", "你好，世界。", "", ["Chinese"]),
        ("en-US", "Привет, мир! Hello.", "Hello.", ["Cyrillic"]),
        ("en-US", "ありがとう means thanks.", "means thanks.", ["Japanese"]),
        ("en-US", "今日はいい天気です。", "", ["Japanese"]),
        ("en-US", "the angle α is small", "the angle α is small", []),
        ("ru", "Привет, мир!", "Привет, мир!", []),
        ("ru", "Hello, мир!", "Hello, мир!", []),
        ("ja", "今日はいい天気です。", "今日はいい天気です。", []),
        ("zh-CN", "今天天气很好。", "今天天气很好。", []),
        ("el", "Καλημέρα σας", "Καλημέρα σας", []),
        ("de-DE", "Καλημέρα, guten Tag", "guten Tag", ["Greek"]),
    ],
)
def test_text_in_a_script_of_another_language_is_left_out(
    language: str, text: str, spoken: str, left_out: list[str]
) -> None:
    assert without_foreign_scripts(text, language) == (spoken, left_out)
