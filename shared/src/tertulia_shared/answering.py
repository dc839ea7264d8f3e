"""Who answers in a conversation: the rules that a client sets. Pure.

Redis holds them as three fields of the conversation's state, the store with the conversation's settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

from tertulia_shared.codec import Value
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.ids import is_id

Mode = Literal["fitting", "everyone", "named", "in_turn"]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
MAX_MUTED: Final = 100
MAX_DISCUSSION: Final = 20
STORED_AS: Final = "answering"
"""The name of these rules among the stored settings of a conversation."""


@dataclass(frozen=True, slots=True)
class AnsweringRules:
    """The rules of one conversation.

    `mode`: "fitting" (the one who is addressed, else those whom the remark fits), "everyone" (the named ones, else
    all), "named" (only those who are named), "in_turn" (one after the other); None: the server's default.
    `muted`: the ids of characters that answer only if they are addressed by name.
    `discussion`: how many replies the characters give at most to one message; 0: they do not talk among themselves.
    """

    mode: Mode | None = None
    muted: tuple[str, ...] = ()
    discussion: int = 0

    def fields(self) -> dict[str, Value | None]:
        """The fields of the conversation's state."""
        return {
            StateField.ANSWERING: self.mode,
            StateField.MUTED: ",".join(self.muted) or None,
            StateField.DISCUSSION: self.discussion or None,
        }

    def stored(self) -> dict[str, Any]:
        """The rules as the store keeps them; empty if all are defaults."""
        if self == AnsweringRules():
            return {}
        return {STORED_AS: {"mode": self.mode, "muted": list(self.muted), "discussion": self.discussion}}


def rules_of(state: ConversationState) -> AnsweringRules:
    """The rules in a conversation's state. Impossible values count as missing."""
    discussion = state.get(StateField.DISCUSSION, b"").decode(errors="replace")
    return possible_rules(
        {
            "mode": state.get(StateField.ANSWERING, b"").decode(errors="replace"),
            "muted": state.get(StateField.MUTED, b"").decode(errors="replace").split(","),
            "discussion": int(discussion) if discussion.isascii() and discussion.isdigit() else 0,
        }
    )


def stored_rules(settings: Mapping[str, Any]) -> AnsweringRules:
    """The rules among the stored settings of a conversation. Impossible values count as missing."""
    rules = settings.get(STORED_AS)
    return possible_rules(cast("Mapping[str, Any]", rules)) if isinstance(rules, dict) else AnsweringRules()


def possible_rules(rules: Mapping[str, Any]) -> AnsweringRules:
    """The rules without the values that are impossible."""
    possible = {name: value for name, value in rules.items() if name in RULES and not rule_problem(name, value)}
    muted = tuple(dict.fromkeys(each for each in _list(rules.get("muted")) if is_id(each)))[:MAX_MUTED]
    return AnsweringRules(possible.get("mode") or None, muted, possible.get("discussion", 0))


def rule_problem(name: str, value: object) -> str:
    """What is wrong with a value that a client sets; "" if nothing is."""
    match name:
        case "mode":
            is_possible = value is None or value in MODES
            return "" if is_possible else f"`mode` must be one of {', '.join(MODES)}, or null for the server's default"
        case "muted":
            ids = _list(value)
            is_possible = isinstance(value, list | tuple) and len(ids) <= MAX_MUTED and all(map(is_id, ids))
            return "" if is_possible else f"`muted` must be a list of at most {MAX_MUTED} ids of characters"
        case "discussion":
            is_number = isinstance(value, int) and not isinstance(value, bool)
            is_possible = is_number and 0 <= cast("int", value) <= MAX_DISCUSSION
            return "" if is_possible else f"`discussion` must be a whole number from 0 to {MAX_DISCUSSION}"
        case _:
            return f"`{name[:40]}` is not known; known are {', '.join(RULES)}"


RULES: Final = ("mode", "muted", "discussion")


def _list(value: Any) -> list[str]:
    return [*cast("Sequence[str]", value)] if isinstance(value, list | tuple) else []
