"""One simulated user: types, speaks, interrupts, and waits for the end of each answer."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import time
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from uuid import UUID

from tests.chaos.rig.client import Client, ConnectionBroke
from tests.chaos.rig.data_checks import DataChecker
from tests.chaos.rig.frame_checks import FrameChecker, Turn
from tests.chaos.rig.past_changes import chosen_change

FIXTURES = Path(__file__).parents[2] / "fixtures"
SPOKEN = {
    "hello_luna.wav": "hello luna tell me a story about the ocean",
    "question_rex.wav": "rex what do you think about the weather today",
    "question_sage.wav": "sage what is the meaning of life",
}
ADDRESSED = ("Luna", "Rex", "Sage", "Luna and Rex", "Rex and Sage", "Sage and Luna", "everybody")
PATIENCE_S = 90.0
"""How long an answer may take, including faults and restarts. After this time, the turn counts as lost."""
LOOK_S = 5.0
"""Interval of checking in Redis whether a turn was over when its client was reloaded."""
REPEAT_S = 1.0
"""A message that got the error `unavailable` is sent again after this time."""
CUTS = 0.18
"""The share of the turns that the user interrupts."""
CHANGES = 0.25
"""The share of the turns that change the past."""
FRAME_BYTES = 3_200
AT_ONCE_FRAMES = 49
"""The number of microphone frames of 100 ms that are sent at once. The gateway accepts five seconds faster than real
time.
"""
FRAME_S = 0.06
"""The interval between the frames after the first `AT_ONCE_FRAMES`: a little shorter than the frames."""
STORE_LOCKED = "store locked"
"""The name of the fault during which a change may be refused."""
BEHIND_S = 15.0
"""Maximum time to wait for the end of the current session if turns of an earlier session may still come."""
PAUSES_S = (0.3, 1.6)
"""The shortest and the longest pause before the user continues a turn."""


@dataclass
class Run:
    """The time of one turn. `faults`: those that were active in this time."""

    user: User
    began: float
    turn_id: str = ""
    ended: float = 0.0
    faults: list[str] = field(default_factory=list[str])
    faults_before: int = 0
    """The number of faults that were injected before the turn began."""


@dataclass
class Budget:
    """How many turns the users have to do: at least `turns`, and more as long as faults are left."""

    turns: int
    begun: int = 0
    over: int = 0
    is_open: bool = False
    """True as long as faults are left."""
    stopped: bool = False
    """True if the run is to end early."""
    in_force: list[str] = field(default_factory=list[str])
    """The active faults."""
    injected: list[str] = field(default_factory=list[str])
    """All faults so far, in order of injection."""

    def begin(self) -> bool:
        """True if another turn is to begin."""
        if self.stopped:
            return False
        self.begun += 1
        return self.begun <= self.turns or self.is_open


class User:
    """One user, who talks until the budget is spent. `current`: the turn in progress."""

    def __init__(
        self,
        number: int,
        client: Client,
        data_checker: DataChecker,
        dice: random.Random,
        *,
        speaks: bool,
        cuts: float = CUTS,
    ) -> None:
        self.number = number
        self.client = client
        self.checker: FrameChecker = client.checker
        self.runs: list[Run] = []
        self.current: Run | None = None
        self.unheard = 0
        """The number of utterances that a fault ended before they became a turn."""
        self._late: Sequence[str] = ()
        """The recordings, in the order of speech, whose turns may still come, completely or in part, after a fault."""
        self._data_checker = data_checker
        self._dice = dice
        self._speaks = speaks
        self._cuts = cuts
        self._unchecked: list[Turn] = []
        self._budget = Budget(0)

    async def talk(self, budget: Budget) -> None:
        """Do one turn after the other."""
        self._budget = budget
        if not await self.client.until(lambda: self.checker.conversation_id, PATIENCE_S):
            self.checker.complain("lost", "the conversation did not open")
            return
        while budget.begin():
            style = self._dice.random()
            if style < 0.12 and self._speaks:
                await self._spoken()
            elif style < 0.2 and self._speaks:
                await self._spoken(pause_s=self._dice.uniform(*PAUSES_S))
            elif style > 1 - self._cuts:
                await self._cut_off()
            elif style > 1 - self._cuts - CHANGES:
                await self._change()
            else:
                await self._typed()
            await self._check()
            budget.over += 1
        # an interruption is settled in the next turn, so end with a turn that is not interrupted
        await self._typed()
        await self._check()
        await self._data_checker.check_receipts(self.client)

    # -- kinds of turns

    async def _typed(self) -> None:
        run = await self._say()
        await self._until_over(run)

    async def _cut_off(self) -> None:
        run = await self._say()
        seen = len(self.client.arrivals) + self._dice.randrange(60)
        turn = self.checker.turn(run.turn_id)
        await self.client.until(
            lambda: len(self.client.arrivals) >= seen or self.checker.is_done(turn) or turn.excused, PATIENCE_S
        )
        if self._dice.random() < 0.5:
            # the frames after it show whether the gateway has received the interruption
            with contextlib.suppress(ConnectionBroke):
                await self.client.send("interrupt")
            await self._until_over(run)
            return
        self._end(run)
        await self._typed()

    async def _change(self) -> None:
        """Edit a message, have a reply made again, choose a version or delete a reply."""
        turn_id = self._new_id()
        change = chosen_change(self.checker, self._dice, self._text(turn_id))
        if change is None:
            await self._typed()
            return
        run = self._begin(turn_id)
        turn = self.checker.turn(turn_id)
        turn.text, turn.asked = change.data.get("text", ""), change.asked
        await self.client.begin(turn_id, change.command, change.data)
        await self._until_accepted(turn)
        await self._until_over(run)

    async def _spoken(self, *, pause_s: float = 0.0) -> None:
        """Speak one recording. With `pause_s`, speak another one after this pause; it continues the turn or becomes the
        next turn.
        """
        known, stopped, breaks = set(self.checker.turns), len(self.checker.listening_ended), self.client.breaks
        run = self._begin("")
        names = self._dice.sample(sorted(SPOKEN), 2 if pause_s else 1)
        spoken = " ".join(SPOKEN[name] for name in names)
        with contextlib.suppress(ConnectionBroke):
            await self.client.send("start_listening")
            for number, frame in enumerate(_microphone(names, pause_s)):
                await asyncio.sleep(FRAME_S if number >= AT_ONCE_FRAMES else 0)
                await self.client.send_raw(frame)
            await self.client.send("stop_listening")

        def heard() -> list[Turn]:
            return [turn for turn in self.checker.turns.values() if turn.turn_id not in known and turn.accepted]

        def stopped_or_cut() -> bool:
            return len(self.checker.listening_ended) > stopped or self.client.breaks > breaks

        patience_s = PATIENCE_S
        while True:
            await self.client.until(stopped_or_cut, patience_s)
            if self.client.breaks > breaks:  # audio on its way may be lost with the connection
                await self.client.until(heard, 5.0)
            late = [turn for turn in heard() if self._late and _plain(turn.text) not in spoken]
            self._note_others(run, late)
            known.update(turn.turn_id for turn in late)
            if not late or heard() or self.client.breaks > breaks:
                break
            patience_s = BEHIND_S
            stopped += 1  # this was the end of an earlier session; the end of the current session will still come
        turns = heard()
        undisturbed = self.client.breaks == breaks and not run.faults
        is_right = " ".join(_plain(turn.text) for turn in turns) == spoken and len(turns) <= len(names)
        was_behind = bool(self._late)
        self._late = late_recordings(self._late, names, is_right=is_right)
        if undisturbed and not was_behind and not is_right:
            said = [turn.text for turn in turns]
            self.checker.complain(
                "wrong", f"spoken was {spoken!r}, accepted {said}, stopped {self.checker.listening_ended}"
            )
        if not turns:
            self.unheard += 1
            self._end(run)
            self.runs.remove(run)
            return
        self._note_others(run, turns[:-1])
        run.turn_id = turns[-1].turn_id
        self._unchecked.append(turns[-1])
        await self._until_over(run)

    # -- steps

    def _note_others(self, run: Run, turns: Sequence[Turn]) -> None:
        """Note turns that came during `run`, but are not the one that it waits for: those of earlier speech, or the
        first one of this speech.
        """
        ended = time.monotonic()
        self.runs += [replace(run, turn_id=turn.turn_id, ended=ended, faults=[*run.faults]) for turn in turns]
        self._unchecked += turns

    async def _say(self) -> Run:
        turn_id = self._new_id()
        run = self._begin(turn_id)
        await self.client.say(self._text(turn_id), turn_id)
        await self._until_accepted(self.checker.turn(turn_id))
        return run

    def _new_id(self) -> str:
        return str(UUID(int=self._dice.getrandbits(128), version=4))

    def _text(self, turn_id: str) -> str:
        return f"{self._dice.choice(ADDRESSED)}, here is question {turn_id[:8]}. What do you say?"

    async def _until_accepted(self, turn: Turn) -> None:
        self._unchecked.append(turn)
        deadline = time.monotonic() + PATIENCE_S
        while not await self.client.until(lambda: turn.accepted or turn.excused, REPEAT_S):
            if time.monotonic() > deadline:
                self.checker.complain("lost", "the message was never accepted", turn.turn_id)
                break
            if self.client.was_refused:
                self.client.was_refused = False
                await self.client.repeat()

    async def _until_over(self, run: Run) -> None:
        await self._is_over(self.checker.turn(run.turn_id))
        self._end(run)

    async def _is_over(self, turn: Turn) -> bool:
        """Wait for the end of a turn. Returns False if the end does not arrive in time."""
        deadline = time.monotonic() + PATIENCE_S
        while not await self.client.until(lambda: self.checker.is_done(turn) or turn.excused, LOOK_S):
            if time.monotonic() > deadline:
                return False
            if turn.reloaded:
                await self._end_silently(turn)
        return True

    async def _end_silently(self, turn: Turn) -> None:
        """Mark a turn as ended if it was over when the client was reloaded: the server sends nothing more of it."""
        conversation_id = self.checker.conversation_id
        if await self._data_checker.has_interrupted(conversation_id, turn.turn_id):
            turn.interrupted, turn.completed = True, 1
        for message_id in turn.messages:
            message = self.checker.messages[message_id]
            if not message.sound_over and await self._data_checker.has_no_more_sound(conversation_id, message):
                message.sound_over = True

    async def _check(self) -> None:
        if not self._unchecked:
            return
        turn = self._unchecked[-1]
        while self._unchecked:
            turn = self._unchecked.pop(0)
            over = await self._is_over(turn)
            self.client.forget(turn.turn_id)
            if turn.excused:
                continue
            if not over:
                what = f"the answer is not over after {PATIENCE_S:g} s: {state_of(self.checker, turn)}"
                self.checker.complain("lost", what, turn.turn_id)
                continue
            faults = self._faults_since(turn.turn_id)
            if self._was_refused(turn):
                # if Redis lost the event of a change that the store has, the client shows an older table
                is_table_lost = any(other.excused for other in self.checker.turns.values())
                if STORE_LOCKED not in faults and not is_table_lost:
                    self.checker.complain("wrong", "a change of a message that is shown was refused", turn.turn_id)
                continue
            await self._data_checker.check(self.client, turn, partial(self._faults_since, turn.turn_id))
            turn.checked = True
        if not any(turn.excused for turn in self.checker.turns.values()):
            await self._data_checker.check_table(self.client, turn)

    def _was_refused(self, turn: Turn) -> bool:
        """True if a change was refused because the store cannot be read. Then it is not made."""
        return any(
            error["code"] == "message_unknown" and error.get("turn_id") == turn.turn_id for error in self.checker.errors
        )

    def _faults_since(self, turn_id: str) -> set[str]:
        """The faults that were active at any time since the turn began, also after its end."""
        runs = [run for run in self.runs if run.turn_id == turn_id]
        return {name for run in runs for name in (*run.faults, *self._budget.injected[run.faults_before :])}

    def _begin(self, turn_id: str) -> Run:
        budget = self._budget
        self.current = Run(
            self, time.monotonic(), turn_id, faults=list(budget.in_force), faults_before=len(budget.injected)
        )
        self.runs.append(self.current)
        return self.current

    def _end(self, run: Run) -> None:
        run.ended = time.monotonic()
        self.current = None


def state_of(checker: FrameChecker, turn: Turn) -> str:
    """The progress of a turn, as text for a report."""
    messages = [checker.messages[message_id] for message_id in turn.messages]
    replies = ", ".join(
        f"{each.character} {each.status or 'unfinished'}, {len(each.chunks)} chunks, sound over: {each.sound_over}"
        for each in messages
    )
    ended = "turn_complete came" if turn.completed else "no turn_complete"
    return f"{ended}; {replies or 'no reply'}; last errors {[each['code'] for each in checker.errors[-3:]]}"


def late_recordings(late: Sequence[str], names: Sequence[str], *, is_right: bool) -> Sequence[str]:
    """The recordings whose turns may still come, after those called `names` were spoken.

    Turns come in the order of speech. So words that were not late show that nothing is left. Words that were late may
    belong to the earlier utterance: then what was spoken after it may still come.

    Args:
        late: the recordings whose turns might come before, in the order of speech.
        names: the recordings just spoken.
        is_right: True if a turn with exactly their words came.
    """
    if not is_right:
        return (*late, *names)
    for name in names:
        late = (*late[late.index(name) + 1 :], name) if name in late else ()
    return late


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))


def _microphone(names: Sequence[str], pause_s: float) -> Iterator[bytes]:
    pcm = bytes(2 * round(16_000 * pause_s)).join(_pcm_of(name) for name in names)
    pcm = pcm.ljust(min(len(pcm) + 48_000, AT_ONCE_FRAMES * FRAME_BYTES), b"\0")
    for at in range(0, len(pcm), FRAME_BYTES):
        yield pcm[at : at + FRAME_BYTES]


def _pcm_of(name: str) -> bytes:
    with wave.open(str(FIXTURES / name)) as file:
        return file.readframes(file.getnframes())
