"""The checks of the model server's settings."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tertulia_cli.settings import RunSettings
from tertulia_llm.settings import LLMSettings
from tertulia_shared.model_server import checked_base_url, checked_body, checked_headers, checked_key
from tertulia_shared.settings import explain
from tests.harness.settings_of import settings_of


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("sk-or-…", "ellipsis"),
        ("sk-or-v1-12...89", "ellipsis"),
        ("sk-...", "ellipsis"),
        ("Bearer sk-123456", "Bearer"),
        ("bearer sk-123456", "Bearer"),
        ('"sk-123456"', "quotation"),
        ("'sk-123456", "quotation"),
        ("“sk-123456”", "quotation"),
        ("sk-123 456", "white space"),
        ("sk-123\n456", "white space"),
        ("sk-123ñ456", "no key has"),
        ("sk\u2011or\u2011v1", "no key has"),
        ("sk-123\u200b456", "no key has"),
        ("sk-123\x07", "no key has"),
        ("your-key-here", "placeholder"),
        ("YOUR_API_KEY", "placeholder"),
        ("sk-your-key", "placeholder"),
        ("sk-or-v1-xxxxxxxxxxxx", "placeholder"),
        ("<key>", "placeholder"),
        ("sk-<your key>".replace(" ", "-"), "placeholder"),
        ("changeme", "placeholder"),
        ("my-api-key", "placeholder"),
        ("api_key", "placeholder"),
        ("REDACTED", "placeholder"),
        ("sk-xxxxxxxx-xxxx", "placeholder"),
        ("$OPENROUTER_API_KEY", "variable"),
        ("${OPENROUTER_API_KEY}", "variable"),
        ("%OPENROUTER_API_KEY%", "variable"),
        ("OPENROUTER_API_KEY", "variable"),
        ("OPENROUTER_API_KEY=sk-123456", "variable"),
        ("sk-", "beginning"),
        ("sk-or-v1-", "beginning"),
        ("sk-or-v1-12****89", "masked"),
        ("sk-123456,", "comma"),
        ("sk-123456;", "semicolon"),
        ("https://openrouter.ai/keys", "address"),
        ("sk-123456\\n", "no key has"),
    ],
)
def test_text_that_cannot_be_an_api_key_is_refused_without_quoting_it(key: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        checked_key(key)
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "  ",
        "sk-or-v1-0123456789abcdef",
        "sk-test",
        "none",
        "ollama",
        "EMPTY",
        "a",
        "AIzaSy-0_x",
        "my-secret-token",
        "x:y/z=",
    ],
)
def test_possible_api_keys_are_accepted(key: str) -> None:
    assert checked_key(key) == key.strip()
    assert checked_key(f" {key}\n") == key.strip()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("openrouter.ai/api/v1", "http"),
        ("ftp://x/v1", "http"),
        ("http://", "http"),
        ("http://[::1/v1", "not a URL"),
        ("http://x:port/v1", "not a URL"),
        ("https://x/v1/chat/completions", "leave out /chat/completions"),
        ("https://x/v1/models/", "leave out /models"),
        ("https://x/v1/Chat/Completions", "leave out /chat/completions"),
        ("https://api.anthropic.com/v1/messages", "leave out /messages"),
        ("http://localhost:11434/api/chat", "leave out /api/chat"),
        ("https://x/v1beta/models/gemini:generateContent", "v1beta/openai"),
        ("https://x/v1?api-version=2024", "after its path"),
        ("https://x/v1#a", "after its path"),
        ("https://ex ample/v1", "white space"),
        ("https://ex\u200bample.com/v1", "invisible"),
        ("https://x\\v1", "backslash"),
        ("https://openrouter.ai/api/v1…", "ellipsis"),
        ("http://..../v1", "host name"),
        (f"http://{'a' * 64}/v1", "host name"),
    ],
)
def test_impossible_base_url_is_refused(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        checked_base_url(url)


def test_base_url_loses_spaces_and_slashes_at_its_end() -> None:
    assert checked_base_url(" http://127.0.0.1:11434/v1/ ") == "http://127.0.0.1:11434/v1"
    for url in ("https://api.deepseek.com", "http://[::1]:8000/v1", "http://user:pw@x/v1", "https://bücher.example/v1"):
        assert checked_base_url(url) == url


@pytest.mark.parametrize(
    ("name", "reason"),
    [("  ", "blank"), ('"gpt-4o"', "quotation"), ("gpt\n4o", "line end"), ("gpt\u200b4o", "invisible")],
)
def test_impossible_model_name_is_refused(name: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        settings_of(LLMSettings, llm_model=name)


def test_model_name_loses_white_space_around_it() -> None:
    assert settings_of(LLMSettings, llm_model=" owner/model:free ").llm_model == "owner/model:free"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "object"),
        ("3", "object"),
        ('{"messages": []}', "messages"),
        ('{"model": "x"}', "MODEL"),
        ('{"a": NaN}', "not JSON"),
        ('{"a": [1e400]}', "not JSON"),
        ('{"a": "\\ud800"}', "surrogate"),
        ('{"max_tokens": 0}', "above 0"),
        ('{"max_tokens": -5}', "above 0"),
        ('{"max_tokens": "100"}', "above 0"),
        ('{"max_completion_tokens": true}', "above 0"),
        ('{"max_completion_tokens": 1.5}', "above 0"),
        ('{"stream": false}', "stream"),
        ('{"n": 3}', "reads one reply"),
    ],
)
def test_impossible_extra_body_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        checked_body(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ('{"a b": "c"}', "impossible name"),
        ('{"": "c"}', "impossible name"),
        ('{"x-count": 3}', "as text"),
        ('{"x-name": "secré"}', "x-name"),
        ('{"x-name": "secret\\n"}', "x-name"),
        ('{"Content-Length": "5"}', "Tertulia sets it"),
        ('{"transfer-encoding": "chunked"}', "Tertulia sets it"),
        ('{"Content-Type": "text/plain"}', "Tertulia sets it"),
        (f'{{"x-name": "{"secret" * 2_000}"}}', "characters"),
        ('{"Authorization": "Bearer secret...1"}', "ellipsis"),
        ('{"api-key": "secret****1"}', "masked"),
    ],
)
def test_impossible_extra_header_is_refused_without_its_value(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        checked_headers(text)
    assert "secr" not in str(caught.value)


@pytest.mark.parametrize("text", ['{"max_tokens": null}', '{"max_tokens": 9}', '{"n": null}', '{"stream": true}', ""])
def test_possible_extra_body_is_taken(text: str) -> None:
    checked_body(text)


@pytest.mark.parametrize("value", ["Bearer sk-1", "Basic abc=", "sk-1", ""])
def test_possible_credentials_are_taken(value: str) -> None:
    assert checked_headers(f'{{"Authorization": "{value}"}}') == {"Authorization": value}


def test_extra_body_and_headers_are_parsed() -> None:
    settings = settings_of(LLMSettings, llm_extra_body='{"a": null}', llm_extra_headers='{"X-A": ""}')
    assert (settings.extra_body, settings.extra_headers) == ({"a": None}, {"X-A": ""})
    assert settings_of(LLMSettings).extra_body == settings_of(LLMSettings).extra_headers == {}
    assert "X-A" not in repr(settings)


def test_all_wrong_settings_are_reported_at_once_without_their_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-…")
    wrong = {
        "llm_base_url": "nowhere",
        "llm_extra_body": "secret",
        "llm_extra_headers": "secret",
        "llm_context_tokens": 7,
    }
    with pytest.raises(ValidationError) as caught:
        settings_of(LLMSettings, **wrong)
    report = explain(caught.value)
    for name in ("OPENROUTER_API_KEY", *(f"TERTULIA_{name.upper()}" for name in wrong)):
        assert f"  {name}: " in report
    assert "sk-or" not in report
    assert "secret" not in report


def test_command_reports_an_impossible_key_before_it_starts_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "your-key-here")
    with pytest.raises(ValidationError) as caught:
        settings_of(RunSettings, llm_base_url="nowhere")
    report = explain(caught.value)
    assert "OPENROUTER_API_KEY: is a placeholder" in report
    assert "TERTULIA_LLM_BASE_URL" in report
