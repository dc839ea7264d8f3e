"""What the rules know about one language that separates words by spaces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tertulia_stt.turn_end.completeness import Completeness
    from tertulia_stt.turn_end.sentence import Sentence


def words(*lists: str) -> frozenset[str]:
    """The words of lists that separate them by spaces."""
    return frozenset(word for text in lists for word in text.split())


def phrases(*lists: str) -> frozenset[str]:
    """The phrases of lists that separate them by "/"."""
    return frozenset(phrase.strip() for text in lists for phrase in text.split("/"))


NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Grammar:
    """The words and phrases of a language, in lower case. A clause is the part of a sentence after its last comma,
    without the words of `lead`.
    """

    code: str
    """The language's BCP 47 tag."""
    never_last: frozenset[str]
    """Words after which a sentence always goes on: articles, conjunctions, most prepositions."""
    rarely_last: frozenset[str] = NONE
    """Words after which a sentence mostly goes on."""
    stranded: frozenset[str] = NONE
    """Words of `never_last` that may end a sentence with a question word ("Where are you from?")."""
    copulas: frozenset[str] = NONE
    """Forms of "be" and "have"."""
    modals: frozenset[str] = NONE
    """Forms of verbs that need another verb, such as "can" and "do"."""
    subjects: frozenset[str] = NONE
    """Pronouns that can only be a subject. After them follows a verb, unless they follow their verb."""
    both_cases: frozenset[str] = NONE
    """Pronouns that can be a subject or an object, such as "you" and "it"."""
    subordinators: frozenset[str] = NONE
    """Words that begin a clause which needs a main clause, such as "if"."""
    questions: frozenset[str] = NONE
    """Question words."""
    inverts: bool = False
    """True if the verb stands before the subject in a question."""
    question_needs_auxiliary: bool = False
    """True if a question has one of `copulas` or `modals` before its subject."""
    yes_no_starts: frozenset[str] = NONE
    """Words or phrases that begin a yes-no question, such as "est-ce que"."""
    second_person: frozenset[str] = NONE
    """Pronouns that follow the first verb only in a question ("kommst du"); for languages that invert any verb."""
    second_person_ending: str = ""
    """The ending of verbs that shows a question after a word that is also a conjunction (Polish "kiedy wracasz")."""
    fillers: frozenset[str] = NONE
    openers: frozenset[str] = NONE
    """Clauses that need more words, such as "I want to"."""
    tails: frozenset[str] = NONE
    """Phrases of two to four words after which every sentence goes on."""
    complete: frozenset[str] = NONE
    """Clauses that are a whole utterance, such as "yes" and "thank you"."""
    greetings: frozenset[str] = NONE
    calls: frozenset[str] = NONE
    """Words that call somebody, such as "hey"."""
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
    clause_rule: Callable[[Sentence, Grammar], Completeness | None] | None = None
    """A rule of this language alone. It runs before the marks count; None leaves the judgement to the other rules."""

    @cached_property
    def verbs_before_subject(self) -> frozenset[str]:
        return self.copulas | self.modals

    @cached_property
    def question_finders(self) -> frozenset[str]:
        return self.questions | self.subordinators

    @cached_property
    def words_before_subject(self) -> frozenset[str]:
        """Words that stand before a subject and are no verb."""
        return self.never_last | self.rarely_last | self.subjects | self.both_cases | self.subordinators | self.lead

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """All words of the lists."""
        lists = (getattr(self, field.name) for field in fields(self))
        found = (entry for value in lists if isinstance(value, frozenset) for entry in value)  # pyright: ignore[reportUnknownVariableType]
        return frozenset(word for entry in found for word in str(entry).split())  # pyright: ignore[reportUnknownArgumentType]
