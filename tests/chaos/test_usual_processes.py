"""What a chaos test kills or starts is undone before the next one."""

from __future__ import annotations

import signal

import pytest

from tests.chaos.faulty_turn import PAIRS
from tests.harness.stack import Stack
from tests.harness.usual_processes import owner_or_any, restore

pytestmark = pytest.mark.timeout(120, method="signal")


def test_each_service_has_its_usual_number_of_processes_after_surplus_and_killed_ones(stack: Stack) -> None:
    surplus = stack.start("llm")
    killed = owner_or_any(stack, "tts")
    killed.send(signal.SIGKILL)
    assert owner_or_any(stack, "tts") is not killed
    restore(stack)
    assert {service: len(stack.of(service)) for service in PAIRS} == PAIRS
    assert not surplus.running
