"""Creates the `Reply` objects of a turn: for new replies, and for those that an earlier attempt began."""

from __future__ import annotations

from tertulia_llm.reply import Reply, WrittenText, read_written
from tertulia_llm.turn import Turn
from tertulia_llm.turn_rows import TurnRows
from tertulia_shared.bus import Bus, Outlet


class TurnReplies:
    """Creates replies from the plan, and from what their `sentences` streams hold."""

    def __init__(self, bus: Bus, rows: TurnRows) -> None:
        self._bus = bus
        self._rows = rows

    async def open(self, turn: Turn, number: int, outlet: Outlet) -> Reply:
        """Create the reply with this number in the plan (from 0). If an earlier attempt ended it, queue its row.

        Raises:
            BadEntry: an earlier attempt's sentences cannot be read.
        """
        speaker = turn.plan.speakers[number]
        message_id = turn.plan.message_id(number)
        written = WrittenText()
        if turn.is_resumed:
            written = await self.written(turn, message_id)
            ending = turn.progress.ending_of(number)
            if ending == "failed" and turn.replaces_by(number) and turn.progress.started <= number:
                self._rows.drop_version(turn, number)
            elif ending is not None:
                self._rows.add_reply_row(turn, number, written.text, ending)
        return Reply(
            self._bus.keys,
            outlet,
            turn.conversation_id,
            turn.user_turn.turn_id,
            message_id,
            number,
            speaker,
            [name for name in turn.plan.others if name != speaker.name],
            turn.user_name,
            written,
        )

    async def written(self, turn: Turn, message_id: str) -> WrittenText:
        """The part of a reply that is in its `sentences` stream."""
        return read_written(await self._bus.read(self._bus.keys.sentences(turn.conversation_id, message_id)))
