"""Adds the replies of a discussion to the turn that is being answered."""

from __future__ import annotations

from tertulia_llm.characters import CharacterCache
from tertulia_llm.discussion import Said, next_reply, said_in, turn_extended
from tertulia_llm.plan import plan_field
from tertulia_llm.reply import Reply
from tertulia_llm.turn import Turn
from tertulia_shared.answering import rules_of
from tertulia_shared.bus import Bus, Outlet
from tertulia_shared.conversation_cast import cast_of
from tertulia_shared.conversation_state import ConversationState
from tertulia_shared.entries import TurnPlan


class Discussions:
    """Chooses the next speakers of discussions."""

    def __init__(self, bus: Bus, characters: CharacterCache) -> None:
        self._bus = bus
        self._characters = characters

    async def next_reply(self, turn: Turn, reply: Reply) -> TurnPlan | None:
        """The plan with the reply that follows `reply`, whose text is complete. None if none is to be added.

        It uses the characters that sit at the table now, without those that the user has muted meanwhile.
        """
        plan = turn.plan
        if not reply.number == len(plan.speakers) - 1 < plan.max_replies - 1:
            return None
        state = await self._bus.hash(self._bus.keys.state(turn.conversation_id))
        said = said_in(turn.history.messages.values())
        said.append(Said(reply.speaker.id, reply.written.text))
        fields = ConversationState(state)
        seated = self._characters.seated(cast_of(fields))
        return next_reply(plan, said, seated, rules_of(fields).muted, turn.user_name)

    def extend(self, turn: Turn, plan: TurnPlan, outlet: Outlet) -> None:
        """Queue the longer plan of a turn, and the event that announces its new reply."""
        turn.plan = plan
        keys = self._bus.keys
        outlet.put(keys.state(turn.conversation_id), plan_field(plan))
        outlet.append(keys.events(turn.conversation_id), turn_extended(plan))
