"""The stack that the chaos tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.faulty_turn import chaos_stack
from tests.harness.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for all tests. Each test must leave all its processes running."""
    with chaos_stack(tmp_path_factory.mktemp("chaos") / "stack") as running:
        yield running


@pytest.fixture(autouse=True)
def ready_stack(request: pytest.FixtureRequest) -> Iterator[None]:
    """Wait until the processes that the previous test started are ready. If the test fails, the logs are shown."""
    if "stack" not in request.fixturenames:
        yield
        return
    stack: Stack = request.getfixturevalue("stack")
    stack.wait_ready()
    mark = stack.log_sizes()
    yield
    print(stack.tails(mark))  # noqa: T201 - pytest shows it with a failure
