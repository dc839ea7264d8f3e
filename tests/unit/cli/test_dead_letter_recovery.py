"""The recovery of dead letters, and the sentences that explain them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tertulia_cli.dead_letters.command import choose, explain, table
from tertulia_cli.dead_letters.read import DeadEntry, Facts, Message, Turn
from tertulia_cli.dead_letters.recovery import (
    AlreadyDone,
    NewTurn,
    Requeue,
    Resave,
    new_turn_id,
    recovery_for,
)
from tertulia_cli.exit_codes import Failure
from tertulia_shared.entries import (
    DeadLetter,
    StoreWrite,
    Work,
)
from tertulia_shared.outbox_versions import choose_write, remove_write
from tertulia_shared.outbox_writes import refused_letter
from tests.unit.cli.dead_letter_samples import C, M, S, T, entry, not_retryable

SPOKEN = Message(
    epoch=3, name="Luna", text="Hi. Well.", sentences=2, text_complete=True, llm_work_open=False, spoken=1, seconds=1.5,
    end_id="3-0", end_ts=990,
)  # fmt: skip
TTS, LLM, STT = entry("tts", message_id=M), entry("llm"), entry("stt", session_id=S)


def test_retry_of_a_reply_without_all_its_sound_removes_the_final_audio_entry() -> None:
    recovery = recovery_for(TTS, Facts(3, message=SPOKEN))
    assert isinstance(recovery, Requeue)
    assert (recovery.stage, recovery.work, recovery.epoch, recovery.end_id) == ("tts", Work(C, M), 3, "3-0")
    assert "from sentence 1 on" in recovery.effect


@pytest.mark.parametrize(
    ("epoch", "message", "why"),
    [
        (3, None, "have expired"),
        (4, SPOKEN, "epoch has moved on"),
        (3, replace(SPOKEN, text_complete=False), "never completed"),
    ],
    ids=["expired", "interrupted since", "never written to its end"],
)
def test_reply_that_expired_or_was_interrupted_or_never_completed_is_not_retryable(
    epoch: int, message: Message | None, why: str
) -> None:
    assert why in not_retryable(recovery_for(TTS, Facts(epoch, message=message)))


def test_reply_that_is_still_being_written_is_requeued() -> None:
    unfinished = replace(SPOKEN, text_complete=False, llm_work_open=True)
    assert isinstance(recovery_for(TTS, Facts(3, message=unfinished)), Requeue)


def test_reply_that_was_spoken_meanwhile_is_not_retried() -> None:
    assert isinstance(recovery_for(TTS, Facts(9, message=replace(SPOKEN, end_ts=1_001))), AlreadyDone)


def test_failed_turn_becomes_a_new_turn_with_a_derived_id() -> None:
    recovery = recovery_for(LLM, Facts(3, turn=Turn(T, "Luna?", 3)))
    assert isinstance(recovery, NewTurn)
    assert (recovery.conversation_id, recovery.text) == (C, "Luna?")
    assert recovery.turn_id == new_turn_id(T, "7-0") != new_turn_id(T, "8-0")


def test_turn_that_was_already_retried_is_not_retried_again() -> None:
    facts = Facts(4, turn=Turn(T, "Luna?", 3), turn_ids=frozenset({T, new_turn_id(T, "7-0")}))
    assert isinstance(recovery_for(LLM, facts), AlreadyDone)


def test_turn_of_an_earlier_epoch_is_not_retryable() -> None:
    assert "Say it again" in not_retryable(recovery_for(LLM, Facts(4, turn=Turn(T, "Luna?", 3))))


def test_retry_posts_a_new_pointer_for_a_waiting_turn() -> None:
    recovery = recovery_for(LLM, Facts(3, turn_waits=True))
    assert isinstance(recovery, Requeue)
    assert (recovery.stage, recovery.work) == ("llm", Work(C))


def test_llm_work_without_a_waiting_turn_is_not_retryable() -> None:
    assert "all are finished" in not_retryable(recovery_for(LLM, Facts(3)))


def test_listening_session_is_requeued_until_its_sound_expires() -> None:
    recovery = recovery_for(STT, Facts(3, frames=120))
    assert isinstance(recovery, Requeue)
    assert (recovery.stage, recovery.work, recovery.listening) == ("stt", Work(C, session_id=S), True)
    assert "has expired" in not_retryable(recovery_for(STT, Facts(3)))


@pytest.mark.parametrize(
    ("given", "facts", "why"),
    [
        (TTS, Facts(None), "conversation has expired"),
        (entry("tts", conversation_id="x"), Facts(3), "no valid conversation"),
        (entry("stt", session_id="x"), Facts(3, frames=9), "no valid listening session"),
        (DeadEntry("7-0", 1_000, None, "schema version 9"), Facts(None), "schema version 9"),
    ],
    ids=["the conversation has expired", "no conversation", "no session", "of a newer release"],
)
def test_dead_letter_whose_work_is_unknown_or_expired_is_not_retryable(
    given: DeadEntry, facts: Facts, why: str
) -> None:
    assert why in not_retryable(recovery_for(given, facts))


def test_dead_letter_explanation_names_the_work_the_reason_and_the_recovery() -> None:
    lines = explain(TTS, Facts(3, message=SPOKEN))
    assert lines[0].startswith("tts work 5-0 was given up at ")
    assert lines[0].endswith(" after 11 attempts.")
    assert lines[1] == (
        f"It was to speak Luna's reply “Hi. Well.” (message {M} of conversation {C}): 1 of 2 sentences begun, "
        "1.5 s of sound."
    )
    assert lines[2] == "Why: no device"
    assert lines[3].startswith("On retry: A tts worker speaks it from sentence 1 on")


@pytest.mark.parametrize(
    ("given", "facts", "what", "then"),
    [
        (
            LLM,
            Facts(3, turn=Turn(T, "Luna?", 3)),
            f"to answer “Luna?” (turn {T} of",
            "On retry: “Luna?” is asked again",
        ),
        (LLM, Facts(3), "to answer the turns of", "It cannot be retried: no turn"),
        (STT, Facts(3, frames=9), f"to transcribe the listening session {S}", "On retry: An stt worker transcribes"),
        (TTS, Facts(None), f"to speak message {M} of", "It cannot be retried: its conversation"),
        (TTS, Facts(3, message=replace(SPOKEN, end_ts=2_000)), "to speak Luna's", "A retry only removes this entry"),
    ],
    ids=["a turn", "turns", "a session", "expired", "done"],
)
def test_dead_letter_explanation_describes_each_kind_of_work_and_its_recovery(
    given: DeadEntry, facts: Facts, what: str, then: str
) -> None:
    lines = explain(given, facts)
    assert what in lines[1]
    assert lines[3].startswith(then)


@pytest.mark.parametrize(
    ("write", "what", "effect"),
    [
        (choose_write(C, M, 5), f"the choice of message {M}", "chooses the version"),
        (remove_write(C, M), f"the removal of message {M}", "removes the message"),
        (replace(remove_write(C, M), kind="version"), f"message {M}", "saves it"),
    ],
    ids=["choice", "removal", "version"],
)
def test_store_write_about_versions_is_saved_again(write: StoreWrite, what: str, effect: str) -> None:
    given = DeadEntry("7-0", 1_000, refused_letter(write, "no disk"))
    recovery = recovery_for(given, Facts(None))
    assert isinstance(recovery, Resave)
    assert recovery.write == write
    lines = explain(given, Facts(None))
    assert what in lines[1]
    assert effect in lines[3]


def test_dead_letters_are_chosen_by_their_id_or_the_id_of_their_work() -> None:
    other = DeadEntry("8-0", 1, DeadLetter("llm", "6-0", 1, "x"))
    assert choose([TTS, other], ["7-0", "5-0"]) == [TTS]
    assert choose([TTS, other], ["6-0", "7-0"]) == [other, TTS]
    with pytest.raises(Failure, match="no dead work 1-1"):
        choose([TTS], ["1-1"])


def test_dead_letter_table_has_a_row_for_an_unreadable_entry() -> None:
    assert table([TTS, DeadEntry("7-0", 1_000, None, "newer")], 2_000).row_count == 2
