"""The word lists of the languages that separate words by spaces, read from `words/*.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from importlib.resources import files
from typing import Final, cast

from tertulia_stt.turn_end.completeness import Completeness
from tertulia_stt.turn_end.sentence import Sentence

NONE: Final[frozenset[str]] = frozenset()


def words(text: str) -> frozenset[str]:
    """The words of a list."""
    return frozenset(text.split())


def phrases(text: str) -> frozenset[str]:
    """The phrases of a list that separates them by "/"."""
    return frozenset(" ".join(phrase.split()) for phrase in text.split("/"))


@dataclass(frozen=True, kw_only=True)
class Grammar:
    """The words and phrases of a language, in lower case. A clause is the part of a sentence after its last comma,
    without the words of `lead`.
    """

    code: str
    """The language's BCP 47 tag."""
    never_last: frozenset[str]
    """Words that never end a sentence: articles, conjunctions, most prepositions."""
    rarely_last: frozenset[str]
    """Words that rarely end a sentence."""
    stranded: frozenset[str] = NONE
    """Words of `never_last` that may end a sentence if it has a question word ("Where are you from?")."""
    topics: frozenset[str] = NONE
    """Prepositions before a topic, such as "about". They end a sentence with one of `tellings` only if the topic stands
    before them ("what I told you about").
    """
    tellings: frozenset[str] = NONE
    """Words that have a topic, such as "tell" and "story"."""
    copulas: frozenset[str] = NONE
    """Forms of "be" and "have"."""
    modals: frozenset[str] = NONE
    """Forms of verbs that need another verb, such as "can" and "do"."""
    infinitive_marker: frozenset[str] = NONE
    """The word before an infinitive: "to"."""
    subjects: frozenset[str] = NONE
    """Pronouns that can only be a subject. A verb follows them, unless it stands before them."""
    both_cases: frozenset[str] = NONE
    """Pronouns that can be a subject or an object, such as "you" and "it"."""
    subordinators: frozenset[str] = NONE
    """Words that begin a clause which needs a main clause, such as "if"."""
    reasons: frozenset[str] = NONE
    """Words of `subordinators` that begin an answer to "why"."""
    questions: frozenset[str] = NONE
    """Question words."""
    inverts: bool = False
    """True if the verb stands before the subject in a question."""
    question_needs_auxiliary: bool = False
    """True if a question has one of `copulas` or `modals` before its subject. Otherwise, a language with `inverts` has
    the verb second in main clauses, and last in other clauses.
    """
    yes_no_starts: frozenset[str] = NONE
    """Phrases that begin a yes-no question, such as "est-ce que"."""
    question_determiners: frozenset[str] = NONE
    """Words of `questions` that may stand before a noun or an adjective ("how old")."""
    question_nouns: frozenset[str] = NONE
    """Words of `questions` that are also nouns."""
    asks_last: bool = False
    """True if a question word stands in the place of the answer, which is often the end of the sentence."""
    question_subjects: frozenset[str] = NONE
    """Words of `questions` that are usually the subject ("who")."""
    complementizers: frozenset[str] = NONE
    """Words other than `subordinators` and `questions` that begin a clause with its verb at the end."""
    clitics: frozenset[str] = NONE
    """Objects before their verb ("je le veux")."""
    request_clitics: frozenset[str] = NONE
    """Clitics that may stand before an imperative."""
    partitives: frozenset[str] = NONE
    """Words that make "one" complete ("j'en veux un")."""
    ones: frozenset[str] = NONE
    """Words of `never_last` that also mean "one"."""
    comparatives: frozenset[str] = NONE
    """Words after which a sentence may end in a subject ("than I")."""
    second_person: frozenset[str] = NONE
    """Pronouns that follow the first verb only in a question ("kommst du"); for languages that invert any verb."""
    second_person_ending: str = ""
    """The ending of verbs that shows a question after a word that is also a conjunction (Polish "kiedy wracasz")."""
    fillers: frozenset[str] = NONE
    openers: frozenset[str] = NONE
    """Clauses that need more words, such as "I want to"."""
    tails: frozenset[str] = NONE
    """Phrases of one to four words that never end a sentence."""
    complete: frozenset[str] = NONE
    """Clauses that are a whole utterance, such as "yes" and "thank you"."""
    greetings: frozenset[str] = NONE
    calls: frozenset[str] = NONE
    """Words with which people address others, such as "hey"."""
    tags: frozenset[str] = NONE
    """Phrases at the end of a finished sentence, such as "please" and "isn't it"."""
    imperatives: frozenset[str] = NONE
    """Verbs that begin a request and have an object."""
    transitives: frozenset[str] = NONE
    """Verb forms that need an object."""
    negations: frozenset[str] = NONE
    """Words that may stand between a subject and its verb."""
    tens: frozenset[str] = NONE
    """Numbers to which a digit is often added, such as "twenty"."""
    points: frozenset[str] = NONE
    """The names of the decimal separator."""
    digits: frozenset[str] = NONE
    phone_words: frozenset[str] = NONE
    """Phrases that announce a telephone number."""
    firsts: frozenset[str] = NONE
    """Words that begin a list, such as "first"."""
    nexts: frozenset[str] = NONE
    """Words that continue a list, such as "second"."""
    lead: frozenset[str] = NONE
    """Words that may stand before a clause and do not change it."""
    common: frozenset[str] = NONE
    """Other frequent words, which show the language."""
    clause_rule: ClauseRule | None = None
    """A rule of this language. It runs before punctuation is considered. If it returns None, the other rules judge."""

    @cached_property
    def verb_second(self) -> bool:
        return self.inverts and not self.question_needs_auxiliary

    @cached_property
    def pronouns(self) -> frozenset[str]:
        return self.subjects | self.both_cases

    @cached_property
    def auxiliaries(self) -> frozenset[str]:
        return self.copulas | self.modals

    @cached_property
    def before_object(self) -> frozenset[str]:
        """Words that may stand before a verb whose object is still missing."""
        return self.pronouns | self.negations | self.auxiliaries

    @cached_property
    def clause_starts(self) -> frozenset[str]:
        return self.questions | self.subordinators

    @cached_property
    def not_verbs(self) -> frozenset[str]:
        """Words before a subject that are no verb."""
        return self.never_last | self.rarely_last | self.pronouns | self.subordinators | self.lead

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """All words of the lists."""
        lists = (cast("object", getattr(self, field.name)) for field in fields(self))
        entries = (entry for value in lists if isinstance(value, frozenset) for entry in cast("frozenset[str]", value))
        return frozenset(word for entry in entries for word in entry.split())


