"""Takes the place of stt for one spoken turn: accepts, confirms and reopens it with the writes of the real worker."""

from __future__ import annotations

from dataclasses import replace

from tertulia_shared.bus import Applied, Bus
from tertulia_shared.conversation_writes import accept_turn, confirm_turn, reopen_turn
from tertulia_shared.entries import UserTurn
from tertulia_shared.ids import new_id


class SpokenTurn:
    """A spoken turn, with its current version."""

    def __init__(self, bus: Bus, conversation_id: str, *, turn_id: str = "") -> None:
        self._bus = bus
        self.turn = UserTurn(turn_id or new_id(), conversation_id, "", "spoken", version=-1)
        self.epoch = -1

    @property
    def turn_id(self) -> str:
        return self.turn.turn_id

    async def accept(self, text: str, *, tentative: bool = False) -> Applied:
        """Accept the next version of the turn, and store it in `self.turn` and `self.epoch`."""
        turn = replace(self.turn, text=text, version=self.turn.version + 1, tentative=tentative)
        applied = await accept_turn(self._bus, turn, once=False)
        if applied.new:
            self.turn, self.epoch = turn, applied.epoch
        return applied

    async def confirm(self) -> bool:
        """Confirm the tentative version. Returns False if it was withdrawn meanwhile."""
        return (await confirm_turn(self._bus, self.turn, self.epoch)).new

    async def reopen(self) -> bool:
        """Withdraw the version, because the user continues. Returns False if it is too late to reopen the turn."""
        return (await reopen_turn(self._bus, self.turn, self.epoch)).new
