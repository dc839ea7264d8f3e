"""One stack for all of chaos: two processes of each kind, and a Redis that forgets nothing it has acknowledged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.struck import chaos_stack
from tests.harness.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """It is struck by test after test, and must be whole after each."""
    with chaos_stack(tmp_path_factory.mktemp("chaos") / "stack") as running:
        yield running


@pytest.fixture(autouse=True)
def whole(request: pytest.FixtureRequest) -> Iterator[None]:
    """What is started anew in one test is up before the next begins; the logs are shown if the test fails."""
    if "stack" not in request.fixturenames:
        yield
        return
    stack: Stack = request.getfixturevalue("stack")
    stack.wait_ready()
    mark = stack.log_sizes()
    yield
    print(stack.tails(mark))  # noqa: T201 - pytest shows it with a failure
