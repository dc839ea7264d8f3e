from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_llm.text.speaker_lines import MAX_SKIPPED_CHARS, SpeakerLines
from tertulia_llm.text.speaker_names import SpeakerNames

STAR = "It is a star."


def luna(before: str = "") -> SpeakerLines:
    return SpeakerLines("Luna Vega", others=["Bob", "José Ruiz", "Ana-Lea"], user="Jay", before=before)


def filtered(chunks: list[str], lines: SpeakerLines | None = None) -> tuple[str, bool]:
    lines = lines or luna()
    text = "".join([lines.feed(chunk) for chunk in chunks]) + lines.finish()
    return text, lines.cut


def at_every_split(text: str, before: str = "") -> tuple[str, bool]:
    """The result for `text`. Checks that it does not depend on the split of the stream."""
    whole = filtered([text], luna(before))
    for place in range(1, len(text)):
        assert filtered([text[:place], text[place:]], luna(before)) == whole, f"split at {place}"
    assert filtered(list(text), luna(before)) == whole
    return whole


# -- tags


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("<Luna Vega>Hello.</Luna Vega>", "Hello."),
        ("<Luna>Hello.</Luna>", "Hello."),
        ("<vega>Hello.</VEGA>", "Hello."),
        ("<Luna>: Hello.", "Hello."),
        ("\n<Luna Vega>\n\n  Hello.\n</Luna Vega>", "Hello.\n"),
        ("< Luna  Vega >Hello.</ luna vega >", "Hello."),
        ("<Luna>One.</Luna>\n<Luna>Two.</Luna>", "One.\nTwo."),
        ("Hello.</Bob>", "Hello."),
        ("Hi <Jay>, hello.", "Hi , hello."),
        ("  \n Hello.", "Hello."),
        ("Hello. ", "Hello. "),
        ("Hello.</Lu", "Hello."),  # the stream ends within the tag
    ],
)
def test_tags_are_removed_from_the_reply(written: str, kept: str) -> None:
    assert at_every_split(written) == (kept, False)


@pytest.mark.parametrize(
    "text",
    [
        "a < b and b > c", "I <3 you", "<div>hi</div>", "<", "x <", "<Lunar>", "<Lu", "1 <Luna", "</", "<>",
        "<Luna Vega Mars>", "<Luna=1>", "<<3", "Luna", "Lunar: the probe", "Vegan: yes", "** bold", "*", "(", "- one",
        "Hi. [1] says so", "One. *very* two", "“Well", "You are right: yes", "You: remember?", "system: lower case",
    ],
)  # fmt: skip
def test_text_that_resembles_a_tag_is_kept(text: str) -> None:
    assert at_every_split(text) == (text, False)


@pytest.mark.parametrize(
    "other", ["<Bob>", "<bob >", "<José Ruiz>", "<ruiz>", "<Jose Ruiz>", "< Ana-Lea>", "\n<Jay>", "</Luna> <Jay>"]
)
def test_reply_ends_before_the_tag_of_another_speaker(other: str) -> None:
    lines = luna()
    assert lines.feed(f"<Luna>Hello.{other}Hi all").rstrip() == "Hello."
    assert lines.cut
    assert lines.feed("</Bob><Luna>More") == ""
    assert lines.finish() == ""


# -- labels of other speakers

