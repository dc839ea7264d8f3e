"""Classifies the user's message by keyword rules, for typed text and for transcripts without punctuation. Pure."""

# ruff: noqa: E501 - a table is easier to read with one rule per line
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tertulia_llm.demo.topics import topic_of


class Intent(StrEnum):
    """The intents of a user's message. Each voice has lines for some of them, and general lines for the rest."""

    OPENING = "opening"
    """The conversation does not have a message yet."""
    STORY = "story"
    JOKE = "joke"
    ARITHMETIC = "arithmetic"
    TIME = "time"
    WEATHER = "weather"
    INTRODUCTION = "introduction"
    RECALL_NAME = "recall_name"
    NATURE = "nature"
    """For example: are you real, are you a machine, is this a demo?"""
    WHO = "who"
    HEARING = "hearing"
    """The user tests the microphone or the sound."""
    HOW_ARE_YOU = "how_are_you"
    HELP = "help"
    CONNECT = "connect"
    """The user asks how to use a real model."""
    THANKS = "thanks"
    GOODBYE = "goodbye"
    DISCUSS = "discuss"
    """The user asks the characters to talk among themselves."""
    OPINION = "opinion"
    WHY = "why"
    HOW = "how"
    TELL = "tell"
    YES_NO = "yes_no"
    QUESTION = "question"
    FEELING_LOW = "feeling_low"
    FEELING_GOOD = "feeling_good"
    COMPLIMENT = "compliment"
    RUDE = "rude"
    AMUSED = "amused"
    """The user laughs or smiles: "haha", or only an emoji."""
    GREETING = "greeting"
    AGREE = "agree"
    DISAGREE = "disagree"
    REQUEST = "request"
    """The user wants something done: write this, recommend me something."""
    FOREIGN = "foreign"
    """No word of the message is English."""
    STATEMENT = "statement"


@dataclass(frozen=True, slots=True)
class Heard:
    """`topic`: what the message is about, as a character says it ("your dog"), or "". `subject`: the key of the lines
    about it, or "" (see `topics`). `answer`: a sum's result, or "".
    """

    intent: Intent
    topic: str = ""
    subject: str = ""
    answer: str = ""


_AUXILIARY = "is|are|am|was|were|do|does|did|can|could|will|would|shall|should|may|might|must|have|has|had|isn't|aren't|don't|doesn't|won't"

