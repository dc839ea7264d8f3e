"""The errors of a store.

    StoreError
    ├── StoreUnavailable   unavailable, locked, full or closed: keep the write and try again (retryable)
    ├── StoreUnusable      the configuration can never work: path, permissions, newer schema
    ├── InvalidRecord      a record or an argument breaks a rule; the message names the field and what is allowed
    ├── NameTaken          another character, or another persona, already has this name
    └── NotFound           the row of the call does not exist

A caller with an outbox retries `retryable` errors; retrying does not help with the others.
"""

from __future__ import annotations

from typing import ClassVar, Literal


class StoreError(Exception):
    """Base of the errors that a store raises on purpose."""

    retryable: ClassVar[bool] = False


class StoreUnavailable(StoreError):
    """The store cannot be reached or written now; the same call may succeed later."""

    retryable: ClassVar[bool] = True


class StoreUnusable(StoreError):
    """The store cannot be used as configured; a person must change that first."""


class InvalidRecord(StoreError):
    """A record or an argument was refused before anything was written.

    `code`: the kind of the problem for programs, where a client can do something about it; else "".
    """

    def __init__(self, field: str, problem: str, code: str = "") -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem
        self.code = code


class NameTaken(StoreError):
    """Another character, or another persona, already has this name (upper and lower case count as the same)."""

    def __init__(self, name: str, kind: Literal["character", "persona"] = "character") -> None:
        super().__init__(f"There is already a {kind} named {name!r}: choose another name, or edit that {kind}.")
        self.name = name
        self.kind = kind


class NotFound(StoreError):
    """The named row does not exist (or no longer exists)."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"There is no {kind} {key}.")
        self.kind = kind
        self.key = key
