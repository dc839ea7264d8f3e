"""The estimated numbers of tokens, compared with the counts of real tokenizers."""

from __future__ import annotations

import pytest

from tertulia_llm.model.tokens import (
    HIGHEST_SCALE,
    LOWEST_SCALE,
    TokenScale,
    estimated_prompt_tokens,
    estimated_tokens,
    most_prompt_tokens,
)

TEXTS = {
    "English": (
        (
            "I was just counting the stars! Do you see the bright one? It is Vega, and on a "
            "clear summer night it stands "
            "almost straight overhead. What would you like to talk about tonight, Jay?"
        ),
        41,
        42,
    ),
    "German": (
        (
            "Am 3. Oktober wollten wir eigentlich ans Meer fahren, aber das Wetter war so "
            "schlecht, dass wir lieber zu Hause "
            "geblieben sind und Geschwindigkeitsbegrenzungen diskutiert haben."
        ),
        37,
        56,
    ),
    "Polish": (
        (
            "Chciałbym wiedzieć, co myślisz o deszczu: mnie wydaje się piękny, zwłaszcza gdy powoli pada na dachy "
            "miasteczka. Źdźbło trawy."
        ),
        50,
        62,
    ),
    "Russian": (
        (
            "Я хотел бы узнать, что ты думаешь о дожде: мне он кажется прекрасным, особенно когда медленно падает на "
            "крыши городка."
        ),
        32,
        62,
    ),
    "Greek": (
        ("Θα ήθελα να μάθω τι πιστεύεις για τη βροχή: εμένα μου φαίνεται όμορφη, ειδικά όταν πέφτει αργά στις στέγες."),
        43,
        115,
    ),
    "Hebrew": ("אני רוצה לדעת מה אתה חושב על הגשם: בעיני הוא יפה, במיוחד כשהוא יורד לאט על הגגות של העיירה.", 31, 92),
    "Chinese": (
        "我想知道你对下雨有什么看法：我觉得雨很美，尤其是当它慢慢落在小镇的屋顶上的时候。你今天晚上想聊些什么呢？",
        29,
        74,
    ),
    "Japanese": (
        "雨についてどう思うか知りたいです。私には美しく思えます。特に町の屋根にゆっくり降るときは。今夜は何を話しましょうか。",
        40,
        66,
    ),
    "Korean": (
        "비에 대해 어떻게 생각하는지 알고 싶어요. 특히 마을 지붕 위로 천천히 내릴 때 정말 아름다워 보여요.",
        32,
        66,
    ),
    "emoji": ("😀🎉👍🏽👩‍👩‍👧‍👦❤️🔥🚀🌙✨🐶", 26, 46),
    "code": ("def f(x): return {k: v*2 for k, v in x.items() if not isinstance(v, (int, float))}", 30, 33),
    "digits": ("3.14159265358979 2026-11-27 03:56:08 1234567890 $5,999.00", 27, 57),
}
"""For each text: the lowest and the highest count of five tokenizers (cl100k, o200k, DeepSeek, Claude, Mistral v1)."""


@pytest.mark.parametrize("language", TEXTS)
def test_estimate_is_near_the_counts_of_real_tokenizers(language: str) -> None:
    text, lowest, highest = TEXTS[language]
    estimate = estimated_tokens(text)
    assert highest / 2 <= estimate, "an estimate that is too low overflows the window"
    assert estimate <= highest * 1.5, "an estimate that is too high wastes the window"
    assert estimate <= lowest * 2.5


def test_estimate_of_a_text_is_the_sum_of_the_estimates_of_its_parts() -> None:
    parts = [text for text, _, _ in TEXTS.values()]
    assert estimated_tokens("".join(parts)) == pytest.approx(sum(map(estimated_tokens, parts)))
    assert estimated_tokens("") == 0
    assert estimated_tokens("\ud83d") > 0, "half a surrogate pair is no error"


def test_upper_bound_is_at_least_the_estimate() -> None:
    messages = [{"role": "user", "content": text} for text, _, _ in TEXTS.values()]
    assert most_prompt_tokens(messages) >= estimated_prompt_tokens(messages)


def test_each_message_costs_tokens_beyond_its_content() -> None:
    messages = [{"role": "user", "content": ""}] * 10
    assert estimated_prompt_tokens(messages) > 10


def test_scale_follows_a_higher_count_at_once_and_a_lower_one_slowly() -> None:
    scale = TokenScale()
    scale.learn(1000, 1500)
    assert scale.factor == 1.5
    scale.learn(1000, 1000)
    assert 1.4 < scale.factor < 1.5
    for _ in range(1000):
        scale.learn(1000, 1)
    assert scale.factor == pytest.approx(LOWEST_SCALE)
    scale.learn(1000, 10**9)
    assert scale.factor == HIGHEST_SCALE


@pytest.mark.parametrize("counted", [None, "many", True, float("nan"), [1], 0, -5])
def test_impossible_count_is_ignored(counted: object) -> None:
    scale = TokenScale()
    scale.learn(1000, counted)
    assert scale.factor == 1.0


def test_short_prompt_does_not_change_the_scale() -> None:
    scale = TokenScale()
    scale.learn(10, 40)
    assert scale.factor == 1.0