_QUANTITY = r"\bhow (?:far|many|much|old|long|big|tall|high|deep|fast|hot|cold|heavy|large|often)\b"
"""Asks for a number, which the demo does not know, although it may have lines about the topic."""
# A remark that asks for the same as the user's message before: "and you, Rex?", "another one!"
_REFERS_BACK = re.compile(
    r"(?:(?:and|so|ok|okay|please|yes|yeah|yay|haha|now) )*(?:(?:what|how) about )?"
    r"(?:you(?: too)?|yours|(?:(?:tell|give) (?:me|us) )?(?:another(?: one)?|one more|again|once more|more|encore))"
    r"(?: please)?"
)
_SAD = frozenset("\U0001f622\U0001f62d\U0001f641\u2639\U0001f494\U0001f61e\U0001f614\U0001f625")
# The first rule that matches decides, so specific rules stand above general ones: "hi luna, tell me a joke" is a joke.
_RULES: tuple[tuple[Intent, re.Pattern[str]], ...] = tuple(
    (intent, re.compile(pattern))
    for intent, pattern in (
        (Intent.STORY, r"^(?:please |now |and |then )*(?:an? )?(?:\w+ )?(?:story|tale|fairy ?tale)\b|\b(?:tell|read)\b.*\b(?:story|stories|tales?|fairy ?tales?)\b|\b(?:another|one more|know any|know a|hear a|want a|like a|love a|bedtime|make up a|need a)\b(?: \w+)?(?: \w+)? (?:story|stories|tales?|fairy ?tales?)\b"),
        (Intent.JOKE, r"\b(joke|jokes|make (me|us) laugh|something funny|pun)\b"),
        (Intent.TIME, r"\bwhat(?:'s| is| was)? (?:the )?(?:time|date|day|year)\b|\bwhat time\b|\bwhich day\b|\bo'?clock\b"),
        (Intent.WEATHER, r"\b(weather|forecast|temperature outside|raining|snowing|(?:is|will) it (?:going to |gonna )?(?:be )?(?:rain|snow|sunny|cold|hot))\b"),
        (Intent.RECALL_NAME, r"\b(what(?:'s| is) my name|who am i|(?:know|remember) my name|(?:know|remember) who i am)\b"),
        (Intent.NATURE, r"\bare you (?:\w+ )?(?:real|human|an? ai|an? bot|an? robot|an? machine|an? computer|an? demo|a (?:language )?model|alive|conscious|chatgpt)\b|\bwhat model\b|\b(?:is|are) (?:this|it|that|these|you) (?:all |just |only |really )?(?:a |the )?(?:demo|script|scripted|recorded|fake|real)\b"),
        (Intent.HEARING, r"\b(?:can|could|do) you (?:\w+ )?(?:hear|understand) (?:me|us)\b|^(?:testing|test)\b|\bis this (?:thing )?(?:on|working)\b|\bone two three\b|\bare you (?:still )?(?:there|here|listening)\b"),
        (Intent.WHO, r"\b(who are you|what are you|what(?:'s| is) your name|(?:introduce|(?:more|tell (?:me|us)(?: \w+)?) about|describe) yourself|who is this|your name)\b"),
        (Intent.HOW_ARE_YOU, r"\b(how are you|how're you|how do you feel|how have you been|how(?:'s| is) it going|how(?:'s| is| was) your (?:day|night|evening|morning)|are you (?:ok|okay|well|alright)|what's up)\b"),
        (Intent.CONNECT, r"\b(?:connect|use|add|get|install|choose|switch to|set up)\b.*\b(?:models?|openai|ollama|openrouter|llms?|api key)\b"),
        (Intent.HELP, r"\b(what can (?:you|we|i) (?:do|say|ask|talk)|help me(?: out)?(?: please)?(?=[.!? ]*$)|i(?:'m| am) (?:so )?bored|what should (?:we|i) (?:ask|say|talk)|how does this work)\b"),
        (Intent.INTRODUCTION, r"\b(?:my name(?:'s| is)|call me)\s+\w+"),
        (Intent.THANKS, r"\b(thanks|thank you|thx|cheers|much appreciated|grateful)\b"),
        (Intent.GOODBYE, r"\b(goodbye|good ?night|bye|farewell|see you|talk to you later|gotta go|have to go|take care)\b"),
        (Intent.DISCUSS, r"\b(discuss|debate|argue|(?:talk|chat) (?:among(?:st)?|between|with each other|to each other|it over)|among(?:st)? yourselves)\b"),
        (Intent.RUDE, r"^(?!.*\b(?:i feel|i am|i'm)\b).*\b(?:fuck\w*|idiots?|stupid|dumb|morons?|shit|assholes?|bitch|shut up|screw you|piss off|go to hell|you suck|i hate you|you(?:'re| are) (?:\w+ )?(?:boring|annoying|useless|ugly|terrible|awful|lame|worthless))\b"),
        (Intent.FEELING_LOW, r"^(?=.*\b(?:i|i'm|i've|my|me)\b)(?!.*\byou\b).*\b(sad|tired|lonely|alone|afraid|scared|worr(?:y|ied|ying)|anxious|stressed|angry|upset|sick|ill|hurts?|cry(?:ing)?|exhausted|depressed|terrible|awful|horrible|bad (?:day|night|week|dream)|rough|miss|died|dead|broke up|failed|(?:yelled|shouted|screamed|laughed) at me|fired|dumped|bullied|lost my)\b"),
        (Intent.OPINION, r"\bwhat does? (?:\w+ )?(?:think|make|say)\b|\b(what do you (?:\w+ )?(?:think|make|say)|your (?:opinion|view|favou?rite|thoughts|take)|do you (?:\w+ )?(?:like|love|enjoy|prefer|hate|believe|think)|do you have (?:an?|any) favou?rite|how do you like|would you rather)\b"),
        (Intent.WHY, r"\bwhy\b|\bhow come\b|\bwhat for\b"),
        (Intent.QUESTION, rf"{_QUANTITY}"),
        (Intent.HOW, r"^(?:\w+ ){0,3}how\b"),
        (Intent.REQUEST, r"^(?:(?:please|can you|could you|would you|will you|now|and|so) )*(?:write|draw|sing|play|translate|find|search|open|call|send|set|remind|order|book|show|make|give|read|count|list)\b|\bi (?:want|need) you to\b|\bhelp me \w"),
        (Intent.TELL, r"\b(tell (?:me|us)|talk (?:to me |to us )?about|explain|describe|say something|teach me|show me)\b"),
        (Intent.YES_NO, rf"^(?:(?:so|and|but|well|hey|hi|hello|ok|okay|please|say|now) )*(?:{_AUXILIARY}) (?:\w+)"),
        (Intent.QUESTION, r"\b(what|what's|who|who's|whom|whose|where|where's|when|which)\b(?! a\b)|\?"),
        (Intent.COMPLIMENT, r"\b(you(?:'re| are) (?:\w+ )?(?:great|nice|funny|kind|lovely|sweet|clever|smart|wonderful|amazing|beautiful|the best)|i (?:like|love) (?:you|your|that)|well (?:said|done)|nice one|good one|that(?:'s| is| was) (?:an? )?(?:\w+ )?(?:beautiful|lovely|great|wonderful|funny|nice|sweet|amazing|cool|awesome|brilliant|perfect|interesting))\b|^(?:oh )?(?:wow|beautiful|lovely|amazing|awesome|brilliant|nice|cool|great|wonderful|bravo|perfect)(?: story| joke| idea| stuff)?[.! ]*$"),
        (Intent.AMUSED, r"^(?:oh |ok )?(?:a?(?:ha){2,}h?|(?:he){2,}|(?:hi){2,}|lol|lmao|rofl)\b"),
        (Intent.FEELING_GOOD, r"\b(happy|excited|glad|wonderful|fantastic|proud|in love|delighted|great day|good day|i (?:passed|won)|promoted|engaged|my birthday|i(?:'m| am) (?:fine|good|great|well|okay))\b"),
        (Intent.GREETING, r"^(?:oh |well )?(?:hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)|welcome|hola)\b"),
        (Intent.AGREE, r"^(?:oh |well )?(?:yes|yeah|yep|yup|sure|ok|okay|of course|right|exactly|absolutely|i agree|true|indeed|please do)\b"),
        (Intent.DISAGREE, r"^(?:oh |well )?(?:no|nope|nah|never|not really|i (?:don't|do not) agree|i disagree|wrong|i don't think so)\b"),
    )
)  # fmt: skip

