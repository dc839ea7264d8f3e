from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_llm.text.spoken import SpeechState, speakable


def said(text: str) -> str:
    return speakable(text, SpeechState())[0]


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("**Hello** there", "Hello there"),
        ("***wow*** and __so__ and _it_ and ~~that~~", "wow and so and it and that"),
        ("**Name**: hi", "Name: hi"),
        ("very**bold**word", "veryboldword"),
        ("unfinished **bold", "unfinished bold"),
        ("# A title\n", "A title"),
        ("> quoted\n", "quoted"),
        ("- item\n", "item"),
        ("* item *one*\n", "item one"),
        ("- [x] done\n", "done"),
        ("1. Wash it.", "1. Wash it."),
        ("| a | b |\n|---|:-:|\n| c | d |\n", "a, b c, d"),
        ("a [link](https://example.com/x) here", "a link here"),
        ("see ![a cat](cat.png) now", "see now"),
        ("<b>Bold</b> and<br/>new <a href='x'>line</a> <!-- secret -->", "Bold and new line"),
        ("x &amp; y &lt; z", "x & y < z"),
        ("use `len` here", "use len here"),
        ("\\*real\\* asterisks", "*real* asterisks"),
        ("  much \n\n space\t", "much space"),
    ],
)
def test_markup_is_not_spoken(written: str, spoken: str) -> None:
    assert said(written) == spoken


@pytest.mark.parametrize(
    "text",
    [
        "5 * 3 * 2 is 30", "5*3*2", "2**3", "snake_case names", "C# and F#", "it's O'Brien's", "a < b and b > c",
        "I <3 you", "f*ck", "20 % of 5 €", "-5 degrees", "AT&T", "R&D; fine", "rock 'n' roll", "50/50", "Acme™, Foo®",
        "a|b", "ex-wife", "x = y + z", "¿Qué?", "क्षत्रिय", "می‌خواهم",
    ],
)  # fmt: skip
def test_text_that_resembles_markup_is_spoken(text: str) -> None:
    assert said(text) == text


@pytest.mark.parametrize(
    "emoji", ["😊", "👍🏽", "👨‍👩‍👧", "🇪🇸", "1️⃣", "❤️", "❤", "✨✨", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🤷‍♀️", "™️", "➡️", "←", "⭐", "\ufe0f"]
)
def test_emoji_are_not_spoken(emoji: str) -> None:
    assert said(f"Nice {emoji} day{emoji}!") == "Nice day!"
    assert said(emoji) == ""


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Look at https://example.com/a.b?c=d.", "Look at example.com."),
        ("Look (www.example.com/x), please", "Look (example.com), please"),
        ("<https://example.com> is it", "example.com is it"),
        ("[https://example.com](https://example.com)", "example.com"),
        ("例：https://example.com」です", "例：example.com」です"),
        ("Look at http://localhost:8080/x now", "Look at now"),
    ],
)
def test_address_is_spoken_as_its_host(written: str, spoken: str) -> None:
    assert said(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("*smiles* Hello.", "Hello."),
        ("*leans in closer* you know, I like it.", "you know, I like it."),
        ("*waves* *smiles* Hi.", "Hi."),
        ("*Her eyes light up.* Really?", "Really?"),
        ("Oh, *laughs* you are funny.", "Oh, you are funny."),
        ("Hello there *waves*", "Hello there"),
        ("*sighs*, well.", "well."),
        ("*smiles*", ""),
        ('"Hi!" *the door opens*', '"Hi!"'),
        ("I am *very* sure.", "I am very sure."),
        ("I *really mean* it.", "I really mean it."),
        ("*Nobody* knows that.", "Nobody knows that."),
        ("*very* good point.", "very good point."),
        ("**Smiles** are free.", "Smiles are free."),
        ("2 * 3 = *six*", "2 * 3 = six"),
    ],
)
def test_stage_directions_are_not_spoken_and_emphasis_is_spoken(written: str, spoken: str) -> None:
    assert said(written) == spoken


def in_sequence(*texts: str) -> list[str]:
    state, spoken = SpeechState(), list[str]()
    for text in texts:
        part, state = speakable(text, state)
        spoken.append(part)
    return spoken


def test_code_block_stays_open_across_many_pieces() -> None:
    assert in_sequence("Look: ```py\n", "x = 'a. ", "b'\n", "``` Done. ", "Bye.") == ["Look:", "", "", "Done.", "Bye."]
    assert in_sequence("````\n", "```\n", "still code\n", "````\n", "Text.") == ["", "", "", "", "Text."]
    assert in_sequence("~~~\n", "```\n", "~~~\n", "Text.") == ["", "", "", "Text."]


def test_open_stage_direction_ends_at_its_asterisk_its_line_or_the_maximum_length() -> None:
    assert in_sequence("*He nods. ", "Twice.* Hello.") == ["", "Hello."]
    assert in_sequence("*He nods. ", "Twice.\n", "Hello.") == ["", "", "Hello."]
    assert in_sequence("*He nods. ", "x" * 239, "Hello.") == ["", "x" * 239, "Hello."]


def test_emphasis_that_is_split_between_two_pieces_is_spoken() -> None:
    assert in_sequence("**Wow. ", "Great.** Yes.") == ["Wow.", "Great. Yes."]
    assert in_sequence("I *mean it. ", "Really.* Yes.") == ["I mean it.", "Really. Yes."]


def test_address_that_continues_in_the_next_piece_is_spoken_once() -> None:
    assert in_sequence("See https://example.com/abc", "def?g=h now.") == ["See example.com", "now."]
    assert in_sequence("See https://example.com/abc ", "now.") == ["See example.com", "now."]


def test_markup_of_lines_counts_only_at_the_start_of_a_line() -> None:
    assert in_sequence("Is it 5? ", "> 3, I mean.") == ["Is it 5?", "> 3, I mean."]
    assert in_sequence("It is. ", "\n", "- one\n") == ["It is.", "", "one"]


@given(st.lists(st.text(alphabet="ab .*_`~#>|-!?[]()<>/:\n\\&;1é今👍‍️", max_size=40), max_size=6))
def test_spoken_text_is_empty_or_one_line_with_a_letter_or_digit(texts: list[str]) -> None:
    for spoken in in_sequence(*texts):
        assert spoken == " ".join(spoken.split())
        assert not spoken or any(char.isalnum() for char in spoken)
        assert "👍" not in spoken
