"""One stack of containers for all tests here, as `docker compose up` makes it without any setting."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.compose import Compose


@pytest.fixture(scope="session")
def stack() -> Iterator[Compose]:
    """It is struck by test after test, and must be whole after each."""
    with Compose() as running:
        yield running


@pytest.fixture(autouse=True)
def whole(request: pytest.FixtureRequest) -> Iterator[None]:
    """What was stopped in one test is there again before the next begins; the logs are shown if it fails."""
    if "stack" in request.fixturenames:
        stack: Compose = request.getfixturevalue("stack")
        stack.wait_ready()
        yield
        print(stack.run("logs", "--no-color", "--tail", "25", check=False))  # noqa: T201 - shown with a failure
    else:
        yield
