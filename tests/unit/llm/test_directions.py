from __future__ import annotations

import pytest

from tertulia_llm.text.sentences import SentenceSplitter
from tertulia_llm.text.spoken import SpeechState, speakable


def said(text: str) -> str:
    return speakable(text, SpeechState())[0]


@pytest.mark.parametrize(
    "direction",
    [
        "*laughs*", "(laughs)", "(laughs softly)", "[sighs]", "_smiles_", "**grins**", "*leans in, whispering*",
        "(笑)", "（笑）",
        "【叹气】", "[叹气]", "<laughs>", "<laughs softly>", "~giggles~", "[laughter]", "(laughing)", "(softly)",
        "(a long pause)",
        "[door creaks]", "[soft music]", "(she smiles)", "(Rex grins)", "(smiles and nods)",
        "(adjusts her glasses)",
        "(fluffs up her feathers)", "(winks at you)", "(in a soft voice)", "(*laughs*)", "*(laughs)*", "[*sighs*]",
        "(lacht)", "(lacht leise)", "(mit leiser Stimme)", "(seufzend)", "*lächelt verlegen*",
        "(ríe)", "(se ríe)", "(sonriendo)", "(en voz baja)", "(rit)", "(elle sourit)", "(à voix basse)",
        "(en riant)",
        "(ride)", "(sospira)", "(sottovoce)", "(ri)", "(suspirando)", "(em voz baixa)", "(lacht zachtjes)",
        "(glimlacht)",
        "(śmieje się)", "(wzdycha)", "(szeptem)", "(смеётся)", "(вздыхает)", "(тихо)", "(güler)", "(gülümseyerek)",
        "（微笑）", "（小声）", "（ため息）", "（照れながら）", "（轻声地笑了笑）", "(웃음)",
        "(giggles nervously, looking away)",
        "(with a smile)", "(in a whisper)", "(eyes widen)", "(snaps fingers)", "(se sonroja)", "(sourire)",
        "*~giggles~*",
        "(haalt zijn schouders op)", "（にっこり）", "（沉默片刻）", "((laughs))", "{sighs}", "(laughs!)",
        "[ laughs ]", "***laughs***", "__laughs__", "[SIGHS]", "(Laughs)",
    ],
)  # fmt: skip
def test_stage_direction_between_sentences_is_not_spoken_however_it_is_marked(direction: str) -> None:
    assert said(f"{direction} Hello there.") == "Hello there."
    assert said(direction) == ""
    sentences, _ = SentenceSplitter().feed(f"Well. {direction} Hello there.\n"), None
    assert [sentence.spoken for sentence in sentences] == ["Well.", "Hello there."]


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Oh (laughs) you are funny.", "Oh you are funny."),
        ("Hello there (sighs).", "Hello there."),
        ("Oh, [chuckles] you.", "Oh, you."),
        ("你好（笑），朋友。", "你好，朋友。"),
        ("ええ（苦笑）、そうですね。", "ええ、そうですね。"),
        ("Ja (lacht), genau.", "Ja, genau."),
        ("Hello~ nice~", "Hello nice"),
    ],
)
def test_stage_direction_within_a_sentence_is_not_spoken(written: str, spoken: str) -> None:
    assert said(written) == spoken


@pytest.mark.parametrize(
    "text",
    [
        "It is true (really).", "(really) it is.", "See [1] and [2].", "He wrote it (2024).",
        "She is (I think) right.",
        "(I think) so.", "I like fruit (apples, pears).", "It (looks good) to me.", "(smiles are free) they say.",
        "Ask him (or her).", "He is (was) tall.", "Hello [Name], how are you?",
        "It was (meaning the big one) heavy.",
        "Tokyo（東京）は大きい。", "彼（息子）は元気。", "Call me (maybe).", "(According to him.)", "(Yes!)",
        "(no)", "(this one)",
        "the list [a, b]", "f(x) and g(x)", "It cost (as always) much.", "Das (oder so) stimmt.",
        "Sí (claro) que sí.",
        "(cats and dogs) That is it.", "(for example, this) That is it.", "(seriously) That is it.",
        "(news) That is it.",
        "(thanks to you) we won.", "Sound (waves) travels.", "the end(s)", "Oui (bien sûr).",
    ],
)  # fmt: skip
def test_text_in_brackets_that_is_no_stage_direction_is_spoken(text: str) -> None:
    assert said(text) == text


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("It is _very_ good.", "It is very good."),
        ("It is **very** good.", "It is very good."),
        ("It is ~very~ good.", "It is very good."),
        ("**Smiles** are free.", "Smiles are free."),
        ("_Dune_ is a book.", "Dune is a book."),
        ("**Note** that well.", "Note that well."),
    ],
)
def test_emphasis_is_spoken(written: str, spoken: str) -> None:
    assert said(written) == spoken


@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("[", "]"), ("*", "*")])
def test_stage_direction_of_two_sentences_in_brackets_is_not_spoken(opening: str, closing: str) -> None:
    splitter = SentenceSplitter()
    sentences = splitter.feed(f"{opening}She laughs softly. Then she nods.{closing} Hello there. Bye.")
    sentences += splitter.finish()[0]
    assert [sentence.spoken for sentence in sentences] == ["Hello there.", "Bye."]
