"""What can happen to a running Tertulia: each blow falls at one moment and leaves the stack as complete as it was."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping

from tertulia_shared.keys import Stage
from tests.harness.client import TalkClient
from tests.harness.eventually import eventually
from tests.harness.stack import Process, Service, Stack

Blow = Callable[[Stack, TalkClient], Awaitable[None]]


def kill_the_owner(stage: Stage) -> Blow:
    """kill -9 of the worker that has the work (any of them if nobody has); a new one comes."""

    async def blow(stack: Stack, client: TalkClient) -> None:
        process = stack.owner(stage) or stack.of(stage)[0]
        process.send(signal.SIGKILL)
        stack.start(stage)

    return blow


def kill_all(service: Service) -> Blow:
    """kill -9 of every process of a service: nobody is left to take over, until new ones are up."""

    async def blow(stack: Stack, client: TalkClient) -> None:
        killed = stack.of(service)
        for process in killed:
            process.send(signal.SIGKILL)
        for _ in killed:
            stack.start(service)
        client.go_to(stack.urls)

    return blow


async def kill_the_gateway(stack: Stack, client: TalkClient) -> None:
    """kill -9 of the gateway that the client is connected to; it goes to the other one."""
    client.connected_to(stack.of("gateway")).send(signal.SIGKILL)
    stack.start("gateway")
    client.go_to(stack.urls)


async def drop_the_connection(stack: Stack, client: TalkClient) -> None:
    """The network breaks between client and gateway."""
    client.drop()


def pause_the_owner(stage: Stage) -> Blow:
    """SIGSTOP of the worker that has the work; it wakes up after a peer has taken it over."""

    async def blow(stack: Stack, client: TalkClient) -> None:
        owner = stack.owner(stage)
        if owner is None:
            return  # the work was done just now
        owner.send(signal.SIGSTOP)
        try:
            await eventually(lambda: stack.owner(stage) is not owner, "a peer takes over")
        finally:
            owner.send(signal.SIGCONT)

    return blow


def stop_the_owner(stage: Stage) -> Blow:
    """SIGTERM of the worker that has the work; it must exit 0 in its own time. A new one comes."""

    async def blow(stack: Stack, client: TalkClient) -> None:
        process = stack.owner(stage) or stack.of(stage)[0]
        await _stop(process)
        stack.start(stage)

    return blow


async def stop_the_gateway(stack: Stack, client: TalkClient) -> None:
    """SIGTERM of the gateway that the client is connected to."""
    stopping = client.connected_to(stack.of("gateway"))
    stopping.send(signal.SIGTERM)
    stack.start("gateway")
    client.go_to([url for url in stack.urls if f":{stopping.port}/" not in url])
    assert await asyncio.to_thread(stopping.wait) == 0


async def restart_redis(stack: Stack, client: TalkClient) -> None:
    """kill -9 of Redis, which comes back with what its append-only file has."""
    await asyncio.to_thread(stack.redis.kill)
    await asyncio.to_thread(stack.redis.start)


async def _stop(process: Process) -> None:
    process.send(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait) == 0, process.tail()


BLOWS: Mapping[str, Blow] = {
    "kill the llm worker": kill_the_owner("llm"),
    "kill the tts worker": kill_the_owner("tts"),
    "kill the gateway": kill_the_gateway,
    "kill every llm worker": kill_all("llm"),
    "kill every tts worker": kill_all("tts"),
    "kill every gateway": kill_all("gateway"),
    "pause the llm worker": pause_the_owner("llm"),
    "pause the tts worker": pause_the_owner("tts"),
    "stop the llm worker": stop_the_owner("llm"),
    "stop the tts worker": stop_the_owner("tts"),
    "stop the gateway": stop_the_gateway,
    "drop the connection": drop_the_connection,
    "restart Redis": restart_redis,
}
