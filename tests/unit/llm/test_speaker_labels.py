"""Spellings of labels that models use, each at every split of the stream."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_llm.text.speaker_lines import SpeakerLines
from tertulia_llm.text.speaker_names import FoldedText

REPLY = "It is a star."


@given(st.text(st.sampled_from("aB1 .`-\n\t")))
def test_letter_beyond_ascii_does_not_change_how_the_text_before_it_is_folded(text: str) -> None:
    alone, longer = FoldedText.of(text), FoldedText.of(text + "\u00c9")
    assert longer.folded == alone.folded + "e"
    assert longer.starts == (*alone.starts, len(text) + 1)


def filtered(text: str, *others: str, speaker: str = "Luna", user: str = "Jay", before: str = "") -> tuple[str, bool]:
    """The filter's result for `text` and whether the reply was cut; the same for every split of the stream."""

    def result(*chunks: str) -> tuple[str, bool]:
        lines = SpeakerLines(speaker, others=others or ["Rex"], user=user, before=before)
        return "".join([lines.feed(chunk) for chunk in chunks]) + lines.finish(), lines.cut

    whole = result(text)
    for place in range(1, len(text)):
        assert result(text[:place], text[place:]) == whole, f"split at {place}"
    assert result(*text) == whole
    return whole


def kept_before(label: str, *others: str, gap: str = "\n") -> str | None:
    """The text of a reply that `label` follows; None if the label does not end the reply."""
    kept, cut = filtered(f"{REPLY}{gap}{label} Bah.", *others)
    return kept.rstrip() if cut else None


# -- abbreviations and initials before a name


@pytest.mark.parametrize(
    "text",
    [
        "I saw Dr. Rex: he waved.", "I met Mr. Rex: a clever man.", "Ask St. Rex: he knows.", "See J. Rex: a poet.",
        "It was me vs. Rex: a draw.", "I love T. Rex: a band.", "Ask e.g. Rex: he knows.", "I know J. R. Rex: a poet.",
        "I know J.R. Rex: a poet.", "Roe v. Rex: a case.", "Frag Hrn. Rex: er weiß es.", "Wie z.B. Rex: ein Hund.",
        "Ask (cf. Rex: no).", "I saw **Dr. Rex**: he waved.", "I saw Dr.Rex: he waved.", "Voici M. Rex: un chien.",
        "Pregunta al Sr. Rex: lo sabe.", "Это св. Rex: кот.", "I saw Dr.\u00a0Rex: he waved.", "I saw Dr. [Rex] there.",
    ],
)  # fmt: skip
def test_abbreviation_or_initial_before_a_name_is_no_sentence_end(text: str) -> None:
    assert filtered(text) == (text, False)


@pytest.mark.parametrize(
    "said",
    [
        "So do I.", "It is 5 p.m.", "Cats, dogs, etc.", "He lives at No. 5.", "Это я.", "It is over. Dr. Who is on TV.",
        "I said no.", "Call Luna Inc.",
    ],
)  # fmt: skip
def test_reply_ends_before_a_label_after_a_word_that_only_resembles_an_abbreviation(said: str) -> None:
    assert filtered(f"{said} Rex: Bah.") == (f"{said} ", True)


def test_abbreviation_before_a_resumed_stream_is_no_sentence_end() -> None:
    assert filtered("Rex: he waved.", before="I saw Dr.") == ("Rex: he waved.", False)


# -- forms of a name

DOCTOR = "Dr. José Álvarez"
CAPTAIN = "Captain Jean-Luc Picard"


