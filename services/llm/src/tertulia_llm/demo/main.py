"""The demo model as a process: `python -m tertulia_llm.demo --port 0`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

from tertulia_llm.demo.server import DemoSettings, demo_server


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Prints one line to stdout when it listens; exits with 2 on an invalid setting."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    try:
        settings = DemoSettings(
            host=arguments.host,
            port=arguments.port,
            seed=arguments.seed,
            tokens_per_second=arguments.tokens_per_second,
            first_token_ms=arguments.first_token_ms,
        )
    except ValueError as error:
        parser.error(str(error))
    try:
        asyncio.run(_serve(settings))
    except OSError as error:
        sys.stderr.write(f"demo model: cannot listen on {settings.host}:{settings.port}: {error.strerror or error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    default = DemoSettings()
    parser = argparse.ArgumentParser(
        prog="tertulia-demo-model",
        description="An OpenAI-compatible server with scripted replies, for a trial without a key.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    option = parser.add_argument
    option("--host", default=default.host, help="address to listen on")
    option("--port", type=int, default=default.port, help="port to listen on; 0 takes a free one")
    option("--seed", type=int, default=default.seed, help="seed for requests without one")
    option("--tokens-per-second", type=float, default=default.tokens_per_second, help="pace; 0 sends a reply at once")
    option("--first-token-ms", type=float, default=default.first_token_ms, help="wait before a paced reply begins")
    return parser


async def _serve(settings: DemoSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with demo_server(settings) as base_url:
        sys.stdout.write(f"demo model ready on {base_url}\n")
        sys.stdout.flush()
        await stop.wait()