LABELS = [
    "Bob: Bah.", "Bob:Bah.", "BOB: Bah.", "bob: Bah.", "Bob : Bah.", "Bob\uff1aBah.", "Bob:\nBah.",
    "**Bob:** Bah.", "**Bob**: Bah.", "*Bob*: Bah.", "*Bob:* Bah.", "__Bob__: Bah.", "_Bob:_ Bah.", "***Bob:*** Bah.",
    "[Bob]: Bah.", "[Bob] Bah.", "[Bob:] Bah.", "**[Bob]** Bah.", "\u3010Bob\u3011Bah.", "(Bob): Bah.", "<Bob> Bah.",
    '"Bob": Bah.', "'Bob': Bah.", "`Bob`: Bah.", "Bob\u300cBah.\u300d",
    "Bob (laughing): Bah.", "Bob (laughing softly) : Bah.", "**Bob** (laughing): Bah.", "**Bob (laughing):** Bah.",
    "Bob [laughs]: Bah.", "Bob *laughing*: Bah.", "[Bob (laughs)]: Bah.",
    "- Bob: Bah.", "\u2014 Bob: Bah.", "> Bob: Bah.", "> **Bob:** Bah.",
    "Jay: I agree.", "Jay: remember?", "José Ruiz: Bah.", "Jose: Bah.", "Ruiz: Bah.", "Ana-Lea: Bah.", "Ana Lea: Bah.",
    "Ana\u2011Lea: Bah.", "Jose\u0301: Bah.", "\u200eBob: Bah.",
]  # fmt: skip
LINE_LABELS = [
    "# Bob\nBah.", "## **Bob**\nBah.", "**Bob**\nBah.", "BOB\nBah.",
    'Bob \u2014 "Bah."', "Bob - \u201cBah.\u201d", "User: Bah.", "Human: Bah.", "**User:** Bah.", "You: Bah.",
    "Narrator: Bah.", "System: Bah.",
]  # fmt: skip


@pytest.mark.parametrize("line", LABELS + LINE_LABELS)
@pytest.mark.parametrize("gap", ["\n", " \n  "])
def test_reply_ends_before_the_label_of_another_speaker(line: str, gap: str) -> None:
    kept, cut = at_every_split(f"{STAR}{gap}{line}\nLuna: More.")
    assert (kept.rstrip(), cut) == (STAR, True)


@pytest.mark.parametrize("line", LABELS)
@pytest.mark.parametrize(
    "said", [STAR, "A star!", "A star?", "A star\u2026", "\u201cA star.\u201d", "*smiles*", "A star \u2b50", "(laughs)"]
)
def test_reply_ends_before_the_line_of_another_speaker_within_a_line(line: str, said: str) -> None:
    kept, cut = at_every_split(f"{said} {line}")
    assert (kept.rstrip(), cut) == (said, True)


@pytest.mark.parametrize("line", ["雷克斯：哼。", "雷克斯: 哼。", "雷克斯「哼」", "【雷克斯】哼。", "**雷克斯：**哼。"])
@pytest.mark.parametrize("said", ["那是星星。", "那是星星！", "「那是星星。」", "那是星星。\n"])
def test_reply_ends_before_the_label_of_another_speaker_in_chinese(line: str, said: str) -> None:
    for chunks in ([said + line], list(said + line)):
        assert filtered(chunks, SpeakerLines("露娜", others=["雷克斯"], user="小杰")) == (said, True)
    assert filtered(["露娜：你好。\n露娜：再见。"], SpeakerLines("露娜", others=["雷克斯"], user="小杰")) == (
        "你好。\n再见。",
        False,
    )
    assert filtered(["雷克斯说：“哼”。"], SpeakerLines("露娜", others=["雷克斯"], user="小杰")) == (
        "雷克斯说：“哼”。",
        False,
    )


@pytest.mark.parametrize("other", ["רקס", "ريكس", "Рекс", "레크스", "Ρεξ", "रेक्स"])
def test_reply_ends_before_the_label_of_a_name_in_any_script(other: str) -> None:
    for gap in ("\n", " "):
        text = f"{STAR}{gap}{other}: 123."
        for chunks in ([text], list(text)):
            kept, cut = filtered(chunks, SpeakerLines("Luna", others=[other], user="Jay"))
            assert (kept.rstrip(), cut) == (STAR, True)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("The Doctor", "The Doctor"), ("The Doctor", "Doctor"), ("Dr. Watson", "Dr. Watson"), ("Dr. Watson",
        "Dr Watson"),
        ("Dr. Watson", "Watson"), ("Jean-Luc Picard", "Jean-Luc"), ("Jean-Luc Picard", "Jean Luc"),
        ("Jean-Luc Picard", "Picard"), ("Søren", "Søren"), ("C-3PO", "C-3PO"), ("O'Brien", "O\u2019Brien"),
        ("Mary Ann", "Mary  Ann"), ("Zoë", "Zoe"), ("STRAßE", "Strasse"),
    ],
)  # fmt: skip
def test_label_may_be_a_part_or_another_spelling_of_a_name(name: str, label: str) -> None:
    text = f"{STAR} {label}: No."
    for chunks in ([text], list(text)):
        kept, cut = filtered(chunks, SpeakerLines("Luna", others=[name], user="Jay"))
        assert (kept.rstrip(), cut) == (STAR, True)


