"""Faults of a running stack. Each is injected at one moment. After it, as many processes run as before."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping

from tertulia_shared.keys import Stage
from tests.harness.client import TalkClient
from tests.harness.eventually import eventually
from tests.harness.service_process import Process, Service
from tests.harness.stack import Stack

Fault = Callable[[Stack, TalkClient], Awaitable[None]]


def kill_owner(stage: Stage) -> Fault:
    """kill -9 of the worker that owns the work, or of any worker if none owns it. A new worker is started."""

    async def inject(stack: Stack, client: TalkClient) -> None:
        stack.owner_or_any(stage).send(signal.SIGKILL)
        stack.refill(stage)

    return inject


def kill_all(service: Service) -> Fault:
    """kill -9 of every process of a service. No peer can take over before new processes are ready."""

    async def inject(stack: Stack, client: TalkClient) -> None:
        for process in stack.of(service):
            process.send(signal.SIGKILL)
        stack.refill(service)
        client.go_to(stack.urls)

    return inject


async def kill_gateway(stack: Stack, client: TalkClient) -> None:
    """kill -9 of the gateway to which the client is connected. The client reconnects to the other gateway."""
    client.connected_to(stack.of("gateway")).send(signal.SIGKILL)
    stack.refill("gateway")
    client.go_to(stack.urls)


async def drop_connection(stack: Stack, client: TalkClient) -> None:
    """Break the connection between client and gateway."""
    client.drop()


def pause_owner(stage: Stage) -> Fault:
    """SIGSTOP of the worker that owns the work; SIGCONT after a peer has taken the work over."""

    async def inject(stack: Stack, client: TalkClient) -> None:
        owner = stack.owner(stage)
        if owner is None:
            return  # the work has ended in the meantime
        owner.send(signal.SIGSTOP)
        try:
            await eventually(lambda: stack.owner(stage) is not owner, "a peer takes over")
        finally:
            owner.send(signal.SIGCONT)

    return inject


def stop_owner(stage: Stage) -> Fault:
    """SIGTERM of the worker that owns the work: it must exit with 0. A new worker is started."""

    async def inject(stack: Stack, client: TalkClient) -> None:
        await _stop(stack.owner_or_any(stage))
        stack.refill(stage)

    return inject


async def stop_gateway(stack: Stack, client: TalkClient) -> None:
    """SIGTERM of the gateway to which the client is connected: it must exit with 0."""
    stopping = client.connected_to(stack.of("gateway"))
    stopping.send(signal.SIGTERM)
    stack.refill("gateway")
    client.go_to([url for url in stack.urls if f":{stopping.port}/" not in url])
    assert await asyncio.to_thread(stopping.wait) == 0


async def restart_redis(stack: Stack, client: TalkClient) -> None:
    """kill -9 of Redis. It is started again with its append-only file."""
    await asyncio.to_thread(stack.redis.kill)
    await asyncio.to_thread(stack.redis.start)


async def _stop(process: Process) -> None:
    process.send(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait) == 0, process.tail()


FAULTS: Mapping[str, Fault] = {
    "kill the llm worker": kill_owner("llm"),
    "kill the tts worker": kill_owner("tts"),
    "kill the gateway": kill_gateway,
    "kill every llm worker": kill_all("llm"),
    "kill every tts worker": kill_all("tts"),
    "kill every gateway": kill_all("gateway"),
    "pause the llm worker": pause_owner("llm"),
    "pause the tts worker": pause_owner("tts"),
    "stop the llm worker": stop_owner("llm"),
    "stop the tts worker": stop_owner("tts"),
    "stop the gateway": stop_gateway,
    "drop the connection": drop_connection,
    "restart Redis": restart_redis,
}
MAIN_FAULTS = (
    "kill the llm worker",
    "kill every llm worker",
    "kill the tts worker",
    "kill the gateway",
    "restart Redis",
)
"""The faults of tests that inject each fault at several moments."""
