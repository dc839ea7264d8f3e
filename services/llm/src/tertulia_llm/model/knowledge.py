"""What this process has learned about the models of its server. No I/O.

It is kept only in memory. After a restart, a worker learns it again, which costs one request per refusal.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from tertulia_llm.model.adaptation import Adaptations
from tertulia_llm.model.context_window import LEAST_WINDOW, Overflow
from tertulia_llm.model.tokens import TokenScale

MAX_MODELS = 256
"""Maximum number of models, since clients can choose any names. The least recently used model is forgotten."""
MAX_QUESTIONS = 4
"""How many times the server is asked for the context window of one model."""
MAX_REMEMBERED = 64
"""Maximum number of refusals of one model that are remembered as not ended by a change."""
SHRINK = 0.7
"""When a prompt is too long and the window's size unknown, the size is assumed to be this share of what was sent."""


@dataclass(slots=True)
class KnownModel:
    """What is known about one model. `set_window`: the window in the settings. All sizes are in tokens."""

    name: str
    set_window: int | None = None
    told_window: int | None = None
    """The window according to the server's list of models."""
    refused_window: int | None = None
    """The window according to the server's refusal of a prompt; or a guess, smaller than the refused prompt."""
    is_refused_guess: bool = False
    adaptations: Adaptations = field(default_factory=Adaptations)
    before_refusals: dict[str, Adaptations] = field(default_factory=dict[str, Adaptations])
    """The adaptations before each refusal since the last reply, by what it says."""
    useless_changes: set[str] = field(default_factory=set[str])
    """Refusals since the last reply that a change did not end."""
    scale: TokenScale = field(default_factory=TokenScale)
    questions: int = 0
    """How many times the server was asked for the window."""
    uses: int = 0
    """How many requests for this model have ended."""

    @property
    def window(self) -> int | None:
        """The context window to use; None if it is unknown."""
        refused = None if self.is_refused_guess and self.told_window else self.refused_window
        return min((size for size in (self.set_window, self.told_window, refused) if size), default=None)

    @property
    def may_ask(self) -> bool:
        """True if the server should be asked for the window: once at the start, then after replies, up to
        `MAX_QUESTIONS` times.
        """
        return self.window is None and self.questions < MAX_QUESTIONS and self.questions <= self.uses

    @property
    def has_news(self) -> bool:
        """True if there is something to publish about the model."""
        return self.window is not None or bool(self.adaptations.described())

    def adapt(self, adaptations: Adaptations, refusal: str) -> None:
        """Change the requests after a refusal. `refusal`: what it says."""
        self.before_refusals.setdefault(refusal, self.adaptations)
        self.adaptations = adaptations

    def unhelpful(self, refusal: str) -> None:
        """Undo the change after a refusal, because the server refuses the changed request with the same words."""
        before = self.before_refusals.get(refusal)
        if before is not None:
            self.adaptations = before
            self.before_refusals.clear()
            if len(self.useless_changes) < MAX_REMEMBERED:
                self.useless_changes.add(refusal)

    def replied(self) -> None:
        """Note that the server has answered: the changes have helped."""
        self.before_refusals.clear()
        self.useless_changes.clear()

    def state_of_window(self) -> tuple[int | None, bool, float]:
        """What is known about the window, to pass to `restore_window`."""
        return self.refused_window, self.is_refused_guess, self.scale.factor

    def restore_window(self, state: tuple[int | None, bool, float]) -> None:
        """Forget the guesses made since `state`: even the shorter prompts were refused. A size that the server stated
        is kept.
        """
        window, is_guess, self.scale.factor = state
        if self.is_refused_guess:
            self.refused_window, self.is_refused_guess = window, is_guess

    def overflowed(self, overflow: Overflow, estimate: float, sent_tokens: float) -> None:
        """Learn from a prompt that was refused as too long.

        `estimate`: the prompt's estimated tokens. `sent_tokens`: these tokens and the maximum of the reply's.
        """
        if overflow.prompt_tokens:
            self.scale.raise_to_at_least(overflow.prompt_tokens / max(1.0, estimate))
        if overflow.window:
            self.refused_window, self.is_refused_guess = overflow.window, False
        else:
            self.refused_window = max(LEAST_WINDOW, int(min(self.window or sent_tokens, sent_tokens) * SHRINK))
            self.is_refused_guess = self.told_window is None


class KnownModels:
    """What is known about each model, by name."""

    def __init__(self, set_window: int | None) -> None:
        self._set_window = set_window
        self._models: OrderedDict[str, KnownModel] = OrderedDict()

    def of(self, name: str) -> KnownModel:
        """What is known about the model `name`. An unknown model is added."""
        known = self._models.setdefault(name, KnownModel(name, self._set_window))
        self._models.move_to_end(name)
        while len(self._models) > MAX_MODELS:
            self._models.popitem(last=False)
        return known

    def all(self) -> list[KnownModel]:
        """All models, ordered by their last use; the most recently used model is last."""
        return list(self._models.values())
