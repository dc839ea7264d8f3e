from __future__ import annotations

from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_llm.text.prompt import HistoryMessage, Message, build_messages, fit, fold_system, merge


def prompt(*history: HistoryMessage, continuing: str = "", speaker: str = "Luna") -> list[Message]:
    return build_messages(
        character_name=speaker,
        system_prompt="You are a pirate.",
        other_names=["Bob"],
        user_name="Jay",
        history=history,
        continuing=continuing,
    )


def request(*history: HistoryMessage, continuing: str = "", speaker: str = "Luna") -> list[Message]:
    return merge(prompt(*history, continuing=continuing, speaker=speaker))


def user(text: str) -> HistoryMessage:
    return HistoryMessage("user", "Jay", text)


def reply(name: str, text: str, *, interrupted: bool = False) -> HistoryMessage:
    return HistoryMessage("character", name, text, interrupted)


def test_system_message_has_the_prompt_of_the_character_and_the_rules() -> None:
    system = request(user("Hi"))[0]
    assert system["role"] == "system"
    assert system["content"].startswith("You are a pirate.\n\nYou are Luna, in a spoken conversation with Jay")
    for part in ("Bob", "Stay in character", "<Luna>…</Luna>", "No stage directions"):
        assert part in system["content"]


def test_system_message_has_the_rules_even_without_other_characters_and_a_prompt() -> None:
    messages = build_messages(
        character_name="Luna", system_prompt=" ", other_names=[], user_name="Jay", history=[user("Hi")]
    )
    assert messages[0]["content"].startswith("You are Luna, in a spoken conversation with Jay.\n")


def test_replies_in_the_history_are_tagged_and_consecutive_messages_are_merged() -> None:
    messages = request(user("Hi"), reply("Luna", "Ahoy."), reply("Bob", "Hey."), user("You there?"), user("Hello?"))
    assert messages[1:] == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "<Luna>Ahoy.</Luna>\n\n<Bob>Hey.</Bob>"},
        {"role": "user", "content": "You there?\n\nHello?"},
    ]


def test_note_after_the_reply_of_another_character_names_the_next_speaker() -> None:
    messages = request(user("Hi"), reply("Bob", "Hey."))
    assert messages[-1] == {"role": "user", "content": "[Stage: it is Luna's turn to speak, as Luna only.]"}


def test_prompt_of_an_empty_history_ends_with_a_user_message() -> None:
    assert [message["role"] for message in request()] == ["system", "user"]
    assert "Luna speaks first" in request()[-1]["content"]


def test_interrupted_reply_is_marked_in_the_prompt() -> None:
    messages = request(user("Hi"), reply("Luna", "I was just", interrupted=True), user("Stop."))
    assert messages[2]["content"] == "<Luna>I was just…</Luna>"
    assert messages[3]["content"].startswith("[Jay broke in here")
    assert messages[3]["content"].endswith("\n\nStop.")
    unheard = request(user("Hi"), reply("Luna", "", interrupted=True), user("Stop."))
    assert "before Luna could say a word" in unheard[1]["content"]


def test_messages_without_text_are_left_out() -> None:
    assert request(user("Hi"), reply("Bob", " "), user("")) == request(user("Hi"))


def test_prompt_asks_the_model_to_continue_a_begun_reply() -> None:
    messages = request(user("Hi"), continuing="Ahoy, I was saying that the sea is deep. And ")
    assert messages[-2] == {"role": "assistant", "content": "<Luna>Ahoy, I was saying that the sea is deep. And"}
    assert messages[-1]["role"] == "user"
    assert "“Ahoy, I was saying that the sea is deep. And”" in messages[-1]["content"]
    assert "Do not repeat" in messages[-1]["content"]
    long = request(user("Hi"), continuing="word " * 50 + "end.")
    assert long[-1]["content"].count("word") < 15
    assert "word end.”" in long[-1]["content"]


