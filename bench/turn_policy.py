"""Measures when spoken turns end. It starts no processes and reads no clock: it counts samples of the input.

    python -m bench.turn_policy [--reply-ms 250] [--each]

Each recording (`spoken_recordings`) goes through the recognizer `pocketsphinx` and through turn-taking. The assumption
is that a reply is heard `--reply-ms` after the request to the model. The figures are those of a machine that recognizes
speech without delay, and they are the same on every machine. The ways `fixed`, `words` and `ahead` are described in
`bench.turn_ends`. The way `ahead late` guesses a turn only when its last piece is finished, and not at the draft of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from bench.spoken_recordings import RATE, Recording, recordings
from tertulia_stt.endpointing import EndpointSettings
from tertulia_stt.engine import (
    Silence,
    SpeechContinues,
    STTEvent,
    TranscriptionDraft,
    TranscriptionFinished,
    VadStart,
    Writing,
)
from tertulia_stt.engines.pocketsphinx.engine import PocketSphinxRecognizer
from tertulia_stt.engines.pocketsphinx.library import Decoder
from tertulia_stt.engines.pocketsphinx.pronunciation import spoken_words
from tertulia_stt.turn import Piece
from tertulia_stt.turn_end import SilenceBounds
from tertulia_stt.turn_taking import Act, Step, TurnRules, TurnTaking

NAMES = ("Luna", "Rex", "Sage")
WRITING = Writing(is_punctuated=False, language="en", names=NAMES)


@dataclass(frozen=True)
class Way:
    """The settings of one of the ways."""

    hangover_ms: int
    draft_ms: int
    rules: TurnRules


FIXED = SilenceBounds(640, 640, 640)
WAYS: Mapping[str, Way] = {
    "fixed": Way(640, 0, TurnRules(FIXED, 0, think_ahead=False, writing=WRITING)),
    "words": Way(224, 96, TurnRules(SilenceBounds(), 2000, think_ahead=False, writing=WRITING)),
    "ahead late": Way(224, 0, TurnRules(SilenceBounds(), 2000, think_ahead=True, writing=WRITING)),
    "ahead": Way(224, 96, TurnRules(SilenceBounds(), 2000, think_ahead=True, writing=WRITING)),
}


@dataclass
class Outcome:
    """The turns and replies of one recording. Times are in samples."""

    recording: Recording
    asked: int = 0
    """When the model was asked for the reply to the current version."""
    sound: int | None = None
    """When the reply to the current version is heard; None while it is not certain."""
    ends: list[int] = field(default_factory=list[int])
    sounds: list[int] = field(default_factory=list[int])
    texts: list[str] = field(default_factory=list[str])
    """The text of each turn, in its last version."""
    guesses: dict[str, int] = field(default_factory=lambda: {"kept": 0, "withdrawn": 0})

    @property
    def cut_ins(self) -> int:
        """The number of pauses in which a reply was heard."""
        return sum(
            any(before[1] * RATE <= at < after[0] * RATE for at in self.sounds)
            for before, after in pairwise(self.recording.speech)
        )

    def after_speech_ms(self, times: Sequence[int]) -> float:
        """Milliseconds from the end of the last word to the last of these times."""
        return (times[-1] / RATE - self.recording.speech[-1][1]) * 1000 if times else float("nan")


def recognized(decoder: Decoder, recording: Recording, hangover_ms: int, draft_ms: int) -> list[STTEvent]:
    """All events of the recognizer."""
    endpointing = EndpointSettings(hangover_ms=hangover_ms, draft_ms=draft_ms)
    recognizer = PocketSphinxRecognizer(decoder, endpointing, first_sample=0, on_close=lambda _: None)
    return [*recognizer.begin(), *recognizer.accept(recording.pcm), *recognizer.finish()]


def take_turns(recording: Recording, events: Sequence[STTEvent], way: Way, reply: int) -> Outcome:
    """Pass the events to turn-taking. `reply`: the number of samples between the request to the model and the reply's
    sound.
    """
    turns, outcome = TurnTaking(way.rules), Outcome(recording)
    for event in events:
        at = event.at_sample
        if outcome.sound is not None and outcome.sound <= at:
            outcome.sounds.append(outcome.sound)
            outcome.sound = None
        for step in _steps(turns, event):
            is_heard = step.act is Act.REOPEN and bool(outcome.sounds) and outcome.sounds[-1] >= outcome.ends[-1]
            turns.settle(step, is_applied=not is_heard)
            if not is_heard:
                _note(outcome, step, at, reply)
    if outcome.sound is not None:
        outcome.sounds.append(outcome.sound)
    return outcome


def _steps(turns: TurnTaking, event: STTEvent) -> Iterator[Step]:
    """The steps after an event. Each must be settled before the next one is made."""
    if (step := _step_at(turns, event)) is not None:
        yield step
    if isinstance(event, TranscriptionFinished):
        if event.text:
            turns.piece_finished(Piece(event.text, event.start_sample, event.speech_end, event.is_cut))
        else:
            turns.noise_finished()
    if isinstance(event, TranscriptionFinished | Silence) and (step := turns.due(event.at_sample)) is not None:
        yield step


def _step_at(turns: TurnTaking, event: STTEvent) -> Step | None:
    match event:
        case VadStart(at_sample=at):
            return turns.speech_began(at)
        case TranscriptionDraft(text=text, start_sample=start, speech_end_sample=end) if text:
            return turns.piece_drafted(Piece(text, start, end))
        case TranscriptionFinished(text=text):
            piece = Piece(text, event.start_sample, event.speech_end, event.is_cut)
            return None if turns.is_draft_of(piece) else turns.draft_dropped()
        case SpeechContinues():
            return turns.draft_dropped()
        case _:
            return None


def _note(outcome: Outcome, step: Step, at: int, reply: int) -> None:
    match step.act:
        case Act.GUESS:
            outcome.asked = at
        case Act.REOPEN:
            outcome.sound = None
            if step.turn.ended_at == 0 or step.turn.phase.value == "tentative":
                outcome.guesses["withdrawn"] += 1
            else:
                outcome.texts.pop()
        case Act.ACCEPT | Act.CONFIRM:
            if step.act is Act.ACCEPT:
                outcome.asked = at
            else:
                outcome.guesses["kept"] += 1
            outcome.ends.append(at)
            outcome.texts.append(step.turn.text)
            outcome.sound = max(at, outcome.asked + reply)


def report(name: str, outcomes: Sequence[Outcome]) -> None:
    """Print the table of one way."""
    pauses = sum(len(each.recording.speech) - 1 for each in outcomes)
    cut_ins = sum(each.cut_ins for each in outcomes)
    split = sum(len(each.texts) > 1 for each in outcomes)
    kept, withdrawn = (sum(each.guesses[result] for each in outcomes) for result in ("kept", "withdrawn"))
    print(
        f"\n{name}: {100 * cut_ins / max(1, pauses):.0f} cut-ins per 100 pauses ({cut_ins} of {pauses});"
        f" {split} of {len(outcomes)} turns split; guesses {kept} kept, {withdrawn} withdrawn"
    )
    for kind in dict.fromkeys(each.recording.kind for each in outcomes):
        rows = [each for each in outcomes if each.recording.kind == kind]
        ends = [each.after_speech_ms(each.ends) for each in rows]
        sounds = [each.after_speech_ms(each.sounds) for each in rows]
        print(
            f"  {kind:14} ({len(rows):2})  end of turn: median {median(ends):5.0f} ms, longest {max(ends):5.0f} ms;"
            f"  first sound: median {median(sounds):5.0f} ms"
        )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reply-ms", type=int, default=250, help="time from the request to the first sound")
    parser.add_argument("--each", action="store_true", help="also print a line for each recording")
    asked = parser.parse_args()
    spoken, decoder = list(recordings()), Decoder(spoken_words(NAMES))
    heard = {
        times: [recognized(decoder, recording, *times) for recording in spoken]
        for times in {(way.hangover_ms, way.draft_ms) for way in WAYS.values()}
    }
    outcomes: dict[str, list[Outcome]] = {}
    for name, way in WAYS.items():
        outcomes[name] = [
            take_turns(recording, events, way, asked.reply_ms * RATE // 1000)
            for recording, events in zip(spoken, heard[way.hangover_ms, way.draft_ms], strict=True)
        ]
        report(name, outcomes[name])
    for name in ("ahead late", "ahead"):
        pairs = zip(outcomes["words"], outcomes[name], strict=True)
        gains = [words.after_speech_ms(words.sounds) - ahead.after_speech_ms(ahead.sounds) for words, ahead in pairs]
        print(f"\n{name}: first sound earlier by {median(gains):.0f} ms (median)")
    for rows in zip(*outcomes.values(), strict=True) if asked.each else ():
        times = "  ".join(f"{row.after_speech_ms(row.ends):5.0f}" for row in rows)
        guesses = f"{rows[-1].guesses['kept']}+{rows[-1].guesses['withdrawn']}"
        print(f"  {times}  {guesses}  {rows[0].recording.name[:58]:58}  {' / '.join(rows[-1].texts)}")


if __name__ == "__main__":
    main()
