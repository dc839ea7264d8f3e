"""How a reply ends when the model server cuts, filters or refuses it, and when the model calls a tool."""

from __future__ import annotations

import pytest

from tertulia_llm.model.endings import Ending
from tertulia_llm.reply_ending import ends_whole, failure, warning
from tertulia_shared.events import MessageResumed, MessageStarted, Thinking
from tests.harness.llm import BreakAfter, Client, Say, Table
from tests.harness.virtual_time import virtual_time

HELLO = "Luna, hello!"
CLAUSE = "Well now, I was just counting all of the stars in the sky"


async def answered(*acts: Say | BreakAfter) -> tuple[Table, Client]:
    """Luna's answer if the model's next replies are `acts`."""
    table = Table()
    await table.set("Luna", "Rex")
    table.model.acts = list(acts)
    await table.say(HELLO)
    await table.work()
    client = await table.client()
    assert len(client.complete) == 1, "the turn ends once"
    client.check()
    return table, client


def codes(client: Client) -> tuple[list[str], list[str]]:
    """The codes of the warnings and the errors."""
    return [each.code for each in client.warnings], [each.code for each in client.errors]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Hello there. I was just count", "Hello there. "),
        ("Hello there! Do you see it? I th", "Hello there! Do you see it? "),
        ("Hello there. I see it.", "Hello there. I see it."),
        ("Hello there. \u201cI see it.\u201d", "Hello there. \u201cI see it.\u201d"),
        ("Hello there, I was just count", "Hello there, I was just count\u2026"),
        (f"{CLAUSE}, and then there was a", f"{CLAUSE}, and then there was a\u2026"),
    ],
)
@virtual_time
async def test_reply_cut_by_length_ends_at_its_last_whole_sentence(text: str, kept: str) -> None:
    table, client = await answered(Say(text, Ending.LENGTH))
    assert client.talk() == [("Luna", kept, "complete")]
    assert " ".join(client.speech()).split() == kept.split(), "what is spoken is what is shown"
    assert codes(client) == (["reply_cut"], [])
    assert "TERTULIA_LLM_MAX_TOKENS" in client.warnings[0].message
    assert len(table.model.requests) == 1, "not asked again"
    assert await table.rows() == [("Jay", HELLO, "complete"), ("Luna", kept, "complete")]


@virtual_time
async def test_filtered_reply_keeps_what_came_before() -> None:
    table, client = await answered(Say("Hello there. I was just", Ending.FILTERED))
    assert client.talk() == [("Luna", "Hello there. I was just", "complete")]
    assert codes(client) == (["reply_filtered"], [])
    assert len(table.model.requests) == 1


@pytest.mark.parametrize("ending", [Ending.REFUSED, Ending.TOOL_CALLS, Ending.COMPLETE])
@virtual_time
async def test_text_of_a_refusal_or_before_a_tool_call_is_the_reply(ending: Ending) -> None:
    _, client = await answered(Say("I cannot help with that.", ending))
    assert client.talk() == [("Luna", "I cannot help with that.", "complete")]
    assert codes(client) == ([], [])


@pytest.mark.parametrize(
    ("ending", "code", "words"),
    [
        (Ending.FILTERED, "llm_filtered", "content filter"),
        (Ending.REFUSED, "llm_refused", "refused"),
        (Ending.TOOL_CALLS, "llm_tool_call", "Tertulia offers none"),
        (Ending.LENGTH, "llm_no_text", "TERTULIA_LLM_MAX_TOKENS"),
    ],
)
@virtual_time
async def test_ending_without_text_fails_the_turn_at_once(ending: Ending, code: str, words: str) -> None:
    table, client = await answered(Say("", ending))
    assert client.talk() == []
    assert codes(client) == ([], [code])
    assert words in client.errors[0].message
    assert len(table.model.requests) == 1, "asking again would change nothing"


@virtual_time
async def test_empty_reply_is_asked_for_again_with_another_seed() -> None:
    table, client = await answered(Say(""), Say("Rex: Woof."), Say("Hello."))
    assert [text for _, text, _ in client.talk()] == ["Hello."]
    assert codes(client) == ([], [])
    assert len(set(table.model.seeds)) == 3


@virtual_time
async def test_model_that_writes_for_others_only_fails_with_these_words() -> None:
    table, client = await answered(*[Say("Rex: Woof. Woof.")] * 3)
    assert codes(client) == ([], ["llm_unavailable"])
    assert "nothing for Luna" in client.errors[0].message
    assert "Woof" not in str(client.shown)
    assert len(table.model.requests) == table.settings.llm_retries + 1


@virtual_time
async def test_line_of_another_character_ends_the_reply_and_is_not_kept() -> None:
    table, client = await answered(Say("Luna: It is a star. Rex: Bah, a star!\nLuna: Yes."))
    assert client.talk() == [("Luna", "It is a star. ", "complete")]
    assert client.speech() == ["It is a star."]
    assert (await table.rows())[1] == ("Luna", "It is a star. ", "complete")
    assert len(table.model.requests) == 1


@virtual_time
async def test_server_that_breaks_off_after_every_sentence_is_asked_a_bounded_number_of_times() -> None:
    line = " ".join(f"The wave {number} comes." for number in range(100))
    table = Table({"Luna": line})
    await table.set("Luna")
    table.model.acts = [BreakAfter(5)] * 100
    await table.say(HELLO)
    await table.work()
    client = await table.client()
    client.check()
    assert codes(client) == ([], ["llm_unavailable"])
    assert [status for _, _, status in client.talk()] == ["failed"]
    assert len(table.model.requests) == 4 * (table.settings.llm_retries + 1)


# -- thinking


@virtual_time
async def test_thinking_is_told_before_the_reply_and_stored_nowhere() -> None:
    table, client = await answered(Say("Hello there.", thinks=True))
    told = [event for _, event in client.events if isinstance(event, Thinking | MessageStarted)]
    (message_id,) = client.order
    assert [type(event) for event in told] == [Thinking, MessageStarted]
    assert told[0] == Thinking(message_id, client.complete[0], told[1].character_id, "Luna")
    assert await table.rows() == [("Jay", HELLO, "complete"), ("Luna", "Hello there.", "complete")]


@virtual_time
async def test_thinking_is_told_once_per_request() -> None:
    _, client = await answered(BreakAfter(3), Say("one. Two.", thinks=True))
    told = [type(event) for _, event in client.events if isinstance(event, Thinking | MessageStarted | MessageResumed)]
    assert told == [MessageStarted, MessageResumed, Thinking]


# -- the words


@pytest.mark.parametrize(
    "text", ["Yes.", "Yes! ", "Yes\u2026", "\u201cYes.\u201d", "*Yes.*", "\u662f\u3002", "Yes. \u2b50"]
)
def test_text_with_an_end_mark_is_whole(text: str) -> None:
    assert ends_whole(text)


@pytest.mark.parametrize("text", ["", "Yes", "Yes. No", "Yes,", "Yes: "])
def test_text_without_an_end_mark_is_not_whole(text: str) -> None:
    assert not ends_whole(text)


def test_only_a_cut_or_filtered_reply_has_a_warning() -> None:
    warned = {ending for ending in Ending if warning(ending, "Luna", 64)}
    assert warned == {Ending.LENGTH, Ending.FILTERED}


def test_only_an_empty_reply_is_worth_another_request() -> None:
    retryable = {ending for ending in Ending if failure(ending, "Luna", 64, spoke_for_others=False).retryable}
    assert retryable == {Ending.COMPLETE}