ROLES: list[Literal["user", "character"]] = ["user", "character"]
HISTORIES = st.lists(
    st.builds(
        HistoryMessage,
        role=st.sampled_from(ROLES),
        name=st.sampled_from(["Luna", "Bob"]),
        text=st.text(alphabet="ab ", max_size=30),
        interrupted=st.booleans(),
    ),
    max_size=12,
)


def assert_sound(messages: list[Message]) -> None:
    roles = [message["role"] for message in messages]
    assert roles[0] == "system"
    assert roles[-1] == "user"
    assert all(role != following for role, following in pairwise(roles))
    assert all(message["content"].strip() for message in messages)


@given(history=HISTORIES, continuing=st.sampled_from(["", "I was"]))
def test_roles_alternate_between_a_first_and_last_user_message(history: list[HistoryMessage], continuing: str) -> None:
    messages = request(*history, continuing=continuing)
    assert_sound(messages)
    assert messages[1]["role"] == "user"


@given(history=HISTORIES, continuing=st.sampled_from(["", "I was"]), max_chars=st.integers(1, 2000))
def test_fit_keeps_the_required_messages_and_the_newest_ones(
    history: list[HistoryMessage], continuing: str, max_chars: int
) -> None:
    messages = prompt(*history, user("the question"), continuing=continuing)
    window = merge(fit(messages, max_chars))
    assert window[0] == messages[0]
    assert window[-1]["content"].endswith(messages[-1]["content"])
    assert any("the question" in message["content"] for message in window)
    assert_sound(window)
    if continuing:
        assert window[-2]["content"].endswith(messages[-2]["content"])
    length = sum(len(message["content"]) for message in messages)
    if max_chars >= length:
        assert window == merge(messages)


def test_fit_drops_whole_messages_oldest_first() -> None:
    messages = prompt(user("a" * 100), reply("Luna", "b" * 100), user("c" * 100), reply("Bob", "d" * 20), user("e"))
    system_chars = len(messages[0]["content"])
    window = fit(messages, system_chars + 150)
    assert [message["content"][:1] for message in window[1:]] == ["c", "<", "e"]
    narrow = fit(messages, system_chars + 50)
    assert [message["content"] for message in narrow[1:]] == ["e"]


def test_fit_keeps_the_users_last_message_rather_than_other_replies() -> None:
    messages = prompt(user("the question"), reply("Bob", "b" * 5000), reply("Ann", "c" * 5000))
    window = merge(fit(messages, 10))
    assert [message["role"] for message in window] == ["system", "user"]
    assert window[-1]["content"].startswith("the question\n\n[Stage: it is Luna's turn")


def test_fit_refuses_a_limit_of_zero() -> None:
    with pytest.raises(ValueError, match="limit"):
        fit(prompt(user("Hi")), 0)


def test_fit_drops_earlier_messages_of_the_user_that_were_not_answered() -> None:
    messages = prompt(*[user("old " * 50)] * 20, user("the question"))
    assert [message["content"] for message in merge(fit(messages, 10))[1:]] == ["the question"]


def test_fit_measures_messages_by_the_given_cost() -> None:
    messages = prompt(user("a"), reply("Luna", "b" * 500), user("c"))
    assert len(fit(messages, 4, lambda _: 1)) == 4
    assert [message["content"] for message in fit(messages, 3, lambda _: 1)[1:]] == ["c"]


def test_fold_system_puts_the_system_text_before_the_first_user_message() -> None:
    system, first, *rest = request(user("Hi"), reply("Luna", "Ahoy."), user("Where to?"))
    folded = fold_system([system, first, *rest])
    assert folded == [{"role": "user", "content": f"{system['content']}\n\nHi"}, *rest]
    assert [message["role"] for message in folded] == ["user", "assistant", "user"]


def test_fold_system_without_a_system_message_changes_nothing() -> None:
    turns = request(user("Hi"))[1:]
    assert fold_system(turns) == turns
