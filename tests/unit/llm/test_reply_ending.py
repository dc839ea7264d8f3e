"""How a reply ends when the model server cuts it off, filters it or refuses it, and when the model calls a tool."""

from __future__ import annotations

import pytest

from tertulia_llm.model.endings import Ending
from tertulia_llm.reply_ending import ends_whole, failure, warning
from tertulia_shared.events import MessageResumed, MessageStarted, Thinking
from tests.harness.llm import BreakAfter, Client, LLMBench, Say
from tests.harness.virtual_time import virtual_time

HELLO = "Luna, hello!"
CLAUSE = "Well now, I was just counting all of the stars in the sky"


async def answered(*acts: Say | BreakAfter) -> tuple[LLMBench, Client]:
    """The bench and its client after Luna answered. `acts`: what the model does at the next requests."""
    bench = LLMBench()
    await bench.set("Luna", "Rex")
    bench.model.acts = list(acts)
    await bench.say(HELLO)
    await bench.work()
    client = await bench.client()
    assert len(client.complete) == 1, "the turn ends once"
    client.check()
    return bench, client


def codes(client: Client) -> tuple[list[str], list[str]]:
    """The codes of the client's warnings and errors."""
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
async def test_reply_cut_off_at_the_token_limit_ends_after_its_last_complete_sentence(text: str, kept: str) -> None:
    bench, client = await answered(Say(text, Ending.LENGTH))
    assert client.talk() == [("Luna", kept, "complete")]
    assert " ".join(client.speech()).split() == kept.split(), "what is spoken is what is shown"
    assert codes(client) == (["reply_cut"], [])
    assert "TERTULIA_LLM_MAX_TOKENS" in client.warnings[0].message
    assert len(bench.model.requests) == 1, "not asked again"
    assert await bench.rows() == [("Jay", HELLO, "complete"), ("Luna", kept, "complete")]


@virtual_time
async def test_filtered_reply_keeps_the_text_before_the_filter() -> None:
    bench, client = await answered(Say("Hello there. I was just", Ending.FILTERED))
    assert client.talk() == [("Luna", "Hello there. I was just", "complete")]
    assert codes(client) == (["reply_filtered"], [])
    assert len(bench.model.requests) == 1


@pytest.mark.parametrize("ending", [Ending.REFUSED, Ending.TOOL_CALLS, Ending.COMPLETE])
@virtual_time
async def test_text_of_a_refusal_and_text_before_a_tool_call_are_kept_as_the_reply(ending: Ending) -> None:
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
async def test_reply_without_text_but_with_a_reason_fails_the_turn_at_once(
    ending: Ending, code: str, words: str
) -> None:
    bench, client = await answered(Say("", ending))
    assert client.talk() == []
    assert codes(client) == ([], [code])
    assert words in client.errors[0].message
    assert len(bench.model.requests) == 1, "asking again would change nothing"


@virtual_time
async def test_empty_reply_is_requested_again_with_another_seed() -> None:
    bench, client = await answered(Say(""), Say("Rex: Woof."), Say("Hello."))
    assert [text for _, text, _ in client.talk()] == ["Hello."]
    assert codes(client) == ([], [])
    assert len(set(bench.model.seeds)) == 3


@virtual_time
async def test_turn_fails_with_an_explanation_if_the_model_writes_only_for_other_characters() -> None:
    bench, client = await answered(*[Say("Rex: Woof. Woof.")] * 3)
    assert codes(client) == ([], ["llm_unavailable"])
    assert "nothing for Luna" in client.errors[0].message
    assert "Woof" not in str(client.shown)
    assert len(bench.model.requests) == bench.settings.llm_retries + 1


@virtual_time
async def test_line_of_another_character_ends_the_reply_and_is_dropped() -> None:
    bench, client = await answered(Say("Luna: It is a star. Rex: Bah, a star!\nLuna: Yes."))
    assert client.talk() == [("Luna", "It is a star. ", "complete")]
    assert client.speech() == ["It is a star."]
    assert (await bench.rows())[1] == ("Luna", "It is a star. ", "complete")
    assert len(bench.model.requests) == 1


@virtual_time
async def test_server_that_breaks_off_after_every_sentence_gets_a_limited_number_of_requests() -> None:
    line = " ".join(f"The wave {number} comes." for number in range(100))
    bench = LLMBench({"Luna": line})
    await bench.set("Luna")
    bench.model.acts = [BreakAfter(5)] * 100
    await bench.say(HELLO)
    await bench.work()
    client = await bench.client()
    client.check()
    assert codes(client) == ([], ["llm_unavailable"])
    assert [status for _, _, status in client.talk()] == ["failed"]
    assert len(bench.model.requests) == 4 * (bench.settings.llm_retries + 1)


# -- thinking


@virtual_time
async def test_client_learns_that_the_model_reasons_before_the_reply_and_nothing_of_it_is_stored() -> None:
    bench, client = await answered(Say("Hello there.", thinks=True))
    told = [event for _, event in client.events if isinstance(event, Thinking | MessageStarted)]
    (message_id,) = client.order
    assert [type(event) for event in told] == [Thinking, MessageStarted]
    assert told[0] == Thinking(message_id, client.complete[0], told[1].character_id, "Luna")
    assert await bench.rows() == [("Jay", HELLO, "complete"), ("Luna", "Hello there.", "complete")]


@virtual_time
async def test_client_learns_once_per_request_that_the_model_reasons() -> None:
    _, client = await answered(BreakAfter(3), Say("one. Two.", thinks=True))
    told = [type(event) for _, event in client.events if isinstance(event, Thinking | MessageStarted | MessageResumed)]
    assert told == [MessageStarted, MessageResumed, Thinking]


# -- complete sentences


@pytest.mark.parametrize(
    "text", ["Yes.", "Yes! ", "Yes\u2026", "\u201cYes.\u201d", "*Yes.*", "\u662f\u3002", "Yes. \u2b50"]
)
def test_text_that_ends_with_an_end_mark_is_complete(text: str) -> None:
    assert ends_whole(text)


@pytest.mark.parametrize("text", ["", "Yes", "Yes. No", "Yes,", "Yes: "])
def test_text_without_an_end_mark_at_its_end_is_not_complete(text: str) -> None:
    assert not ends_whole(text)


def test_warning_is_sent_only_for_a_reply_that_was_cut_off_or_filtered() -> None:
    warned = {ending for ending in Ending if warning(ending, "Luna", 64)}
    assert warned == {Ending.LENGTH, Ending.FILTERED}


def test_reply_without_text_is_retryable_only_if_the_model_ended_it_normally() -> None:
    retryable = {ending for ending in Ending if failure(ending, "Luna", 64, spoke_for_others=False).retryable}
    assert retryable == {Ending.COMPLETE}
