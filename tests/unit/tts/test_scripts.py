from __future__ import annotations

import pytest

from tertulia_shared.codec import decode_event
from tertulia_shared.entries import TTSSentence
from tertulia_shared.events import Warn
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_tts.engine import Voice
from tertulia_tts.scripts import ForeignScripts, without_foreign_scripts


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
def test_text_in_a_script_that_the_voice_cannot_speak_is_left_out(
    language: str, text: str, spoken: str, left_out: list[str]
) -> None:
    assert without_foreign_scripts(text, language) == (spoken, left_out)


LUNA = Voice("luna", "Luna", "en-US", "", monolingual=True)


async def test_client_is_warned_once_per_conversation_about_text_that_is_left_out() -> None:
    bus = MemoryBus(Keys("test"))
    conversation_id = new_id()
    outlet = bus.outlet()
    scripts = ForeignScripts(bus.keys)
    for index, text in enumerate(["Hello 你好。", "世界。", "Fine."]):
        sentence = TTSSentence(text, index, conversation_id, new_id(), new_id(), "Luna", "luna")
        assert scripts.leave_out(sentence, LUNA, outlet) == ["Hello", "", "Fine."][index]
    await outlet.flush()
    (warning,) = [decode_event(entry.fields) for entry in await bus.read(bus.keys.events(conversation_id))]
    assert isinstance(warning, Warn)
    assert warning.code == "voice_lacks_script"
    assert "Chinese" in warning.message


def test_multilingual_voice_speaks_every_script() -> None:
    bus = MemoryBus(Keys("test"))
    sentence = TTSSentence("你好。", 0, new_id(), new_id(), new_id(), "Luna", "luna")
    voice = Voice("luna", "Luna", "en-US", "")
    assert ForeignScripts(bus.keys).leave_out(sentence, voice, bus.outlet()) == "你好。"
