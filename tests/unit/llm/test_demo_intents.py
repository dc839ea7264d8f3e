"""Intents of messages, typed or transcribed (lower case, without punctuation)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_llm.demo.intents import Intent, hear, refers_back, user_name
from tertulia_llm.demo.topics import Topic, topic_of

NAMES = ["Luna", "Rex", "Sage"]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("", Intent.OPENING),
        ("   \n", Intent.OPENING),
        ("Luna?", Intent.GREETING),
        ("Hello Luna!", Intent.GREETING),
        ("good evening everyone", Intent.GREETING),
        ("hello luna tell me a story about the sea", Intent.STORY),
        ("Rex, tell us a joke.", Intent.JOKE),
        ("What time is it?", Intent.TIME),
        ("what's the date today", Intent.TIME),
        ("will it rain tomorrow", Intent.WEATHER),
        ("My name is Jay.", Intent.INTRODUCTION),
        ("Do you remember my name?", Intent.RECALL_NAME),
        ("Are you a real person?", Intent.NATURE),
        ("are you an AI", Intent.NATURE),
        ("Is this a demo?", Intent.NATURE),
        ("I passed my exam!", Intent.FEELING_GOOD),
        ("who are you", Intent.WHO),
        ("Tell me about yourself", Intent.WHO),
        ("How are you, Sage?", Intent.HOW_ARE_YOU),
        ("What can you do?", Intent.HELP),
        ("Thank you, Luna", Intent.THANKS),
        ("okay goodbye", Intent.GOODBYE),
        ("What do you think about cats?", Intent.OPINION),
        ("Rex, do you like jazz?", Intent.OPINION),
        ("Why is the sky blue?", Intent.WHY),
        ("How do I bake bread?", Intent.HOW),
        ("tell me about mars", Intent.TELL),
        ("Is the moon made of cheese?", Intent.YES_NO),
        ("Where is Lisbon?", Intent.QUESTION),
        ("I feel sad today", Intent.FEELING_LOW),
        ("You are so funny", Intent.COMPLIMENT),
        ("I am happy", Intent.FEELING_GOOD),
        ("Yes", Intent.AGREE),
        ("no", Intent.DISAGREE),
        ("I went to the market", Intent.STATEMENT),
        ("What does Rex think of rain?", Intent.OPINION),
        ("What do you think about the old stories?", Intent.OPINION),
        ("can you hear me", Intent.HEARING),
        ("testing testing one two three", Intent.HEARING),
        ("I had a terrible day at work", Intent.FEELING_LOW),
        ("Do you feel lonely?", Intent.YES_NO),
        ("write me a poem about cats", Intent.REQUEST),
        ("Hallo, wie geht es dir?", Intent.FOREIGN),
        ("\u00bfQu\u00e9 tal?", Intent.FOREIGN),
        ("I do not agree with you", Intent.DISAGREE),
        ("How far away is the moon?", Intent.QUESTION),
        ("how many dogs are too many", Intent.QUESTION),
        ("Rex, you're an idiot.", Intent.RUDE),
        ("oh shut up", Intent.RUDE),
        ("I feel stupid", Intent.STATEMENT),
        ("lol", Intent.AMUSED),
        ("Hahaha!", Intent.AMUSED),
        ("\U0001f602", Intent.AMUSED),
        ("\U0001f62d", Intent.FEELING_LOW),
        ("?", Intent.HELP),
        ("Luna?!", Intent.GREETING),
        ("That was beautiful.", Intent.COMPLIMENT),
        ("wow", Intent.COMPLIMENT),
        ("How do I connect a real model?", Intent.CONNECT),
        ("can I use my own OpenAI key", Intent.CONNECT),
        ("Help me, please!", Intent.HELP),
        ("Can you help me plan a party?", Intent.REQUEST),
        ("great, what is the time", Intent.TIME),
        ("My boss yelled at me.", Intent.FEELING_LOW),
        ("Do you have a favourite movie?", Intent.OPINION),
    ],
)
def test_intent_of_a_message_is_recognized(text: str, intent: Intent) -> None:
    assert hear(text, names=NAMES).intent is intent


@pytest.mark.parametrize("text", ["And you, Rex?", "what about you", "Another one!", "one more please", "Luna, again"])
def test_remark_that_refers_to_the_message_before_is_recognized(text: str) -> None:
    assert refers_back(text, names=NAMES)


@pytest.mark.parametrize("text", ["", "Rex?", "And who are you?", "tell me another story", "no more", "thank you"])
def test_remark_with_a_meaning_of_its_own_does_not_refer_back(text: str) -> None:
    assert not refers_back(text, names=NAMES)


def test_question_for_a_number_is_not_answered_with_lines_about_its_topic() -> None:
    assert (hear("How far away is the moon?").topic, hear("How far away is the moon?").subject) == ("the moon", "")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("What is 2 plus 3?", "5"),
        ("what is two plus three", "5"),
        ("luna what is twenty one times two", "42"),
        ("12 / 5 =", "2.4"),
        ("How much is 10 - 4?", "6"),
        ("what is one divided by three", "0.333"),
        ("2+2", "4"),
        ("what is 7 divided by 0", "nothing at all, since nobody can divide by zero"),
    ],
)
def test_result_of_a_simple_sum_is_found(text: str, answer: str) -> None:
    heard = hear(text, names=NAMES)
    assert (heard.intent, heard.answer) == (Intent.ARITHMETIC, answer)


@pytest.mark.parametrize(
    "text",
    [
        "what is 2 plus 3 times 4",  # the order of the operations would matter
        "what is 2 plus 3 percent",
        "I bought 2 x 4 planks",  # not a question
        "what is 99999999999 plus 1",  # a number that is too large
        "the score was 10-4",
    ],
)
def test_message_with_any_other_sum_has_no_answer(text: str) -> None:
    assert hear(text, names=NAMES).answer == ""


@pytest.mark.parametrize(
    ("text", "phrase", "subject"),
    [
        ("What do you think about black holes?", "black holes", "sky"),
        ("what is up there tonight", "the night sky", "sky"),
        ("What does Rex think of rain?", "rain", "rain"),
        ("Tell me about my old dog, please.", "your old dog", "animals"),
        ("I love the sea", "the sea", "sea"),
        ("what is love", "love", "love"),
        ("do you like football", "football", ""),
        ("do you agree", "", ""),
    ],
)
def test_topic_of_a_message_is_found(text: str, phrase: str, subject: str) -> None:
    assert topic_of(text) == Topic(phrase, subject)


@pytest.mark.parametrize(
    "text",
    [
        "Can you hear me?", "I think we should go after Ed.", "What makes a good point?", "asdf qwer",
        "I think about <b> {user} 100%", "stop talking please", "Explain quantum entanglement",
    ],
)  # fmt: skip
def test_words_that_are_no_known_topic_are_not_said_again(text: str) -> None:
    assert hear(text, names=NAMES).topic == ""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is jay", "Jay"),
        ("hi, my name’s Zoë!", "Zoë"),
        ("call me Al please", "Al"),
        ("my name is not important", ""),
        ("what is my name", ""),
    ],
)
def test_user_name_is_found_in_a_message(text: str, name: str) -> None:
    assert user_name(text) == name


@given(st.text(max_size=300))
def test_every_text_has_an_intent(text: str) -> None:
    heard = hear(text, names=NAMES)
    assert len(heard.topic) <= 48
    assert not set("<>{}\n") & set(heard.topic)
