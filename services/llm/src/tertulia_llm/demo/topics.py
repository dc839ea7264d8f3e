"""Finds what a message is about: one of the topics that the demo knows. Pure.

Only words of these tables are ever said again. A topic that was cut out of the user's text ("the hear", "After Ed")
sounds broken, so unknown words have no topic.
"""

# ruff: noqa: E501 - a table is easier to read with one topic per line
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Topic:
    """`phrase`: as a character says it ("the sea", "your old dog"); "" if there is none. `subject`: the key of the
    lines about it (`Voice.topics`).
    """

    phrase: str = ""
    subject: str = ""


SUBJECTS: Final = {
    "sky": "sky|stars?|moon|planets?|galaxy|galaxies|milky way|constellations?|comets?|universe|space|up there|astronomy"
    "|telescopes?|mars|venus|jupiter|saturn|black holes?",
    "rain": "rain|rainy|storms?|thunder|umbrellas?|clouds?",
    "sea": "sea|ocean|beach|waves|lighthouse|boats?|ships?|sailing",
    "winter": "winter|snow|cold|ice|christmas",
    "coffee": "coffee|tea|breakfast|cafe",
    "animals": "dogs?|cats?|kittens?|pupp(?:y|ies)|horses?|birds?|owls?|pets?|animals?",
    "music": "music|songs?|sing|piano|guitars?|jazz|concerts?|dance|dancing",
    "books": "books?|novels?|poems?|poetry|reading|library",
    "food": "food|cook|cooking|dinner|lunch|bread|soup|cake|recipes?|pizza|cheese|apples?|chocolate",
    "love": r"(?<!i )(?<!you )(?<!we )(?<!they )(?<!to )(?<!would )(?<!really )love|marriage|romance|heartbreak",
    "ghosts": "ghosts?|haunted|spirits|magic|aliens?",
    "crime": "murders?|crimes?|murderers?|killed|killer|thief|thieves|police|detectives?|suspects?|clues?",
}  # fmt: skip
_PHRASES: Final = {
    "sky": "the night sky", "rain": "rain", "sea": "the sea", "winter": "winter", "coffee": "coffee",
    "animals": "animals", "music": "music", "books": "books", "food": "good food", "love": "love", "ghosts": "ghosts",
    "crime": "crime",
}  # fmt: skip
_OWN_PHRASE: Final = {
    "star": "the stars", "stars": "the stars", "moon": "the moon", "universe": "the universe", "mars": "Mars",
    "venus": "Venus", "jupiter": "Jupiter", "saturn": "Saturn", "black hole": "black holes", "black holes": "black holes",
    "storm": "storms", "storms": "storms", "snow": "snow", "tea": "tea", "dog": "dogs", "dogs": "dogs", "cat": "cats",
    "cats": "cats", "bird": "birds", "birds": "birds", "owl": "owls", "owls": "owls", "jazz": "jazz", "dancing": "dancing",
    "poetry": "poetry", "bread": "bread", "soup": "soup", "cheese": "cheese", "cake": "cake", "aliens": "aliens",
    "magic": "magic",
}  # fmt: skip
"""Words that are said again as they are, in place of their subject's phrase."""
_PLAIN: Final = {
    "work": "work|job|office|boss", "money": "money|taxes|rich", "school": "school|homework|exams?|university",
    "football": "football|soccer", "travel": "travel|travelling|journeys?|holidays?|vacation", "summer": "summer",
    "autumn": "autumn", "spring": "springtime", "gardens": "gardens?|flowers?|roses?|trees?|forest",
    "mountains": "mountains?|hiking", "the city": "city|cities|town", "trains": "trains?", "old age": "old age|getting old",
    "friendship": "friends?|friendship", "happiness": "happiness", "courage": "courage|brave", "silence": "silence",
    "dreams": "dreams?", "art": "art|paintings?|museums?", "films": "films?|movies?|cinema", "history": "history",
    "computers": "computers?|robots?|internet",
    "talking machines": "ai|a\\.i\\.|artificial intelligence|chatgpt", "chess": "chess", "sleep": "sleep|insomnia",
    "family": "family|mother|father|sister|brother|parents",
}  # fmt: skip
_OWNED: Final = [
    "dog",
    "cat",
    "horse",
    "bird",
    "boat",
    "ship",
    "house",
    "garden",
    "car",
    "bike",
    "bicycle",
    "guitar",
    "piano",
    "book",
    "mother",
    "father",
    "sister",
    "brother",
    "friend",
    "family",
    "job",
    "boss",
    "telescope",
    "umbrella",
    "coffee",
    "tea",
    "hat",
    "coat",
    "town",
    "city",
    "street",
    "kitchen",
    "school",
]
_ADJECTIVES: Final = "old new little big small young red blue green black white first last best favourite favorite"
_MINE = re.compile(rf"\b(?:my|our) ((?:(?:{_ADJECTIVES.replace(' ', '|')}) )?(?:{'|'.join(_OWNED)}))\b", re.IGNORECASE)
_KNOWN: Final = [
    *(
        (re.compile(rf"\b(?:{words})\b", re.IGNORECASE), subject, _PHRASES[subject])
        for subject, words in SUBJECTS.items()
    ),
    *((re.compile(rf"\b(?:{words})\b", re.IGNORECASE), "", phrase) for phrase, words in _PLAIN.items()),
]


def topic_of(text: str) -> Topic:
    """The first known topic in `text`."""
    found = [(match.start(), -len(match[0]), match[0], subject, phrase) for pattern, subject, phrase in _KNOWN
             if (match := pattern.search(text))]  # fmt: skip
    mine = _MINE.search(text)
    if not found:
        return Topic(f"your {mine[1].lower()}") if mine else Topic()
    _, _, word, subject, phrase = min(found)
    if mine:
        return Topic(f"your {mine[1].lower()}", subject if word.lower() in mine[1].lower() else "")
    return Topic(_OWN_PHRASE.get(word.lower(), phrase), subject)
