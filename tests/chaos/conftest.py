"""The stack that the chaos tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.faulty_turn import chaos_stack
from tests.harness.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for all tests. `ready_stack` restores the number of its processes."""
    with chaos_stack(tmp_path_factory.mktemp("chaos") / "stack") as running:
        yield running


@pytest.fixture(autouse=True)
def ready_stack(request: pytest.FixtureRequest) -> Iterator[None]:
    """Wait until the stack has its usual number of ready processes, whatever the previous test left. If the test fails,
    the logs are shown.
    """
    if "stack" not in request.fixturenames:
        yield
        return
    stack: Stack = request.getfixturevalue("stack")
    stack.restore()
    mark = stack.log_sizes()
    yield
    print(stack.tails(mark))  # noqa: T201 - pytest shows it with a failure
