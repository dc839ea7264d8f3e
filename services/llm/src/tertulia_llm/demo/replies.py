"""All replies of a character that fit a scene, best first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from tertulia_llm.demo.intents import Heard, Intent, hear, refers_back
from tertulia_llm.demo.scene import Scene
from tertulia_llm.demo.voices.general import GENERAL
from tertulia_llm.demo.voices.luna import LUNA
from tertulia_llm.demo.voices.rex import REX
from tertulia_llm.demo.voices.sage import SAGE
from tertulia_llm.demo.voices.voice import Voice
from tertulia_llm.text.stage_notes import Cue

VOICES: Mapping[str, Voice] = {"luna": LUNA, "rex": REX, "sage": SAGE}

_FULL_REPLY_SENTENCES = 3
"""A reply with fewer sentences gets a closing sentence, if one fits and the reply does not end in a question."""
_OPEN_ENDED = frozenset(
    {Intent.OPINION, Intent.WHY, Intent.HOW, Intent.TELL, Intent.YES_NO, Intent.QUESTION, Intent.STATEMENT}
)
_EXPLANATIONS = frozenset({Intent.WHY, Intent.HOW})
"""A remark about the topic does not answer these."""
_RECOGNISED_CHARS = 24
"""Number of characters of a template that are enough to recognise it in an earlier reply, even one that was cut off."""
_SENTENCE_END = re.compile(r"[.!?](?= |$)")
_FIELD = re.compile(r"\{\w+\}")


@dataclass(frozen=True, slots=True)
class _Choice:
    """A filled-in template. `mark`: a part of the template's fixed text, by which it is recognised in earlier
    replies.
    """

    text: str
    mark: str


def voice_of(name: str) -> Voice:
    """The voice of the character `name`, or the general voice if the character has none."""
    words = name.casefold().split()
    return VOICES.get(words[0], GENERAL) if words else GENERAL


def closing_words(scene: Scene, seed: int) -> Iterator[str]:
    """The speaker's closing sentences, the least recently used first."""
    return iter(_ordered(_choices(voice_of(scene.speaker).closers), scene, seed))


def continuation(scene: Scene, seed: int) -> str:
    """Words that complete any unfinished sentence."""
    return _ordered(_choices(voice_of(scene.speaker).continuations), scene, seed)[0]


def fitting_replies(scene: Scene, seed: int) -> Iterator[str]:
    """Yield all replies that fit the scene, best first. The demo model sends the first one.

    The order depends only on the scene and the seed. The templates that the speaker has used come last, and the one
    used most recently is the very last. Each intent has at least two templates, so a character never gives the same
    reply twice in a row.
    """
    voice = voice_of(scene.speaker)
    heard = _heard(scene)
    fields = _fields(scene, heard)
    among_themselves = _among_themselves(voice, scene)
    if among_themselves:
        used = (*scene.own, *(line.text for line in scene.answers))  # characters without a voice of their own share one
        yield from _ordered(_choices(among_themselves, fields), scene, seed, used)
        return
    is_open = heard.intent in _OPEN_ENDED
    about = voice.topics.get(heard.subject, ()) if is_open and heard.intent not in _EXPLANATIONS else ()
    lines = _choices(about or voice.lines.get(heard.intent) or GENERAL.lines[heard.intent], fields)
    # without a topic the previous reply was a greeting, a joke, or an excuse: nothing to react to
    reactions = _choices(voice.reactions, fields) if fields["other"] and is_open and heard.topic else []
    for line in _ordered(lines, scene, seed):
        if reactions:
            for reaction in _ordered(reactions, scene, seed):
                yield f"{reaction} {line}"
        elif is_open and not about and _wants_closing(line):
            for closer in closing_words(scene, seed):
                yield f"{line} {closer}"
        else:
            yield line


def _heard(scene: Scene) -> Heard:
    """What the user wants: by the last message, or by the one to which it refers ("and you, Rex?")."""
    names = [*VOICES, *scene.others, scene.speaker]
    told = (scene.said, *reversed(scene.said_before))
    return hear(next((text for text in told if not refers_back(text, names=names)), scene.said), names=names)


def _among_themselves(voice: Voice, scene: Scene) -> tuple[str, ...]:
    """The lines for a reply that does not answer the user; none if it does."""
    if scene.cue is Cue.DISCUSS and scene.answers:
        return voice.discussion
    if scene.cue is Cue.GO_ON and scene.own:
        return voice.more
    return ()


def _fields(scene: Scene, heard: Heard) -> dict[str, str]:
    other = scene.answers[-1] if scene.answers else None
    story_topic = heard.topic if heard.intent is Intent.STORY else ""
    return {
        "name": scene.speaker or "your host",
        "persona": scene.persona or "somebody who likes good company",
        "user": f", {scene.user}" if scene.user else "",
        "called": f"You are {scene.user}" if scene.user else "Nobody has told me your name yet",
        "topic": heard.topic,
        "Topic": heard.topic[:1].upper() + heard.topic[1:],
        "about": f", even if it is not quite about {story_topic}" if story_topic else "",
        "answer": heard.answer,
        "other": other.name if other else "",
    }


def _choices(templates: Sequence[str], fields: Mapping[str, str] | None = None) -> list[_Choice]:
    """The templates, filled in. A template is left out if it has a topic field without a value."""
    fields = fields or {}
    empty = [f"{{{field}}}" for field in ("topic", "Topic") if not fields.get(field)]
    return [
        _Choice(template.format_map(fields), max(_FIELD.split(template), key=len).strip()[:_RECOGNISED_CHARS])
        for template in templates
        if not any(field in template for field in empty)
    ]


def _ordered(choices: Sequence[_Choice], scene: Scene, seed: int, used: Sequence[str] | None = None) -> list[str]:
    """The texts of the choices: first the unused ones, then the used ones, the most recently used one last.

    The unused choices begin at an offset that changes with every turn, and by one with the next seed: the seeds of the
    versions of a reply differ in their last bits. `used`: the earlier lines that count; by default
    the speaker's own.
    """
    used = scene.own if used is None else used
    key = blake2b(f"{seed >> 6}\0{scene.speaker}\0{scene.said}".encode("utf-8", "replace"), digest_size=8)
    start = (int.from_bytes(key.digest(), "big") + (seed & 0b111111) + scene.lines_before) % len(choices)
    turned = [*choices[start:], *choices[:start]]
    return [choice.text for choice in sorted(turned, key=lambda choice: _last_said(choice, used))]


def _last_said(choice: _Choice, earlier: Sequence[str]) -> int:
    """The index (from 1) of the latest of these earlier lines in which the choice was used; 0 if it was not used."""
    for index in range(len(earlier) - 1, -1, -1):
        heard = earlier[index].rstrip(" .…")  # an interruption may have cut off the end of the line
        if choice.mark in earlier[index] or (heard and choice.text.startswith(heard)):
            return index + 1
    return 0


def _wants_closing(line: str) -> bool:
    return not line.endswith("?") and len(_SENTENCE_END.findall(line)) < _FULL_REPLY_SENTENCES
