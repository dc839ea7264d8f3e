"""Distributes the tests among the workers of pytest-xdist so that each stack starts once."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling  # pyright: ignore[reportMissingTypeStubs]

SHARING = ("tests/chaos/", "tests/integration/test_stack_")
"""Files that share a stack, by the start of their path. They take the longest, so they are started first."""
LONG = tuple(
    f"tests/e2e/test_{name}.py"
    for name in (
        "many_characters",
        "reload",
        "microphone",
        "reopened_turn",
        "connect_model",
        "clips",
        "examples",
    )
)
"""Files of the page that take a minute or so: if a worker began one last, the other worker would wait for it."""


def order(nodeid: str) -> int:
    """The position of a test in the queue: files that share a stack first, unit tests last; of the page, the long
    files first.
    """
    slow_first = (*SHARING, "tests/integration/", "tests/contract/", *LONG)
    return next((at for at, prefix in enumerate(slow_first) if nodeid.startswith(prefix)), len(slow_first))


class SharedStackScheduling(LoadFileScheduling):
    """One worker runs all tests of a file, and one worker all files that share a stack."""

    def _split_scope(self, nodeid: str) -> str:
        shared = next((prefix for prefix in SHARING if nodeid.startswith(prefix)), None)
        return shared or super()._split_scope(nodeid)
