"""Keeps the number of a stack's processes as at its start, whatever tests kill and start."""

from __future__ import annotations

import signal

from tertulia_shared.keys import Stage
from tests.harness.service_process import Process, Service, StackFailed
from tests.harness.stack import ONE_OF_EACH, Stack


def refill(stack: Stack, service: Service) -> None:
    """Start processes of a service until as many serve as at the start of the stack."""
    for _ in range(stack.workers.get(service, 0) - len(stack.serving(service))):
        stack.start(service)


def restore(stack: Stack) -> None:
    """Wait until as many processes of each service serve as at the start of the stack, and no other one runs.

    Raises:
        StackFailed: a process ended by itself or takes too long, or a surplus one did not exit with 0.
    """
    stack.wait_ready()  # a process that has not set its signal handlers yet would not exit with 0
    for service in ONE_OF_EACH:
        for surplus in stack.serving(service)[stack.workers.get(service, 0) :]:
            surplus.send(signal.SIGTERM)
            if (code := surplus.wait()) != 0:
                raise StackFailed(f"{surplus.name} was stopped and ended with {code}\n{surplus.tail()}")
        refill(stack, service)
        for draining in stack.of(service):
            if draining.stopping:
                draining.wait()
    stack.wait_ready()


def owner_or_any(stack: Stack, stage: Stage) -> Process:
    """The worker that has claimed the stage's oldest work.

    If no worker has claimed it, or the test has stopped the owner, any other worker of the stage.
    """
    owner, serving = stack.owner(stage), stack.serving(stage)
    return owner if owner is not None and owner in serving else serving[0]
