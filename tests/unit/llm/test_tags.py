from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_llm.text.tags import TagStripper


def luna() -> TagStripper:
    return TagStripper("Luna Vega", others=["Bob", "José Ruiz", "Ana-Lea"], user="Jay")


def stripped(chunks: list[str]) -> tuple[str, bool]:
    stripper = luna()
    text = "".join([stripper.feed(chunk) for chunk in chunks]) + stripper.finish()
    return text, stripper.cut


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("<Luna Vega>Hello.</Luna Vega>", "Hello."),
        ("<Luna>Hello.</Luna>", "Hello."),
        ("<vega>Hello.</VEGA>", "Hello."),
        ("\n<Luna Vega>\n\n  Hello.\n</Luna Vega>", "Hello.\n"),
        ("< Luna  Vega >Hello.</ luna vega >", "Hello."),
        ("<Luna>One.</Luna>\n<Luna>Two.</Luna>", "One.\nTwo."),
        ("Hello.</Bob>", "Hello."),
        ("Hi <Jay>, hello.", "Hi , hello."),
        ("  \n Hello.", "Hello."),
        ("Hello. ", "Hello. "),
        ("Hello.</Lu", "Hello."),  # the stream ended within the tag
    ],
)
def test_tags_are_removed(written: str, kept: str) -> None:
    assert stripped([written]) == (kept, False)


@pytest.mark.parametrize(
    "text",
    [
        "a < b and b > c", "I <3 you", "<div>hi</div>", "<", "x <", "<Lunar>", "<Lu", "1 <Luna", "</", "<>",
        "<Luna Vega Mars>", "<Luna=1>", "<<3", "Luna", "Lunar: the probe", "Bob: I hear you", "Vegan: yes",
        "It is so. Luna: hi", "****Luna: hi", "** bold", "*",
    ],
)  # fmt: skip
def test_other_text_passes(text: str) -> None:
    assert stripped([text]) == (text, False)
    assert stripped(list(text)) == (text, False)


@pytest.mark.parametrize(
    "prefix",
    ["Luna:", "Luna Vega: ", "luna vega:\n", "**Luna:** ", "**Luna**: ", "<Luna>Luna: ", "Vega\uff1a", "_Luna:_"],
)
def test_single_leading_name_is_dropped(prefix: str) -> None:
    assert stripped([f"{prefix}Luna: yes"]) == ("Luna: yes", False)
    assert stripped(list(f"{prefix}Luna: yes")) == ("Luna: yes", False)


@pytest.mark.parametrize(
    "other", ["<Bob>", "<bob >", "<José Ruiz>", "<ruiz>", "< Ana-Lea>", "\n<Jay>", "</Luna> <Jay>"]
)
def test_text_for_another_speaker_is_dropped(other: str) -> None:
    stripper = luna()
    assert stripper.feed(f"<Luna>Hello.{other}Hi all").rstrip() == "Hello."
    assert stripper.cut
    assert stripper.feed("</Bob><Luna>More") == ""
    assert stripper.finish() == ""


def test_shared_name_part_is_the_speakers() -> None:
    stripper = TagStripper("Ana Ruiz", others=["Ana Gil"])
    assert stripper.feed("<Ana>Hello.</Ana>") == "Hello."
    assert stripper.feed("<Ana Gil>Hello.") == ""
    assert stripper.cut


def test_title_alone_is_not_a_name() -> None:
    stripper = TagStripper("Dr. Watson", others=["The Count"])
    assert stripper.feed("a <the> b <dr.> c </Watson>") == "a <the> b <dr.> c "


def test_text_is_delayed_only_while_it_may_become_a_tag() -> None:
    stripper = luna()
    assert stripper.feed("Lu") == ""
    assert stripper.feed("ck ") == "Luck "
    assert stripper.feed("is <") == "is "
    assert stripper.feed("L") == ""
    assert stripper.feed("i") == "<Li"
    assert stripper.feed(" </Luna Vega") == " "
    assert stripper.feed("s> on") == "</Luna Vegas> on"
    assert stripper.feed("plain") == "plain"


def test_delayed_text_is_bounded() -> None:
    stripper = luna()
    fed = "<" + " " * 500
    assert "".join([stripper.feed(char) for char in f"x{fed}"]).startswith("x<")


TAGS = ["<Luna>", "</Luna>", "<Luna Vega>", "<Bob>", "</Bob>", "<Jay>", "Luna:", "**"]
PIECES = ["<", ">", "/", "L", "una", " ", "\n", "Hello", "é", "<3", ":", " " * 12]
TEXTS = st.lists(st.sampled_from(TAGS) | st.sampled_from(PIECES), max_size=15).map("".join)


@given(text=TEXTS, data=st.data())
def test_result_does_not_depend_on_stream_cuts(text: str, data: st.DataObject) -> None:
    whole = stripped([text])
    assert stripped(list(text)) == whole
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    assert stripped([text[start:end] for start, end in pairwise([0, *cuts, len(text)])]) == whole


@given(st.text(max_size=80).filter(lambda text: not text[:1].isspace()))
def test_text_without_names_passes_unchanged(text: str) -> None:
    stripper = TagStripper("Zyxwvut", others=["Qponmlk"])
    assert "".join(map(stripper.feed, text)) + stripper.finish() == text