@pytest.mark.parametrize(
    "text",
    [
        "Bob, you are wrong: it is a star.", "Bob! Listen: it is a star.", "As Bob said: no.",
        "Listen to Bob: he knows.",
        "I like Bob (the dog): he barks.", "Bob says: \u201cno\u201d.", "Bob laughs: no.", "Bob's view: no.",
        "Bob \u2014 you are wrong.", "Bob - no.", "Bob and José Ruiz: no.", "Bobby: no.", "Thanks, Bob :)", "Bob :D no",
        "Bob ;) no", "[Bob](https://example.org)", "*Bob* is right: yes.", "**Bob** is right.", "(Bob is loud: yes)",
        "\u201cBob: run!\u201d he cried.", "\u201cBob\u201d is a name: yes.", "Bob *laughs* and says: no.",
        "Bob.", "Bob",
        "The two:\n- Bob\n- Jay\n", "Who is it?\nBob\n",
        "Bob (he is a dog, and a good one, of the kind that we all like)",
        "Jay, remember: it is a star.", "At 5:30 Bob: no.", "me:you", "Bob://x", "users: many",
        "Hi. User: 5", "Hi. You: no",
    ],
)  # fmt: skip
def test_text_that_only_mentions_a_name_is_kept(text: str) -> None:
    for whole in (text, f"Well. {text}", f"Well.\n{text}"):
        assert at_every_split(whole) == (whole, False)


# -- the speaker's own labels


@pytest.mark.parametrize(
    "label",
    [
        "Luna:", "Luna Vega: ", "luna vega:\n", "**Luna:** ", "**Luna**: ", "<Luna>Luna: ", "Vega\uff1a", "_Luna:_",
        "[Luna] ", "[Luna]: ", "Luna (smiling): ", "**Luna (smiling):** ", "# Luna\n", "**Luna**\n\n",
        "LUNA\n", "- Luna: ",
        "Luna \u2014 ", "Assistant: ", "Luna: Luna: ", "Luna\n",
    ],
)  # fmt: skip
def test_speakers_own_label_at_the_beginning_is_removed(label: str) -> None:
    said = "\u201cHello.\u201d" if "\u2014" in label else "Hello."
    assert at_every_split(f"{label}{said}") == (said, False)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Luna: One.\nLuna: Two.\n\n**Luna:** Three.", "One.\nTwo.\n\nThree."),
        ("One. Luna: Two.", "One. Two."),
        ("I am Luna: hello.", "I am Luna: hello."),
        ("Luna, they call me: Luna.", "Luna, they call me: Luna."),
        ("*Luna smiles.* Hello.", "*Luna smiles.* Hello."),
    ],
)
def test_speakers_own_label_is_removed_at_the_beginning_of_any_line(written: str, kept: str) -> None:
    assert at_every_split(written) == (kept, False)


def test_line_of_another_speaker_at_the_beginning_is_dropped() -> None:
    assert at_every_split("Jay: Hello, Luna.\nBob: Woof.\nLuna: Hi, Jay.") == ("Hi, Jay.", False)
    assert at_every_split("<Jay>Hello.</Jay>\n<Luna>Hi.</Luna>") == ("Hi.", False)
    assert at_every_split("User: Hello.\nAssistant: Hi.\nUser: Bye.") == ("Hi.\n", True)
    assert at_every_split("Bob: Woof. What is it?") == ("", False)


def test_filter_stops_waiting_for_the_speaker_after_too_much_text_of_others() -> None:
    lines = luna()
    assert filtered(["Bob: Woof. ", *["and so on "] * MAX_SKIPPED_CHARS], lines) == ("", True)


