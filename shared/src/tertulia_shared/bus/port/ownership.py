"""Ownership of one thing of a conversation (its turns, a message, a listening session), and leases of shared tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tertulia_shared.bus.port.reading import Entry
from tertulia_shared.bus.port.work import Claim
from tertulia_shared.bus.port.writing import Fence
from tertulia_shared.codec import Fields
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.keys import Key

MAX_FIRST = 16
"""`own` returns at most this many entries from a stream's beginning."""


@dataclass(frozen=True, slots=True)
class Owned:
    """The right to write for one thing of a conversation, and the conversation's state when the right was granted."""

    owner: Key
    token: str
    state: Fields
    """The fields of the state, or only those that the call of `own` named."""
    waiting: Sequence[Entry] = ()
    """The waiting turns, if the call of `own` had `waiting`."""
    last: Entry | None = None
    """The last entry of the stream `last` of the call, if it has entries."""
    first: Sequence[Entry] = ()
    """The first entries of the stream `first` of the call."""
    commands_after: str = ""
    """The id of the last command in `control` before `state` was read, if the call had `commands`; else ""."""

    @property
    def epoch(self) -> int:
        """The epoch in `state`; 0 if the state has no readable epoch."""
        return ConversationState(self.state).epoch

    def fence(self, epoch: int | None = None) -> Fence:
        """The fence for this owner's writes."""
        return Fence(self.owner, self.token, epoch)


@dataclass(frozen=True, slots=True)
class Refused:
    """The thing has another owner: another work entry, or a later attempt at the same one. `holder`: its token."""

    holder: str
    later_attempt: bool


class Ownership(Protocol):
    """Owner keys and leases."""

    async def own(
        self,
        claim: Claim,
        conversation_id: str,
        thing: str,
        *,
        waiting: int = 0,
        last: Key | None = None,
        first: Key | None = None,
        fields: Sequence[StateField] = (),
        commands: bool = False,
    ) -> Owned | Refused:
        """Become the owner of `thing` (`turns`, a message, a session). Redis then refuses the writes of earlier owners.

        The streams asked for are read in the same round trip, after every other worker has lost the right to write.

        Args:
            claim: the work entry whose token becomes the owner.
            conversation_id: the conversation of the thing.
            thing: its name in the owner key.
            waiting: return at most this many turns after the state's cursor (`Owned.waiting`).
            last: return this stream's last entry (`Owned.last`).
            first: return this stream's first entries, at most `MAX_FIRST` (`Owned.first`).
            fields: return only these fields of the state, which may be long; all of them without it. Not together with
                `waiting`.
            commands: return the id after which `until_interrupted` is to read commands (`Owned.commands_after`).
        """
        ...

    async def owner(self, conversation_id: str, thing: str) -> str:
        """The token of the current or last owner of `thing` (`<work entry id>/<attempt>`); "" if it has none."""
        ...

    async def release_turns(
        self, owned: Owned, conversation_id: str, cursor: str, *, cut: int = 0, waiting: int = 1
    ) -> Owned | None:
        """Store `cursor` as the last finished turn, and release the turns if no turn waits. Returns None.

        If a turn waits after `cursor`, or if the state's `cut` differs from the argument `cut` (the user has
        interrupted since the owner read the state), the owner keeps the ownership. Returns it with the present state
        and the turns after `cursor`, at most `waiting`.

        Raises:
            NotOwner: another worker owns the turns; nothing was stored.
        """
        ...

    async def acquire_lease(self, key: Key, holder: str) -> bool:
        """Take or renew a lease for the key's `ttl_s`; False while another holder has it."""
        ...

    async def release(self, key: Key, holder: str) -> None:
        """Delete a lease or an owner key (`Keys.owner`) if its value is `holder`; an owner's value is its token."""
        ...
