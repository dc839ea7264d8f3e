"""The characters that a remark asks to answer, mentions or excludes."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Address:
    """The characters that a remark addresses, asks, excludes or mentions, as indexes, and its words for all or some of
    them.
    """

    addressed: list[int] = field(default_factory=list[int])
    """The characters that the remark speaks to, in the order of the text."""
    asked: list[int] = field(default_factory=list[int])
    """The characters that it asks without speaking to them: "What does Rex think?"."""
    excluded: set[int] = field(default_factory=set[int])
    topics: set[int] = field(default_factory=set[int])
    """The characters that it only mentions."""
    everyone: bool = False
    two: bool = False
    """"You two", "both of you"."""
    others: bool = False
    """"The others": all characters except the last speaker, if no character is excluded by name."""
    one: bool = False
    """"One of you", "somebody"."""
    not_last: bool = False
    """"Not you" without a name: the character that spoke last shall not answer."""
    is_follow_up: bool = False
    """True if the remark refers to the last reply: "Why?", "Thank you"."""

    def add(self, names: tuple[int, ...]) -> None:
        """Add characters that are spoken to."""
        self.addressed.extend(index for index in names if index not in self.addressed)

    def ask(self, names: tuple[int, ...]) -> None:
        """Add characters that are asked."""
        self.asked.extend(index for index in names if index not in self.asked)