ClauseRule = Callable[[Sentence, Grammar], Completeness | None]

_PHRASES: Final = frozenset({"complete", "greetings", "openers", "phone_words", "tags", "tails", "yes_no_starts"})
_WORDS_FOLDER: Final = files("tertulia_stt.turn_end") / "words"


def read_words(code: str) -> dict[str, str | bool]:
    """The lists of a language."""
    return cast("dict[str, str | bool]", tomllib.loads((_WORDS_FOLDER / f"{code}.toml").read_text(encoding="utf-8")))


def read_grammar(code: str, clause_rule: ClauseRule | None) -> Grammar:
    """The grammar of a language. Each preposition together with each article is added to `tails`."""
    lists = read_words(code)
    prepositions = words(str(lists.pop("prepositions", "")))
    articles = words(str(lists.pop("articles", "")))
    values = {name: _value(name, value) for name, value in lists.items()}
    pairs = frozenset(f"{preposition} {article}" for preposition in prepositions for article in articles)
    values["tails"] = cast("frozenset[str]", values["tails"]) | pairs
    return Grammar(code=code, clause_rule=clause_rule, **values)  # pyright: ignore[reportArgumentType]


def _value(name: str, value: str | bool) -> frozenset[str] | str | bool:  # noqa: FBT001 - a value of the file
    if isinstance(value, bool) or name == "second_person_ending":
        return value
    return phrases(value) if name in _PHRASES else words(value)
