"""Reading a scene from the messages of a request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_llm.demo.scene import Line, Message, Role, read_scene
from tertulia_llm.text.prompt import HistoryMessage, build_messages


def worker_messages(name: str, *history: HistoryMessage, continuing: str = "", persona: str = "") -> list[Message]:
    """The messages that the llm worker sends."""
    built = build_messages(
        character_name=name,
        system_prompt=persona,
        other_names=[other for other in ("Luna", "Rex", "Sage") if other != name],
        user_name="Jay",
        history=history,
        continuing=continuing,
    )
    return [Message(message["role"], message["content"]) for message in built]  # type: ignore[arg-type]


def user(text: str) -> HistoryMessage:
    return HistoryMessage("user", "Jay", text)


def said(name: str, text: str, *, interrupted: bool = False) -> HistoryMessage:
    return HistoryMessage("character", name, text, interrupted)


@pytest.mark.parametrize("name", ["Luna", "Dr. Ana Ruiz", "luna", "R2-D2", "José", "小月"])
def test_scene_has_any_character_name_from_the_workers_prompt(name: str) -> None:
    scene = read_scene(worker_messages(name, user("Hi")))
    assert (scene.speaker, scene.user, scene.said) == (name, "Jay", "Hi")


@pytest.mark.parametrize(
    ("system", "speaker", "persona"),
    [
        ("You are Luna, a warm stargazer.", "Luna", "a warm stargazer"),
        ("You are Bruno Bianchi, a baker who loves your cat. Be brief.", "Bruno Bianchi", "a baker who loves my cat"),
        ("You are a helpful assistant.", "", "a helpful assistant"),
        ("You are talking. You are Mia's echo.", "Mia", ""),
        ("", "", ""),
    ],
)
def test_scene_has_the_character_name_from_prompts_of_other_clients(system: str, speaker: str, persona: str) -> None:
    scene = read_scene([Message("system", system), Message("user", "Hi")])
    assert (scene.speaker, scene.persona) == (speaker, persona)


def test_scene_separates_the_lines_of_the_speaker_from_those_of_others() -> None:
    scene = read_scene(
        worker_messages(
            "Sage", user("One"), said("Sage", "Mine."), user("Two"), said("Luna", "Hers."), said("Rex", "His.")
        )
    )
    assert scene.own == ("Mine.",)
    assert scene.said == "Two"
    assert scene.answers == (Line("Luna", "Hers."), Line("Rex", "His."))
    assert scene.lines_before == 5
    assert scene.begun is None


def test_stage_notes_do_not_count_as_lines() -> None:
    scene = read_scene(worker_messages("Rex", user("Hi"), said("Luna", "I was", interrupted=True), user("Wait, what?")))
    assert scene.said == "Wait, what?"
    opening = read_scene(worker_messages("Rex"))
    assert (opening.said, opening.lines_before) == ("", 0)


@pytest.mark.parametrize(
    "note",
    [
        "[Now Rex speaks.]",
        "(Rex)",
        "It's Rex's turn to speak.",
        "Speak now as Rex.",
        "Continue exactly where you stopped.",
    ],
)
def test_directions_of_other_clients_do_not_count_as_lines(note: str) -> None:
    assert (
        read_scene([Message("user", "Hi"), Message("assistant", "<Luna>Hello</Luna>"), Message("user", note)]).said
        == "Hi"
    )


@pytest.mark.parametrize(
    "ending",
    [
        [Message("assistant", "<Luna>Oh, hel")],
        [Message("assistant", "Oh, hel")],
        [Message("assistant", "<Rex>Hm.</Rex>\n\n<Luna>Oh, hel")],
        [Message("assistant", "<Luna>Oh, hel"), Message("user", "[Stage: continue Luna's reply, after “Oh, hel”.]")],
    ],
)
def test_unfinished_line_at_the_end_is_the_beginning_of_the_reply(ending: list[Message]) -> None:
    scene = read_scene([Message("system", "You are Luna, x."), Message("user", "Hi"), *ending])
    assert scene.begun == "Oh, hel"
    assert scene.own == ()


def test_assistant_message_without_tags_before_another_message_is_a_finished_line() -> None:
    scene = read_scene([Message("user", "Hi"), Message("assistant", "Hello there."), Message("user", "Bye")])
    assert (scene.begun, scene.own, scene.said) == (None, ("Hello there.",), "Bye")


def test_without_a_prompt_the_speaker_is_read_from_the_last_tag() -> None:
    assert read_scene([Message("user", "Hi"), Message("assistant", "<Rex>Well")]).speaker == "Rex"


ROLES: st.SearchStrategy[Role] = st.sampled_from(("system", "user", "assistant"))
TEXTS = st.text(max_size=80) | st.lists(
    st.sampled_from(["<Luna>", "</Luna>", "<Rex>", "</", "<", ">", "[", "]", "You are ", "Luna", " ", "\n\n", "hi."]),
    max_size=12,
).map("".join)


@given(st.lists(st.builds(Message, ROLES, TEXTS), max_size=8))
def test_scene_can_be_read_from_any_messages(messages: list[Message]) -> None:
    scene = read_scene(messages)
    assert scene.lines_before >= 0
    assert all(line.name for line in scene.answers)
