"""A reply of Luna gives the floor to another character, to the user, or to no one."""

from __future__ import annotations

import pytest

from tertulia_llm.text.handover import Floor, floor_after

OTHERS = ["Rex", "Sage", "Ana Gil"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What do you say, Rex?", ["Rex"]),
        ("Rex, you were there. You saw it.", ["Rex"]),
        ("I love that. But Sage, is it true?", ["Sage"]),
        ("Tell me, Rex, is it so?", ["Rex"]),
        ("Rex and Sage, what do you two think?", ["Rex", "Sage"]),
        ("Your turn, Sage.", ["Sage"]),
        ("It is so blue. “And you, Ana?”", ["Ana Gil"]),
        ("Rex! Look at that.", ["Rex"]),
        ("Hm. What would Rex say?", ["Rex"]),
        ("Sage, is that so? Or is it as you say, Rex?", ["Rex"]),
        ("Jay and Rex, what now?", ["Rex"]),
        ("¿Qué piensas, Rex?", ["Rex"]),
        ("Was meinst du, Sage?", ["Sage"]),
        ("А ты что думаешь, Rex?", ["Rex"]),
    ],
)
def test_character_that_is_asked_gets_the_floor(text: str, expected: list[str]) -> None:
    assert floor_after(text, others=OTHERS, user="Jay") == Floor(tuple(expected))


@pytest.mark.parametrize(
    "text",
    [
        "So what do you think, Jay?",
        "Jay, are you still there? I hope so.",
        "Do you remember what Rex said, Jay?",
        "Rex, that was good. And you, Jay, what do you make of it?",
        "Et toi, Jay ?",
        "And what does Jay think?",
    ],
)
def test_user_that_is_asked_by_name_gets_the_floor(text: str) -> None:
    assert floor_after(text, others=OTHERS, user="Jay") == Floor(to_user=True)


@pytest.mark.parametrize(
    "text",
    [
        "As Rex said, it is a lie.",
        "I would ask Rex.",
        "Rex, Sage and I went fishing.",
        "Good night, Jay.",
        "Rex is right, and I love it.",
        "Is that what you meant?",
        "Is that what you meant, Luna?",
        "Would Jay like that?",
        "I put some sage into the soup. It was good.",
        "What do you say, Rex? No, wait. I know it. It was blue. It was green.",
        "Is it Rex's?",
        "",
    ],
)
def test_mentioned_name_gives_the_floor_to_nobody(text: str) -> None:
    assert floor_after(text, others=OTHERS, user="Jay") == Floor()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("そうだね。レックスさん、どう思う？", Floor(("レックス",))),
        ("レックスはどう？", Floor(("レックス",))),
        ("对啊。你觉得呢，小月？", Floor(("小月",))),
        ("ジェイさんはどう思いますか？", Floor(to_user=True)),
        ("レックスさんの話は面白い。", Floor()),
    ],
)
def test_floor_is_found_in_scripts_without_spaces(text: str, expected: Floor) -> None:
    assert floor_after(text, others=["レックス", "小月"], user="ジェイ") == expected


def test_full_stop_in_a_title_does_not_end_the_sentence() -> None:
    floor = floor_after("And you, Dr. House?", others=["Dr. House", "Rex"], user="Jay")
    assert floor == Floor(("Dr. House",))
