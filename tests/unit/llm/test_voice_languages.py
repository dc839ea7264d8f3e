from __future__ import annotations

import pytest

from tertulia_llm.text.language import ReplyLanguage, VoiceLanguage, in_conversation, language_of
from tertulia_llm.text.sentences import SentenceSplitter
from tertulia_llm.voice_languages import VoiceLanguages, languages_of
from tertulia_shared.codec import pack
from tests.harness.llm import LLMBench


def published(id: str, language: str, **more: object) -> bytes:
    return pack([{"id": id, "name": id, "language": language, "description": "", **more}])


def test_languages_of_published_voices_are_decoded() -> None:
    voices = {b"espeak": published("greta", "de-DE", monolingual=True), b"higgs": published("rex", "en")}
    assert languages_of(voices) == {"greta": VoiceLanguage("de-DE", only=True), "rex": VoiceLanguage("en")}


def test_unreadable_voices_of_one_engine_do_not_affect_other_engines() -> None:
    voices = {b"broken": b"\xc1", b"other": pack({"id": 1}), b"espeak": published("greta", "de-DE")}
    assert languages_of(voices) == {"greta": VoiceLanguage("de-DE")}


def test_language_of_a_voice_published_with_two_languages_is_unknown() -> None:
    voices = {b"espeak": published("luna", "en-US", monolingual=True), b"higgs": published("luna", "es")}
    assert languages_of(voices) == {"luna": VoiceLanguage()}


async def test_voices_are_read_from_redis() -> None:
    bus = LLMBench().bus
    outlet = bus.outlet()
    outlet.put(bus.keys.voices(), {"espeak": published("greta", "de-DE", monolingual=True)})
    await outlet.flush()
    voices = VoiceLanguages(bus)
    assert voices.of("greta") == VoiceLanguage()
    await voices.read()
    assert voices.of("greta") == VoiceLanguage("de-DE", only=True)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The cat is on the table and you know it.", "en"),
        ("Ich weiß nicht, was das ist.", "de"),
        ("No sé qué es, pero me gusta mucho.", "es"),
        ("Je ne sais pas ce que c'est, mais il est là.", "fr"),
        ("Non so che cosa è, ma mi piace di più.", "it"),
        ("Eu não sei o que é, mas você está bem.", "pt"),
        ("Ik weet het niet, maar dat is een hond.", "nl"),
        ("Nie wiem, co to jest, ale się podoba.", "pl"),
        ("Я не знаю, что это.", "ru"),
        ("Bu ne bilmiyorum ama çok güzel bir şey.", "tr"),
        ("これはペンです。", "ja"),
        ("这是一支笔。", "zh"),
        ("Καλημέρα σας", "zxx"),
        ("Das kostet 5 €.", "de"),
        ("Cuesta 5 €.", "es"),
        ("¿5 km?", "es"),
        ("Ça coûte 5 €.", "fr"),
        ("Custa 5 €.", "pt"),
        ("Het is 5 €.", "nl"),
        ("Kosztuje 5 zł.", "pl"),
        ("Evet, 5 km.", "tr"),
        ("It costs $5.", "en"),
        ("War costs $5.", ""),
        ("Never say die.", ""),
        ("See www.example.com.", ""),
        ("Hello!", ""),
        ("5 km", ""),
    ],
)
def test_language_of_a_text_is_recognized(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("voice", "text", "language"),
    [
        (VoiceLanguage("en-US", only=True), "Ich weiß nicht, was das ist.", "en-US"),
        (VoiceLanguage("en-US"), "Ich weiß nicht, was das ist.", "de"),
        (VoiceLanguage("en-GB"), "The cat is on the table and you know it.", "en-GB"),
        (VoiceLanguage("de"), "5 km", "de"),
        (VoiceLanguage(), "5 km", ""),
        (VoiceLanguage("und", only=True), "Ich weiß nicht, was das ist.", "de"),
    ],
)
def test_text_decides_unless_the_voice_has_only_one_language(voice: VoiceLanguage, text: str, language: str) -> None:
    reply = ReplyLanguage(voice)
    reply.add(text)
    assert reply.tag == language


@pytest.mark.parametrize(
    ("voice", "recent", "language"),
    [
        (VoiceLanguage("en-US"), ["5 km.", "Wie weit ist das?", "Hello, how are you?"], "de"),
        (VoiceLanguage("en-US"), ["The town is far and big.", "Wie weit ist das?"], "en-US"),
        (VoiceLanguage("en-US"), [], "en-US"),
        (VoiceLanguage("en-US", only=True), ["Wie weit ist das?"], "en-US"),
        (VoiceLanguage(), ["¿Cuánto es?"], "es"),
    ],
)
def test_short_reply_keeps_the_language_of_the_conversation(
    voice: VoiceLanguage, recent: list[str], language: str
) -> None:
    reply = ReplyLanguage(in_conversation(voice, recent))
    reply.add("5 km.")
    assert reply.tag == language


def test_numbers_are_read_in_the_language_of_the_voice() -> None:
    def spoken(voice: VoiceLanguage, text: str) -> list[str]:
        splitter = SentenceSplitter(voice=voice)
        return [sentence.spoken for sentence in splitter.feed(text)]

    assert spoken(VoiceLanguage("de-DE", only=True), "5 km/h.\n") == ["fünf Kilometer pro Stunde."]
    assert spoken(VoiceLanguage("en-US", only=True), "5 km/h.\n") == ["five kilometers per hour."]
    assert spoken(VoiceLanguage("cs", only=True), "5 km/h.\n") == ["5 km/h."]
    assert spoken(VoiceLanguage(), "Das ist nicht schnell.\n5 km/h.\n")[1] == "fünf Kilometer pro Stunde."


def test_written_text_is_not_changed_by_verbalization() -> None:
    sentence = SentenceSplitter().feed("It costs $5.99. ")
    sentence += SentenceSplitter().feed("It costs $5.99.\n")
    assert [(s.written, s.spoken) for s in sentence] == [
        ("It costs $5.99.\n", "It costs five dollars and ninety-nine cents.")
    ]