_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_NUMBER_WORDS = {word: n for n, word in enumerate(_UNITS)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_NUMBER_WORDS["hundred"] = 100
_WORD = "|".join(sorted(_NUMBER_WORDS, key=len, reverse=True))
_NUMBER = rf"-?\d{{1,9}}(?:\.\d{{1,6}})?(?![\d.]*\d)|(?:(?:{_WORD})\b[ -]?){{1,3}}"
_SUM = re.compile(
    rf"(?<![\w.])({_NUMBER})\s*(plus|added to|\+|minus|less|-|\u2212|times|multiplied by|x|\*|\u00d7|divided by|over|/|\u00f7)\s*({_NUMBER})(?!\w)"
)  # fmt: skip
# "2 plus 3 times 4", "2 plus 3 percent": give no answer, because the sum of the first two numbers would be wrong
_MORE_TO_COUNT = re.compile(
    r"\s*(?:plus|added|minus|less|times|multiplied|divided|over|percent|[-+*/%^x\u2212\u00d7\u00f7])"
)
_ASKED_FOR_A_SUM = re.compile(
    r"\b(what(?:'s| is| are| does)?|how much|calculate|compute|count|equals?)\b|=\s*\??$|^[\d\s.+*/x\u00d7\u00f7\u2212-]+\??$"
)

_STOP = frozenset(
    """
    a about actually again all also am an and any anything are aren't as ask at be because been being but by can can't could
    did do does doesn't doing don't each else even ever every few for from get give go goes going gonna good got had has have
    having he hello her here hers hey hi him his how i i'd i'll i'm i've if in into is isn't it it's its just kind know let
    let's like little lot make many maybe me mean might mine more most much must my need never nice no not now of off oh ok
    okay on one only or other our out over please quite really right said same say see seems she should since so some
    something still such sure take tell than thank thanks that that's the their them then there these they thing things
    think this those to today too told try two up us very want wanted was wasn't way we well were what what's when where
    which while who whom whose why will with without won't would yes yet you you'd you'll you're you've your yours always
    today tonight tomorrow yesterday bit put keep keeps feel feels word words talk agree disagree won win made happen happened
    happens come came work works play eat found discuss debate argue yourselves among amongst talks talking bought saw look looks best worst big live lives mind sounds asked called
    """.split()  # noqa: SIM905 - a list of two hundred quoted words is harder to read
)


def hear(text: str, *, names: Iterable[str] = ()) -> Heard:
    """Classify `text`. `names`: the characters' names. In the text they address a character, so they are not its
    topic.
    """
    plain = without_names(text, names)
    lowered = plain.lower()
    if not any(char.isalnum() for char in lowered):
        return Heard(_wordless(text, plain))
    answer = _calculate(lowered)
    if answer:
        return Heard(Intent.ARITHMETIC, answer=answer)
    bare = re.sub(r"[,;:\"\u201c\u201d]+", "", lowered)
    intent = next((intent for intent, pattern in _RULES if pattern.search(bare)), Intent.STATEMENT)
    topic = topic_of(plain)
    if intent is Intent.QUESTION and re.search(_QUANTITY, bare):
        return Heard(intent, topic.phrase)
    if intent in (Intent.STATEMENT, Intent.QUESTION) and not topic.phrase and is_foreign(bare):
        return Heard(Intent.FOREIGN)
    return Heard(intent, topic.phrase, topic.subject)


def _wordless(text: str, plain: str) -> Intent:
    """The intent of a message without words. `plain`: the message without names."""
    if any(char in _SAD for char in plain):
        return Intent.FEELING_LOW
    if any(unicodedata.category(char) == "So" for char in plain):
        return Intent.AMUSED
    if "?" in plain and plain.strip() == text.strip():
        return Intent.HELP
    # only names: the user addresses the characters, so they greet the user
    return Intent.GREETING if text.strip() else Intent.OPENING


def refers_back(text: str, *, names: Iterable[str] = ()) -> bool:
    """True if the message asks for the same as the user's message before it."""
    words = re.sub(r"[^\w\s']+", " ", without_names(text, names).lower())
    return _REFERS_BACK.fullmatch(" ".join(words.split())) is not None


def user_name(text: str) -> str:
    """The user's name if `text` gives it ("my name is Jay", "call me Jay"), or ""."""
    found = re.search(r"\b(?:my name(?:'s| is)|call me)\s+([^\W\d_][\w'-]{0,30})", _straight(text), re.IGNORECASE)
    if not found or found[1].lower() in _STOP:
        return ""
    return found[1][:1].upper() + found[1][1:]


def without_names(text: str, names: Iterable[str]) -> str:
    """`text` on one line with straight quotes. The characters' names and the commas around them are removed."""
    plain = " ".join(_straight(text).split())
    parts = {part for name in names for part in (name, *name.split()) if len(part) > 1}
    if parts:
        any_name = "|".join(re.escape(part) for part in sorted(parts, key=lambda part: (-len(part), part)))
        plain = re.sub(rf"[,\s]*(?:\band\s+)?\b(?:{any_name})\b(?!'s)(?:\s*,)?", " ", plain, flags=re.IGNORECASE)
    return re.sub(r"\s+([?!.,])", r"\1", " ".join(plain.split())).strip(" ,")


def is_foreign(text: str) -> bool:
    """True if a text of several words has no common English word, or if it has letters that English lacks."""
    words = re.findall(r"[^\W\d_][\w']*", text)
    has_own_letters = any(not letter.isascii() for letter in text if letter.isalpha()) or "\u00bf" in text
    return bool(words) and (len(words) > 1 or has_own_letters) and not _STOP.intersection(words)


def _straight(text: str) -> str:
    return text.replace("\u2019", "'").replace("\u2018", "'")


def _calculate(text: str) -> str:
    found = _SUM.search(text)
    if not found or not _ASKED_FOR_A_SUM.search(text) or _MORE_TO_COUNT.match(text, found.end()):
        return ""
    left, sign, right = _number(found[1]), found[2], _number(found[3])
    match sign:
        case "plus" | "added to" | "+":
            value = left + right
        case "minus" | "less" | "-" | "\u2212":
            value = left - right
        case "times" | "multiplied by" | "x" | "*" | "\u00d7":
            value = left * right
        case _:
            if not right:
                return "nothing at all, since nobody can divide by zero"
            value = left / right
    # no more than three decimals, because the result is read aloud
    return f"{value:.3f}".rstrip("0").rstrip(".") or "0"


def _number(text: str) -> float:
    words = re.findall(r"[a-z]+", text)
    if not words:
        return float(text)
    value = 0
    for word in words:
        value = max(value, 1) * 100 if word == "hundred" else value + _NUMBER_WORDS[word]
    return float(value)
