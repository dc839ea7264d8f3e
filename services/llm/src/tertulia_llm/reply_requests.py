"""The plan of a turn without a message of the user: the user asks a character to answer or to go on, or asks the
characters to talk among themselves. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from tertulia_llm.discussion import DISCUSSION, Said, choose_speaker, floor_of
from tertulia_llm.text.stage_notes import Cue
from tertulia_shared.entries import ModelSettings, Speaker, TurnPlan, UserTurn

ASKED: Final = "asked"
"""The reason of a reply that the user asked this character for."""
GOES_ON: Final = "goes_on"
"""The reason of a reply in which a character goes on with its last one."""


def plan_request(
    turn: UserTurn,
    entry_id: str,
    epoch: int,
    cast: Sequence[Speaker],
    settings: ModelSettings,
    *,
    said: Sequence[Said],
    muted: Collection[str],
    user_name: str,
) -> TurnPlan:
    """The plan of a turn whose `source` is "request". It has no speakers if no character can answer.

    The characters in `turn.to` answer. If it is empty, the character that spoke last goes on; or, if the turn asks for
    a discussion, another character begins. `said`: the replies so far.
    """
    speakers, reason = _answering(turn, cast, said, muted, user_name)
    return TurnPlan(
        turn_id=turn.turn_id,
        entry_id=entry_id,
        epoch=epoch,
        speakers=tuple(speakers),
        settings=settings,
        others=tuple(speaker.name for speaker in cast),
        version=turn.version,
        reasons=(reason,) * len(speakers),
    )


def cue_of(turn: UserTurn, plan: TurnPlan, number: int) -> Cue | None:
    """The task of the reply with this number (from 0); None if it answers a message of the user."""
    reason = plan.reasons[number] if number < len(plan.reasons) else ""
    if reason == DISCUSSION:
        return Cue.DISCUSS
    if turn.source != "request" or turn.change == "again":  # a reply that is made again has the task of the first one
        return None
    return Cue.GO_ON if reason == GOES_ON else Cue.ANSWER


def _answering(
    turn: UserTurn, cast: Sequence[Speaker], said: Sequence[Said], muted: Collection[str], user_name: str
) -> tuple[list[Speaker], str]:
    by_id = {speaker.id: speaker for speaker in cast}
    reason = DISCUSSION if turn.replies else ASKED
    if turn.to:
        return [by_id[each] for each in dict.fromkeys(turn.to.split(",")) if each in by_id], reason
    able = [speaker for speaker in cast if speaker.id not in muted]
    if not turn.replies:
        spoke = [by_id[each.character_id] for each in reversed(said) if each.character_id in by_id]
        going_on = next((speaker for speaker in spoke if speaker in able), None)
        if going_on is not None:
            return [going_on], GOES_ON
    begins = choose_speaker(said, able, floor_of(said, cast, user_name), seed=turn.turn_id)
    return ([begins] if begins is not None else list(able[:1])), reason