@pytest.mark.parametrize(
    ("name", "form"),
    [
        *((DOCTOR, form) for form in (
            "Dr. José Álvarez", "Dr José Álvarez", "José Álvarez", "Jose Alvarez", "Dr. Álvarez", "Dr Álvarez",
            "DR. ÁLVAREZ", "Dr.Álvarez", "Dr. José", "José", "Álvarez", "Dr. J. Álvarez", "J. Álvarez",
            "Prof. Dr. Álvarez",
        )),
        *((CAPTAIN, form) for form in (
            "Captain Picard", "Jean-Luc Picard", "Jean Luc Picard", "Captain Jean-Luc", "Picard", "Jean-Luc",
            "CAPTAIN PICARD",
        )),
        ("Sherlock Holmes", "Mr. Holmes"), ("Sherlock Holmes", "Mr Holmes"), ("Sherlock Holmes", "M. Holmes"),
        ("Vincent van Gogh", "van Gogh"), ("The Old Man", "Old Man"), ("The Doctor", "Doctor"), ("HAL 9000", "HAL"),
        ("Rex (the dog)", "Rex"), ("Arthur Ignatius Conan Doyle of Edinburgh", "Conan Doyle"), ("Anna, the Queen",
        "Anna"),
        ("Łukasz", "Lukasz"), ("Bjørn", "Bjorn"), ("Ægir", "Aegir"), ("Đorđe", "Dorde"), ("Lukasz", "Łukasz"),
        ("ジョン・スミス", "スミス"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("shape", ["{}:", "**{}:**", "[{}]", "<{}>", "🐶 {}:"])
def test_reply_ends_before_any_form_of_a_name(name: str, form: str, shape: str) -> None:
    assert kept_before(shape.format(form), name) == REPLY
    own = "<{0}>Hello.</{0}>" if shape == "<{}>" else f"{shape} Hello."
    assert filtered(own.format(form), speaker=name) == ("Hello.", False)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("HAL 9000", "I counted.\n9000: that many."), ("HAL 9000", "I counted. **9000:** That many."),
        ("Courtney Love", "Two things. Love: it hurts."), ("Courtney Love", "Two things. Love: 3."),
        ("The Old Man", "One rule. Man: the measure."), (CAPTAIN, "Aye.\nCaptain: a rank."),
        (DOCTOR, "Hm.\nDr.: a title."),
        ("Vincent van Gogh", "I say.\nVan: a car."), ("Rex (the dog)", "I say.\nThe dog: an animal."),
        ("Rex", "I say.\nDr. Rexona: no."), ("Rex", "I say.\nDr. No: a film."), ("Rex", "Who is Dr. Rex: a poet?"),
    ],
)  # fmt: skip
def test_number_title_or_common_word_of_a_name_is_text(name: str, text: str) -> None:
    assert filtered(text, name) == (text, False)


@pytest.mark.parametrize("label", ["Love: No.", "Love: “no”", "**Love:** no", "[Love]: no", "Love (laughing): no"])
def test_last_part_of_a_name_within_a_line_is_a_label_before_speech_or_with_marks(label: str) -> None:
    assert filtered(f"Two things. {label}", "Courtney Love") == ("Two things. ", True)


def test_first_or_whole_name_within_a_line_is_a_label() -> None:
    assert filtered("Two things. Courtney: it hurts.", "Courtney Love") == ("Two things. ", True)
    assert filtered("Two things. Courtney Love: it hurts.", "Courtney Love") == ("Two things. ", True)


def test_whole_name_belongs_to_its_bearer_though_another_name_contains_it() -> None:
    assert filtered("Hello.\nAna Gil: Bah.", "Ana Gil", speaker="Ana Ruiz Gil") == ("Hello.\n", True)
    assert filtered("Hello.\nAna: Bye.", "Ana Gil", speaker="Ana Ruiz") == ("Hello.\nBye.", False)


# -- spellings


@pytest.mark.parametrize(
    "label",
    [
        "🐶 Rex:", "🐶Rex:", "**🐶 Rex:**", "🐶 **Rex**:", "👨\u200d🚀 Rex:", "❤\ufe0f Rex:", "🐶 [Rex]", "`Rex:`",
        "`Rex`:",
        "<b>Rex:</b>", "<b>Rex</b>:", "<strong>Rex:</strong>", "<em>Rex</em>:", "**<b>Rex</b>**:", "Rex \uff1a",
        "《Rex》:", "〈Rex〉:", "Rex 🐶:", "Rex🐶:", "**Rex 🐶:**", "**Rex** 🐶:", "„Rex“:", "‘Rex’:", "▶ Rex:",
        "→ Rex:",
    ],
)  # fmt: skip
@pytest.mark.parametrize("gap", ["\n", " "])
def test_marks_before_a_name_belong_to_its_label(label: str, gap: str) -> None:
    assert kept_before(label, gap=gap) == REPLY
    kept, cut = filtered(f"{label.replace('Rex', 'Luna')} Hello.")
    assert (kept, cut) == ("Hello.", False)


@pytest.mark.parametrize(
    "label",
    [
        "1. Rex:", "(1) Rex:", "[12:03] Rex:", "[1:02:03] **Rex**:", "2) Rex:", "12. **Rex:**", "《Rex》", "〈Rex〉",
        "Rex>", "Rex>>", "[Rex's turn]", "<b>Rex</b>\n",
        "**🐶 Rex**\n",
        "user:", "User:", "human:", "USER:", "<user>", "<User>", "<Human>", "**user:**", "用户：", "用戶：",
        "ユーザー：",
        "사용자:", "Usuario:", "Utilisateur :", "Benutzer:", "Пользователь:",
    ],
)  # fmt: skip
def test_reply_ends_before_a_label_that_needs_its_own_line(label: str) -> None:
    assert kept_before(label) == REPLY


@pytest.mark.parametrize(
    "label",
    ["1. Luna: ", "Luna> ", "《Luna》", "Luna's reply: ", "Luna\u2019s response:\n", "**Luna's answer:** ",
    "assistant: ",
     "<assistant>", "助手：", "アシスタント：", "🌙 Luna: ", "🌙Luna: "],
)  # fmt: skip
def test_own_label_in_any_spelling_is_removed(label: str) -> None:
    assert filtered(f"{label}Hello.") == ("Hello.", False)
    assert filtered(f"Hi.\n{label}Hello.") == ("Hi.\nHello.", False)


def test_closing_tag_of_a_role_is_removed() -> None:
    assert filtered("<assistant>Hello.</assistant>") == ("Hello.", False)
    assert filtered("<user>Hello.</user>\n<assistant>Hi.</assistant>") == ("Hi.", False)


@pytest.mark.parametrize("end", [".", "!", "?", "…", "..."])
def test_label_may_follow_a_sentence_without_a_space(end: str) -> None:
    assert filtered(f"Hi{end}Rex: Bah.") == (f"Hi{end}", True)
    assert filtered(f"Hi{end}Jay: Bah.") == (f"Hi{end}", True)
    assert filtered(f"Hi{end}Luna: Bye.") == (f"Hi{end} Bye.", False)
    assert filtered(f"Rex: Bah{end}Luna: Hi.") == ("Hi.", False)


@pytest.mark.parametrize("end", ["।", "॥", "؟", "۔", "።"])
def test_reply_ends_before_a_label_after_the_sentence_end_of_any_script(end: str) -> None:
    assert filtered(f"नमस्ते{end} रेक्स: नहीं", "रेक्स") == (f"नमस्ते{end} ", True)
    assert filtered(f"नमस्ते{end}रेक्स: नहीं", "रेक्स") == (f"नमस्ते{end}", True)


@pytest.mark.parametrize(
    "text",
    [
        "Rex > Sage in age.", "Rex>=3 holds.", "Hi.\nRex > all.", "Look at example.rex: a file.", "Hi.Rexona: no.",
        "Hi.Rex, no: yes.",
        "See 《Rex》 tonight.", "See it. 《Rex》 is a film.", "1. Rexona is a brand.", "1.5 km: far.", "[12:0", "(1",
        "1:30", "[1] Rexona.", "1. **Rex**\n2. **Sage**\n", "1. REX\n", "12", "1.",
        "3 dogs: Rex and Sage.",
        "🐶", "🐶 is a dog.", "Hi! 🎉 Really?", "<b>Hello</b>, Jay.", "<b>", "<str",
        "Hi.\n<strong>Note:</strong> Rex is here.", "<div>Rex</div>",
        "Jay's answer: wrong!", "Rex's turn: roll the dice.", "Hi.\nLuna's view: no.", "Hi. Luna's reply: no.",
        "The tag <user> is removed.", "Hi, user: name.", "Say </user> to end it.", "system: lower case",
        "narrator: lower case",
        "users: many", "Rex \u2192 Sage: hm", "Ask the user: he knows.", "“Rex: run!” he cried.",
        "'Rex: run!' he cried.", "\u2019Rex: run!\u2019",
        "`code`: yes", "Miss you: bye.", "Doctor: a title.", "King: a rank.", "Dr", "Dr.", "Mr. ", "Uncle",
    ],
)  # fmt: skip
def test_text_that_resembles_a_label_is_kept(text: str) -> None:
    for whole in (text, f"Well.\n{text}"):
        assert filtered(whole, "Rex", "Sage") == (whole, False)


@pytest.mark.parametrize(
    "word",
    [
        "I", "He", "Her", "Do", "Don", "La", "Le", "Un", "Si", "Mi", "Ma", "So", "The", "It", "She", "We",
        "You", "A", "And", "But", "My", "This", "Ich", "Er", "Der", "Yo", "El", "Il", "Je", "Elle", "Ja", "No",
        "Yes", "What", "How", "Oh", "Well", "Hmm", "Please", "In", "On", "Of", "Let", "Is", "Are", "Can", "2",
        "12",
    ],
)  # fmt: skip
def test_first_word_of_a_sentence_that_resembles_no_name_is_not_delayed(word: str) -> None:
    lines = SpeakerLines("Zora", others=["Rex", "Captain Quinn", "Dr. Xu"], user="Kay")
    assert lines.feed("Hello there.") == "Hello there."
    assert lines.feed(f" {word}") == f" {word}"


PARTS = [
    "Dr", ".", " ", "José", "Álvarez", "J", ":", "\n", "**", "<b>", "</b>", "<str", "ong>", "🐶", "1", ")", ">", "`",
    "《", "》", "'s", " reply",
    "→", ":0", "[1", "2]", "(", "„", "Luna", "user", "<user>", "</user>", "Mr", "Love", "Courtney", "I", "e.g", "!",
    "a", "A", "“", "[", "]", "用户",
    "：", "।",
]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join), st.sampled_from(["", "Hello. ", "I saw Dr."]))
def test_result_does_not_depend_on_how_the_stream_is_split(text: str, before: str) -> None:
    filtered(text, DOCTOR, "Courtney Love", before=before)


def test_name_of_any_characters_is_accepted() -> None:
    for name in (
        "...",
        "(x)",
        "()",
        "9000",
        "-",
        "A",
        "Dr.",
        "of the",
        "\u200b",
        "m",
        "<",
        "**Rex**",
        "a b c d e f g h i",
    ):
        assert filtered("Hello there.", name, speaker=name)[0] == "Hello there."
