"""Which texts only ask the characters to be quiet."""

from __future__ import annotations

import pytest

from tertulia_shared.stop_phrases import begins_with_stop, ends_with_withdrawal, is_plain_stop, is_withdrawal

NAMES = ("Luna", "Rex", "The Doctor", "さくら")

PLAIN = """
stop | wait | quiet | shut up | enough | never mind | hold on | Shhhhh. | Okay, okay, stop. | No, stop!
no no no stop | Rex, stop. | Please stop! | Stop, Doctor. | Would you please be quiet?
Thank you, that\u2019s enough. | Rex! Rex, stop it. | warte | Ruhe | sei still
Jetzt sei doch mal bitte still! | Luna, hör bitte auf. | para | basta | No, para. | ya basta | arrête
tais-toi | Arrête, s\u2019il te plaît. | ça suffit, merci | stai zitto | adesso basta | chega
Não, pare! | hou op | wees eens stil | stój | cisza | Przestań już mówić | dur | sus | Yeter artık!
стоп | хватит | замолчи, пожалуйста | 止めて | やめて | ストップ | さくらさん、ちょっと待ってください
停 | 别说了 | 安静 | 你们安静一下好吗 | Rex 停一下
"""
OTHER = """
don't stop | the bus stop | Stop the car story and tell me about trains. | Rex, stop teasing Sage.
Stop talking about trains. | Rex | no | but | please | Okay. | Thank you. | Wait, what?
wait for me at the station | Rex, be quiet. Luna, what do you think? | no para | não pare
nie przestawaj | non fermarti | hör nicht auf | ne t'arrête pas | 止めないで | 别停 | durma
не останавливайся | Warte auf mich. | Das Auto hält an. | para mí | はい | 不 | "" | ... | Sakura, stop
"""


def listed(table: str) -> list[str]:
    return [text.strip() for text in table.replace("\n", "|").split("|") if text.strip()]


@pytest.mark.parametrize("text", listed(PLAIN))
def test_stop_phrase_with_politeness_or_names_around_it_is_a_plain_stop(text: str) -> None:
    assert is_plain_stop(text, NAMES)
    assert begins_with_stop(text, NAMES)


@pytest.mark.parametrize("text", listed(OTHER))
def test_text_that_says_more_or_forbids_to_stop_is_no_plain_stop(text: str) -> None:
    assert not is_plain_stop(text, NAMES)


@pytest.mark.parametrize(
    "text", ["Stop the car story.", "Rex, wait, I meant you.", "okay stop and tell me about trains"]
)
def test_stop_phrase_at_the_beginning_is_found(text: str) -> None:
    assert begins_with_stop(text, NAMES)


@pytest.mark.parametrize("text", ["the bus stop", "don't stop", "tell me when to stop", "no para"])
def test_stop_phrase_after_other_words_is_not_a_beginning(text: str) -> None:
    assert not begins_with_stop(text, NAMES)


@pytest.mark.parametrize("text", ["gut", "na gut", "nic", "laat", "secondo", "está", "zamknij", "a second"])
def test_stop_phrase_without_its_particle_is_no_plain_stop(text: str) -> None:
    assert not is_plain_stop(text)


@pytest.mark.parametrize("text", ["schon gut", "nic już", "laat maar", "ya está", "zamknij się już", "just a second"])
def test_stop_phrase_with_its_particle_is_a_plain_stop(text: str) -> None:
    assert is_plain_stop(text)


def test_text_with_the_name_of_an_absent_character_is_no_plain_stop() -> None:
    assert is_plain_stop("Rex, stop", ("Rex",))
    assert not is_plain_stop("Rex, stop", ())


def test_long_text_of_stop_phrases_is_no_plain_stop() -> None:
    assert is_plain_stop("stop " * 40)
    assert not is_plain_stop("stop " * 41)


@pytest.mark.parametrize(
    "text",
    [
        "never mind",
        "Stop.",
        "Rex, forget it please",
        "vergiss es",
        "olvídalo",
        "laisse tomber",
        "boş ver",
        "算了",
        "no never mind",
        "Actually, forget it.",
        "Ach, vergiss es.",
        "Ay, olvídalo.",
        "Ah non, laisse tomber.",
        "Neyse, boş ver.",
        "やっぱりいい。",
    ],
)
def test_stop_phrase_that_cancels_the_words_before_it_is_a_withdrawal(text: str) -> None:
    assert is_withdrawal(text, NAMES)
    assert is_plain_stop(text, NAMES)


@pytest.mark.parametrize(
    "text", ["wait", "hold on", "einen Moment", "attends", "等等", "forget the rain", "and then stop"]
)
def test_request_to_wait_or_a_longer_text_is_no_withdrawal(text: str) -> None:
    assert not is_withdrawal(text, NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "Tell me a story. Stop.",
        "Where do you live? Never mind, Luna.",
        "Where do you live? Actually, never mind. Thanks.",
        "Wo wohnst du? Vergiss es!",
        "你住在哪里？算了。",
    ],
)
def test_last_sentence_takes_a_short_text_back(text: str) -> None:
    assert ends_with_withdrawal(text, NAMES)
    assert not is_plain_stop(text, NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "Stop.",
        "Where is the bus stop?",
        "Tell me a story stop",
        "It was cold. Wait.",
        'He said "Go away. Stop."',
        "I looked at her. And then stop.",
        "We went into the cave and waited for a long time until the light went out. Silence.",
    ],
)
def test_other_text_does_not_take_itself_back(text: str) -> None:
    assert not ends_with_withdrawal(text, NAMES)