def test_text_before_the_stream_decides_whether_a_label_can_begin_it() -> None:
    assert at_every_split("Bob: he knows.", before="Listen to ") == ("Bob: he knows.", False)
    assert at_every_split("Bob: he knows.", before="Hello.") == ("", True)
    assert at_every_split("Luna: he knows.", before="I think") == ("he knows.", False)
    assert at_every_split(" he knows. Bob: no", before="I think") == ("he knows. ", True)


def test_name_part_that_two_characters_share_belongs_to_the_speaker() -> None:
    lines = SpeakerLines("Ana Ruiz", others=["Ana Gil"])
    assert lines.feed("<Ana>Hello.</Ana>") == "Hello."
    assert lines.feed("<Ana Gil>Hello.") == ""
    assert lines.cut
    assert filtered(["Hi.\nAna: yes.\nAna Gil: no."], SpeakerLines("Ana Ruiz", others=["Ana Gil"])) == (
        "Hi.\nyes.\n",
        True,
    )


def test_title_alone_does_not_count_as_a_name() -> None:
    lines = SpeakerLines("Dr. Watson", others=["The Count"])
    assert lines.feed("a <the> b <dr.> c </Watson>") == "a <the> b <dr.> c "


def test_character_may_have_the_name_of_a_role() -> None:
    assert filtered(["Hi. Human: no"], SpeakerLines("Human", user="Jay")) == ("Hi. no", False)
    assert filtered(["Hi. Narrator: no"], SpeakerLines("Luna", others=["Narrator"])) == ("Hi. ", True)


# -- the delay


def test_text_is_delayed_only_while_it_may_become_a_tag_or_a_label() -> None:
    lines = luna()
    assert lines.feed("Lu") == ""
    assert lines.feed("ck ") == "Luck "
    assert lines.feed("is <") == "is "
    assert lines.feed("L") == ""
    assert lines.feed("i") == "<Li"
    assert lines.feed(" </Luna Vega") == " "
    assert lines.feed("s> on") == "</Luna Vegas> on"
    assert lines.feed("plain, Bob") == "plain, Bob"
    assert lines.feed(". ") == ". "
    assert lines.feed("B") == ""
    assert lines.feed("ut") == "But"
    assert lines.feed(". Bob") == ". "
    assert lines.feed(",") == "Bob,"


def test_amount_of_delayed_text_is_limited() -> None:
    for fed in ("<" + " " * 500, "Bob (" + "la" * 500, "*" * 500, "> " * 500):
        lines = luna()
        longest, shown = 0, 0
        for number, char in enumerate(f"x. {fed}", start=1):
            shown += len(lines.feed(char))
            longest = max(longest, number - shown)
        assert longest <= SpeakerNames("Luna Vega", others=["José Ruiz"], user="Jay").longest + 100


PARTS = [
    "<Luna>", "</Luna>", "<Luna Vega>", "<Bob>", "</Bob>", "<Jay>", "Luna", "Bob", "Jay", "José Ruiz", "You", ":", "**",
    "[", "]", "(", ")", "- ", "# ", ". ", "\n", " ", "<", ">", "/", "una", "Hello", "é", "<3", " " * 12, "。", "「",
    "\u2014", '"', "\uff1a", "\u200f", "...", "(laughs)", "*",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PARTS), max_size=15).map("".join)


@given(text=TEXTS, before=st.sampled_from(["", "Hello. ", "I think "]), data=st.data())
def test_result_does_not_depend_on_how_the_stream_is_split(text: str, before: str, data: st.DataObject) -> None:
    whole = filtered([text], luna(before))
    assert filtered(list(text), luna(before)) == whole
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    assert filtered([text[start:end] for start, end in pairwise([0, *cuts, len(text)])], luna(before)) == whole


@given(st.text(max_size=80).filter(lambda text: not text[:1].isspace()))
def test_text_without_names_is_not_changed(text: str) -> None:
    lines = SpeakerLines("Zyxwvut", others=["Qponmlk"])
    assert "".join(map(lines.feed, text)) + lines.finish() == text
