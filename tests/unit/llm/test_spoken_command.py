"""Which spoken texts are commands."""

from __future__ import annotations

import pytest

from tertulia_llm.text.spoken_command import Command, spoken_command

NAMES = ("Luna", "Rex", "Old Sage")

COMMANDS = {
    "again": (
        "Say that again.", "say it again please", "Could you repeat that, please?", "Luna, say that once more.",
        "Sorry, I didn't catch that. Say it again?", "Can you just repeat what you said, Luna?",
        "Kannst du das bitte noch einmal sagen?", "Wiederhol das!", "Entschuldigung, sag das nochmal.",
        "¿Puedes repetirlo, por favor?", "Dilo otra vez.", "Répète, s'il te plaît.", "Tu peux répéter ?",
        "Puoi ripetere?", "Dillo di nuovo, per favore.", "Diz isso outra vez, por favor.", "Pode repetir?",
        "Zeg dat nog eens, alsjeblieft.", "Możesz powtórzyć?", "Powiedz to jeszcze raz.", "Bir daha söyler misin?",
        "Повтори, пожалуйста.", "Скажи это ещё раз!", "もう一度言ってください。", "请再说一遍。",
    ),
    "differently": (
        "Say that differently.", "Can you put it another way?", "Rephrase that, please.",
        "Luna, give me another answer.", "Sag das mal anders.", "Drück es bitte anders aus.",
        "Dilo de otra manera.", "Dis-le autrement.",
        "Dillo in un altro modo.", "Diz isso de outra forma.", "Zeg het anders.", "Powiedz to inaczej.",
        "Başka türlü söyle.", "Скажи это по-другому.", "言い換えてください。", "换个说法。",
    ),
    "scratch": (
        "Scratch that.", "Wait, scratch that!", "Forget what I just said.", "Ignore my last message, please.",
        "Streich das.", "Vergiss, was ich gesagt habe.", "Borra lo que dije.", "Oublie ce que je viens de dire.",
        "Dimentica quello che ho detto.", "Esquece o que eu disse.", "Vergeet wat ik zei.", "Wykreśl to.",
        "Son mesajımı sil.", "Забудь то, что я сказал.", "今のは取り消して。", "忽略我刚才说的话。",
    ),
}  # fmt: skip

MESSAGES = (
    "Say that again and I will leave.", "Don't say that again.", "Never say that again!", "He told me to say it again.",
    "Why did you say that again?", "Say that again to Rex in the morning.", "What does say that again mean?",
    "I say it again and again.", "You could say that again later.", "Please repeat the story of the fox.",
    "Repeat after me: I am brave.", "Say it again, Sam is a film.", "Luna and Rex, say that again.", "Again?",
    "Once more unto the breach.", "Say something else.", "Say that you love me.", "Tell me the story again.",
    "Say that differently colored birds exist.", "People say that differently in Scotland.",
    "I would do it differently.",
    "How would you put that in a letter?", "Give me another answer to the riddle of the sphinx.",
    "Is there another way?", "Put it another way, we lost.", "Try again.", "Scratch that itch for me.",
    "My cat will scratch that chair.", "Scratch my back.", "Forget what I said about Tom, he is nice.",
    "Did you forget what I said?", "I never forget what I said.", "Forget it.", "Never mind.", "Take that back!",
    "You should strike that match.", "Ignore the noise.", "Delete the file.", "Undo your coat.",
    "Sag das nicht noch einmal.", "Sag das noch einmal deiner Mutter.", "Das sagst du noch mal anders als gestern.",
    "Vergiss nicht, was ich gesagt habe.", "Streich das Brot mit Butter.", "No repitas eso.", "No repite eso nunca.",
    "No lo digas otra vez.", "Não repita isso.", "Ne répète pas ça.", "Non ripetere.", "Herhaal dat niet.",
    "Nie mów tego jeszcze raz.", "Bir daha söyleme.", "Не повторяй это.", "もう言わないで。", "别再说一遍。", "",
    "...", "Luna?",
)  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in COMMANDS.items() for text in texts])
def test_command_in_each_language(kind: str, text: str) -> None:
    command = spoken_command(text, NAMES)
    assert command is not None
    assert command.kind == kind
    assert command.name == ("Luna" if "Luna" in text else "")


@pytest.mark.parametrize("text", MESSAGES)
def test_message_with_such_words_is_no_command(text: str) -> None:
    assert spoken_command(text, NAMES) is None


def test_name_may_be_one_word_of_a_longer_one() -> None:
    assert spoken_command("Sage, say that again.", NAMES) == Command("again", "Old Sage")


def test_unknown_name_makes_it_a_message() -> None:
    assert spoken_command("Bob, say that again.", NAMES) is None
