"""The choice of a reply: it fits, is not repeated in the next turn, is deterministic, and can be resumed at any
position.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_llm.demo.scene import Message
from tertulia_llm.demo.script import next_words, tokens
from tertulia_llm.text.prompt import HistoryMessage, build_messages, fit
from tertulia_llm.text.stage_notes import Cue

CAST = ["Luna", "Rex", "Sage", "Bruno"]
REMARKS = [
    "Hello everyone!",
    "who are you",
    "how are you",
    "Tell me a story about the sea.",
    "a joke please",
    "What is 2 plus 3?",
    "What do you think about my dog?",
    "why is the sky blue",
    "is it true",
    "I went for a walk",
    "thanks",
    "I feel lonely",
    "what's the weather like",
    "bye",
    "",
    "My name is Ana",
    "what is my name",
    "yes",
    "no",
]


def ask(
    name: str,
    history: list[HistoryMessage],
    *,
    continuing: str = "",
    max_chars: int = 100_000,
    cue: Cue | None = None,
) -> list[Message]:
    built = build_messages(
        character_name=name,
        system_prompt=f"You are {name}, a friend who knows your own mind.",
        other_names=[other for other in CAST if other != name],
        user_name="Jay",
        history=history,
        continuing=continuing,
        cue=cue,
    )
    return [Message(message["role"], message["content"]) for message in fit(built, max_chars)]  # type: ignore[arg-type]


def user(text: str) -> HistoryMessage:
    return HistoryMessage("user", "Jay", text)


def said(name: str, text: str, *, interrupted: bool = False) -> HistoryMessage:
    return HistoryMessage("character", name, text, interrupted)


@st.composite
def conversations(draw: st.DrawFn) -> list[HistoryMessage]:
    history = [user(draw(st.sampled_from(REMARKS)))]
    for _ in range(draw(st.integers(0, 4))):
        name = draw(st.sampled_from(CAST))
        reply = next_words(ask(name, history), seed=draw(st.integers(0, 3)))
        heard = draw(st.integers(1, len(reply)))
        history.append(said(name, reply[:heard], interrupted=heard < len(reply)))
        if draw(st.booleans()):
            history.append(user(draw(st.sampled_from(REMARKS))))
    return history


@given(conversations(), st.sampled_from(CAST), st.integers(0, 2**31), st.data())
def test_begun_reply_and_its_continuation_are_together_the_whole_reply(
    history: list[HistoryMessage], name: str, seed: int, data: st.DataObject
) -> None:
    messages = ask(name, history)
    whole = next_words(messages, seed=seed)
    cut = data.draw(st.integers(0, len(whole)))
    for begun in (f"<{name}>{whole[:cut]}", whole[:cut]):
        assert whole[:cut] + next_words([*messages, Message("assistant", begun)], seed=seed) == whole


@given(conversations(), st.sampled_from(CAST), st.integers(0, 100), st.sampled_from([None, *Cue]), st.data())
def test_reply_that_the_worker_asks_to_continue_is_continued(
    history: list[HistoryMessage], name: str, seed: int, cue: Cue | None, data: st.DataObject
) -> None:
    """The worker sends the begun text without its trailing space, and possibly a different part of the history."""
    whole = next_words(ask(name, history, cue=cue), seed=seed)
    begun = whole[: data.draw(st.integers(1, len(whole)))].rstrip()
    rest = next_words(ask(name, history, continuing=begun, cue=cue), seed=seed)
    assert begun + rest == whole


def test_reply_is_continued_even_if_the_prompt_has_less_of_the_history() -> None:
    history = [user("Hi"), said("Rex", "Evening. " * 40), user("What do you think about jazz?")]
    whole = next_words(ask("Luna", history), seed=5)
    begun = whole[:30].rstrip()
    rest = next_words(ask("Luna", history, continuing=begun, max_chars=100), seed=5)
    assert begun + rest == whole


@pytest.mark.parametrize(
    ("begun", "joint"), [("Something else entirely.", " "), ("Something else ", ""), ("I was about to", " ")]
)
@pytest.mark.parametrize("name", CAST)
def test_beginning_of_no_known_reply_gets_a_general_ending(name: str, begun: str, joint: str) -> None:
    rest = next_words([*ask(name, [user("Hi")]), Message("assistant", f"<{name}>{begun}")], seed=0)
    assert rest.startswith(joint)
    assert rest.strip()[-1] in ".!?"
    assert begun.strip() not in rest


@given(conversations(), st.sampled_from(CAST), st.integers())
def test_same_request_gets_the_same_reply(history: list[HistoryMessage], name: str, seed: int) -> None:
    assert next_words(ask(name, history), seed=seed) == next_words(ask(name, history), seed=seed)


@pytest.mark.parametrize("name", CAST)
@pytest.mark.parametrize("remark", REMARKS)
def test_character_does_not_give_the_same_reply_twice_in_a_row(name: str, remark: str) -> None:
    for seed in range(4):
        history: list[HistoryMessage] = []
        last = ""
        for _ in range(6):
            history.append(user(remark))
            reply = next_words(ask(name, history), seed=seed)
            assert reply[:40] != last[:40]
            history.append(said(name, reply))
            last = reply


@pytest.mark.parametrize("name", CAST)
def test_character_does_not_repeat_a_reply_that_was_cut_off(name: str) -> None:
    history = [user("Hello")]
    first = next_words(ask(name, history), seed=0)
    history += [said(name, first[:30].rsplit(" ", 1)[0], interrupted=True), user("Hello")]
    assert next_words(ask(name, history), seed=0)[:30] != first[:30]


@pytest.mark.parametrize("name", CAST)
def test_seed_decides_which_reply_is_chosen(name: str) -> None:
    assert len({next_words(ask(name, [user("Hello")]), seed=seed) for seed in range(20)}) > 1


def test_characters_give_different_replies_to_the_same_message() -> None:
    replies = {name: next_words(ask(name, [user("Who are you?")]), seed=0) for name in CAST}
    assert len(set(replies.values())) == len(CAST)
    assert "detective" in replies["Rex"] or "Rex" in replies["Rex"]
    assert "a friend who knows my own mind" in replies["Bruno"]


@pytest.mark.parametrize("seed", range(5))
def test_reply_repeats_the_topic_of_the_message(seed: int) -> None:
    stories = next_words(ask("Luna", [user("Luna, tell me a story about my red boat")]), seed=seed)
    assert "your red boat" in stories
    assert "5" in next_words(ask("Rex", [user("what is two plus three")]), seed=seed)
    assert "Ana" in next_words(ask("Sage", [user("My name is Ana")]), seed=seed)


def test_reply_uses_the_name_that_the_user_gave_last() -> None:
    history = [user("My name is Ana"), said("Rex", "Noted."), user("What's my name?")]
    assert "You are Ana" in next_words(ask("Rex", history), seed=0)
    assert "You are Jay" in next_words(ask("Rex", history[2:]), seed=0)


@pytest.mark.parametrize(
    ("name", "remark", "words"),
    [
        ("Luna", "Luna, what is up there tonight?", ("planet", "Big Dipper", "moon")),
        ("Rex", "What does Rex think of rain?", ("Rain and I", "keeps honest people indoors")),
        ("Luna", "Luna, tell me a story.", ("lighthouse keeper", "comet")),
        ("Sage", "How are you all tonight?", ("at ease", "I am well", "Quiet, and content")),
    ],
)
def test_openings_that_the_page_and_the_readme_offer_get_a_fitting_answer(
    name: str, remark: str, words: tuple[str, ...]
) -> None:
    for seed in range(10):
        reply = next_words(ask(name, [user(remark)]), seed=seed)
        assert any(word in reply for word in words), reply


@pytest.mark.parametrize(
    ("name", "before", "remark"),
    [("Rex", "How are you all tonight?", "And you, Rex?"), ("Luna", "Tell me a joke.", "Another one!")],
)
def test_remark_that_refers_to_the_message_before_gets_the_same_kind_of_answer(
    name: str, before: str, remark: str
) -> None:
    kind = {next_words(ask(name, [user(before)]), seed=seed) for seed in range(10)}
    history = [user(before), said("Sage", "I am at ease."), user("And you, Sage?"), said("Sage", "Well."), user(remark)]
    assert {next_words(ask(name, history), seed=seed) for seed in range(10)} <= kind


@pytest.mark.parametrize("name", CAST)
@pytest.mark.parametrize("remark", ["What is the capital of France?", "Write me a letter", "Wie geht es dir heute?"])
def test_character_that_cannot_answer_says_that_it_is_a_demo_or_needs_a_model(name: str, remark: str) -> None:
    for seed in range(6):
        reply = next_words(ask(name, [user(remark)]), seed=seed)
        assert any(word in reply for word in ("demo", "script", "real model")), reply


@pytest.mark.parametrize("question", ["What time is it?", "What's the weather like?", "Are you real?"])
@pytest.mark.parametrize("name", CAST)
def test_asked_whether_it_is_real_the_character_says_that_this_is_a_demo(name: str, question: str) -> None:
    for seed in range(6):
        assert "demo" in next_words(ask(name, [user(question)]), seed=seed)


@pytest.mark.parametrize("name", ["Luna", "Rex", "Sage"])
def test_reply_reacts_to_the_reply_of_the_previous_character(name: str) -> None:
    history = [user("Is the universe infinite?"), said("Bruno", "I doubt it, the universe is a small bakery.")]
    replies = [next_words(ask(name, history), seed=seed) for seed in range(20)]
    assert any("Bruno" in reply for reply in replies)
    assert not any("Bruno" in next_words(ask(name, history[:1]), seed=seed) for seed in range(20))


@given(st.text(max_size=200))
def test_tokens_of_a_text_join_to_the_same_text(text: str) -> None:
    assert "".join(tokens(text)) == text


def test_tokens_are_about_as_long_as_those_of_a_real_model() -> None:
    text = next_words(ask("Luna", [user("Tell me a story")]), seed=0)
    assert 3 < len(text) / len(tokens(text)) < 6


@given(st.text(max_size=200), st.sampled_from(CAST))
def test_any_message_gets_a_reply_of_plain_sentences(text: str, name: str) -> None:
    reply = next_words(ask(name, [user(text)]), seed=0)
    assert reply.strip() == reply
    assert reply[-1] in ".!?"
    assert not set("<>{}[]\n*#") & set(reply)


@pytest.mark.parametrize("cast", [["Luna", "Rex"], ["Luna", "Rex", "Sage"], ["Bruno", "Mia"]])
@pytest.mark.parametrize("remark", ["Discuss the sea, you two.", "Hi", "thanks"])
def test_characters_that_talk_among_themselves_do_not_repeat_a_line(cast: list[str], remark: str) -> None:
    for seed in range(4):
        history = [user(remark), said(cast[0], next_words(ask(cast[0], [user(remark)]), seed=seed))]
        for number in range(1, 6):
            name, before = cast[number % len(cast)], cast[(number - 1) % len(cast)]
            reply = next_words(ask(name, history, cue=Cue.DISCUSS), seed=seed)
            assert reply not in [message.text.replace(name, before) for message in history]
            assert "{" not in reply
            history.append(said(name, reply))


@pytest.mark.parametrize("name", CAST)
def test_character_that_goes_on_does_not_repeat_itself(name: str) -> None:
    history = [user("Tell me about the sea"), said(name, "It is wet.")]
    for _ in range(3):
        more = next_words(ask(name, history, cue=Cue.GO_ON), seed=1)
        assert more not in [message.text for message in history]
        history.append(said(name, more))


@pytest.mark.parametrize("remark", REMARKS)
@given(first=st.integers(0, 2**31 - 1), name=st.sampled_from(CAST))
def test_next_version_of_a_reply_has_another_line(remark: str, first: int, name: str) -> None:
    one, two, three = (next_words(ask(name, [user(remark)]), seed=first + number) for number in range(3))
    assert one != two != three
