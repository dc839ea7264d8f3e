"""The options that name the gateway, for commands that use its REST API."""

from __future__ import annotations

import argparse

from tertulia_cli.client.address import GatewayAddress, parse_address
from tertulia_cli.settings import RunSettings
from tertulia_shared.settings import load


def add_gateway_options(command: argparse.ArgumentParser) -> None:
    """Add `--url` and `--token`."""
    command.add_argument("--url", help="the gateway (TERTULIA_HOST and _PORT, http://127.0.0.1:8000)")
    command.add_argument("--token", help="the gateway's token (TERTULIA_TOKEN)")


def gateway_address(args: argparse.Namespace) -> GatewayAddress:
    """The gateway that `--url` and `--token`, or the settings, name. Raises: Failure."""
    settings = load(RunSettings)
    url = args.url or f"ws://{settings.reachable_host}:{settings.port}/ws"
    token = settings.token.get_secret_value() if args.token is None else args.token
    return parse_address(url, token)
