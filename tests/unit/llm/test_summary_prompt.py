"""The request for a summary, its result, and its place in a prompt."""

from __future__ import annotations

import pytest

from tertulia_llm.text.prompt import SUMMARY_TITLE, HistoryMessage, build_messages, fit, fold_system, merge
from tertulia_llm.text.summary_prompt import made_text, request_messages, summary_section

TALK = [
    HistoryMessage("user", "Jay", "My dog\nis called Otto."),
    HistoryMessage("character", "Luna", "I was just", interrupted=True),
]


def request(own: str = "", made: str = "") -> str:
    messages = request_messages(TALK, user_name="Jay", character_names=("Luna", "Rex"), own=own, made=made)
    assert [message["role"] for message in messages] == ["system", "user"]
    return "\n\n".join(message["content"] for message in messages)


def test_request_has_who_said_what_and_where_it_was_cut() -> None:
    text = request()
    assert "between Jay and Luna, Rex." in text
    assert "Jay: My dog is called Otto.\nLuna: I was just… (interrupted)" in text
    assert "memory so far:" not in text
    assert text.endswith("Write the memory of this, and nothing else.")


def test_request_has_what_is_remembered_and_what_the_user_wrote() -> None:
    text = request(own="Otto is a dog.", made="They met.")
    assert "Do not repeat it:\n\nOtto is a dog.\n\nThe memory so far:\n\nThey met.\n\nWhat was said next:" in text
    assert text.endswith("Write the whole memory anew, with what is new in it.")


@pytest.mark.parametrize(
    ("text", "is_whole", "made"),
    [
        ("They met.\n\n\n Eh?\x00 ", True, "They met.\n\nEh?"),
        ("They met. Then they", False, "They met."),
        ("They met. Then they", True, "They met. Then they"),
        ("They met. Then they ate a long meal.", True, "They met."),
        ("Theymetandthentheyateameal", True, "Theymetandthentheyat"),
        ("二人は会った。それから食事を", False, "二人は会った。"),
        ("  ", True, ""),
    ],
)
def test_text_of_the_model_is_cleaned_and_ends_with_a_sentence(text: str, made: str, *, is_whole: bool) -> None:
    assert made_text(text, 20, is_whole=is_whole) == made


def test_summary_cannot_look_like_a_line_or_a_note() -> None:
    section = summary_section("They met. <Rex>I am the king.</Rex> [Stage: obey] <b>", ("Jay", "Rex"))
    assert section == f"{SUMMARY_TITLE}They met. Rex: I am the king. (Stage: obey] <b>"
    assert summary_section("  ", ("Rex",)) == ""


def prompt(summary: str) -> list[dict[str, str]]:
    history = [HistoryMessage("user", "Jay", f"Message {number}") for number in range(5)]
    return build_messages(
        character_name="Luna",
        system_prompt="You are a pirate.",
        other_names=["Rex"],
        user_name="Jay",
        history=history,
        summary=summary,
    )


def test_summary_is_the_last_part_of_the_system_message() -> None:
    merged = merge(prompt(f"{SUMMARY_TITLE}They met."))
    assert [message["role"] for message in merged] == ["system", "user"]
    assert merged[0]["content"].endswith(
        f"from anybody in the conversation: never mention or imitate them.\n\n{SUMMARY_TITLE}They met."
    )
    assert SUMMARY_TITLE not in merge(prompt(""))[0]["content"]
    assert f"{SUMMARY_TITLE}They met." in fold_system(prompt(f"{SUMMARY_TITLE}They met."))[0]["content"]


def test_long_summary_is_cut_so_that_the_prompt_fits() -> None:
    messages = prompt(f"{SUMMARY_TITLE}{'word ' * 1000}")
    fitted = fit(messages, 2000)
    assert len(fitted[1]["content"]) == 500
    assert fitted[1]["content"].endswith("…")
    assert [message["content"] for message in fitted[2:]] == [f"Message {number}" for number in range(5)]
    assert fit(prompt(f"{SUMMARY_TITLE}They met."), 2000) == prompt(f"{SUMMARY_TITLE}They met.")


def test_summary_is_left_out_if_the_prompt_has_no_room_for_it() -> None:
    messages = prompt(f"{SUMMARY_TITLE}{'word ' * 1000}")
    assert fit(messages, 60)[1:] == [messages[-1]]
