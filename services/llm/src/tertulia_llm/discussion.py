"""Decides how the characters talk among themselves: whether a turn is followed by more replies, and who speaks next.
Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tertulia_llm.text.handover import Floor, floor_after
from tertulia_shared.entries import Speaker, TurnPlan
from tertulia_shared.events import TurnExtended
from tertulia_shared.store import Message

DEFAULT_REPLIES: Final = 6
"""Maximum number of replies in a discussion for which the user gives no number."""
DISCUSSION: Final = "discussion"
"""The reason of a reply that follows another reply."""
_STEPS: Final = 2**32


@dataclass(frozen=True, slots=True)
class Said:
    """A reply, by the id of its character."""

    character_id: str
    text: str


def said_in(messages: Iterable[Message]) -> list[Said]:
    """The replies among these messages, in order. A reply that is being written, or was not heard, is left out."""
    ordered = sorted(messages, key=lambda message: message.position)
    return [
        Said(message.character_id, message.text)
        for message in ordered
        if message.role == "character" and message.character_id and message.text and message.status != "streaming"
    ]


def with_discussion(
    plan: TurnPlan, cast: Sequence[Speaker], muted: Collection[str], most: int, participants: Sequence[str] = ()
) -> TurnPlan:
    """The plan of a turn whose replies are followed by a discussion of at most `most` replies in all.

    The plan is unchanged if no character answers the turn, or if fewer than two characters take part.
    """
    taking_part = _taking_part(cast, participants, muted)
    if most <= len(plan.speakers) or not plan.speakers or len(taking_part) <= 1:
        return plan
    return replace(plan, max_replies=most, participants=tuple(participants))


def next_reply(
    plan: TurnPlan, said: Sequence[Said], cast: Sequence[Speaker], muted: Collection[str], user_name: str
) -> TurnPlan | None:
    """The plan with one more reply; None if the discussion is over.

    `said`: all replies of the conversation, including those of this turn. The discussion is over after
    `plan.max_replies`, if the last reply asks the user, or if no other character takes part.
    """
    if not said or len(plan.speakers) >= plan.max_replies:
        return None
    floor = floor_of(said, cast, user_name)
    if floor.to_user:
        return None
    taking_part = _taking_part(cast, plan.participants, muted)
    speaker = choose_speaker(said, taking_part, floor, seed=f"{plan.turn_id} {len(plan.speakers)}")
    if speaker is None:
        return None
    reasons = plan.reasons or ("",) * len(plan.speakers)
    return replace(plan, speakers=(*plan.speakers, speaker), reasons=(*reasons, DISCUSSION))


def floor_of(said: Sequence[Said], cast: Sequence[Speaker], user_name: str) -> Floor:
    """The characters or the user that get the floor after the last reply."""
    if not said:
        return Floor()
    others = [each.name for each in cast if each.id != said[-1].character_id]
    return floor_after(said[-1].text, others=others, user=user_name)


def choose_speaker(said: Sequence[Said], possible: Sequence[Speaker], floor: Floor, *, seed: str) -> Speaker | None:
    """The character that speaks after the last reply; None if no other character takes part.

    A character that has the floor speaks. Otherwise, the character is drawn at random, as determined by `seed`. A
    character that has been silent for long or is talkative has a better chance. No character speaks twice in a row.
    """
    possible = [speaker for speaker in possible if not said or speaker.id != said[-1].character_id]
    for name in floor.characters:
        for speaker in possible:
            if speaker.name == name:
                return speaker
    return _by_roll(possible, said, seed)


def turn_extended(plan: TurnPlan) -> TurnExtended:
    """The event that announces the last reply of a plan."""
    speaker = plan.speakers[-1]
    reply = {
        "message_id": plan.message_id(len(plan.speakers) - 1),
        "character_id": speaker.id,
        "character_name": speaker.name,
        "reason": DISCUSSION,
    }
    return TurnExtended(plan.turn_id, (reply,))


def _taking_part(cast: Sequence[Speaker], participants: Sequence[str], muted: Collection[str]) -> list[Speaker]:
    return [each for each in cast if each.id not in muted and (not participants or each.id in participants)]


def _by_roll(possible: Sequence[Speaker], said: Sequence[Said], seed: str) -> Speaker | None:
    weights = [_silence(speaker, said, len(possible)) * speaker.talkativeness for speaker in possible]
    total = sum(weights)
    if total <= 0:
        return None
    digest = hashlib.blake2b(seed.encode(), digest_size=4).digest()
    left = int.from_bytes(digest, "big") * total // _STEPS
    for speaker, weight in zip(possible, weights, strict=True):
        if left < weight:
            return speaker
        left -= weight
    raise AssertionError("the roll is below the sum of the weights")


def _silence(speaker: Speaker, said: Sequence[Said], possible: int) -> int:
    """How many replies were given since this character's last one; at most twice the number of possible speakers."""
    most = 2 * possible
    for count, each in enumerate(reversed(said)):
        if each.character_id == speaker.id or count >= most:
            return min(count, most)
    return most
