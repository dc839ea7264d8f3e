"""The page has a text, in each of its languages, for what the server reports by a code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tertulia_gateway.problem_codes import ProblemCode
from tertulia_tts.engines.espeak.voices import ESPEAK_VOICES
from tertulia_tts.engines.kokoro.voices import KOKORO_VOICES

ROOT = Path(__file__).parents[2]
TEXTS = ROOT / "services/gateway/web/src/texts"
LANGUAGES = ("en", "de", "es")
PROTOCOL = ROOT / "docs/protocol.md"
UNSHOWN = {"writes_paused", "writes_resumed", "unknown_conversation", "not_listening"}
"""Codes for which the page has a behaviour of its own."""


def texts_of(language: str, section: str) -> set[str]:
    """The keys of a section of a language's texts."""
    source = (TEXTS / f"{language}.ts").read_text(encoding="utf-8")
    found = re.search(rf"^( +){section}: {{\n(.*?)^\1}},$", source, re.MULTILINE | re.DOTALL)
    assert found, section
    return set(re.findall(rf"^{found[1]}  (\w+):", found[2], re.MULTILINE))


def documented_codes() -> set[str]:
    """The codes of the events `warning` and `error`, from the tables of the protocol's description."""
    text = PROTOCOL.read_text(encoding="utf-8")
    tables = text[text.index("\n## Warnings\n") : text.index("\n## REST\n")]
    rows = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \| ", tables, re.MULTILINE)
    return {code for row in rows for code in re.findall(r"[a-z_]+", row)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_problem_of_the_rest_api_has_a_text(language: str) -> None:
    assert texts_of(language, "problem") == set(ProblemCode)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_code_of_an_error_or_a_warning_has_a_text(language: str) -> None:
    codes = documented_codes()
    assert {"llm_auth", "voice_missing", "turn_failed", "tts_failed"} <= codes
    assert codes - UNSHOWN <= texts_of(language, "server")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_trait_of_a_voice_has_a_text(language: str) -> None:
    voices = [known.voice for known in (*ESPEAK_VOICES, *KOKORO_VOICES)]
    assert all(voice.traits for voice in voices)
    assert {trait for voice in voices for trait in voice.traits} == texts_of(language, "traits")
