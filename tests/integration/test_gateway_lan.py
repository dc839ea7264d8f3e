"""The gateway by HTTPS and wss, for a client that trusts only the authority of the home network."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from tertulia_shared.exception_groups import first_error
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.process import CannotStart
from tests.harness.eventually import eventually
from tests.harness.gateway import LUNA, Client, Gateway, Workers, gateway
from tests.harness.lan import MACHINE, certify, get, trusting
from tests.servers.redis_server import free_ports

REFUSED = 1008


@dataclass(frozen=True, slots=True)
class LanGateway:
    """A gateway with its listeners in the home network."""

    gateway: Gateway
    folder: Path
    port: int
    token: str

    @property
    def tls(self) -> ssl.SSLContext:
        return trusting(self.folder / "gateway" / "ca.crt")

    def wss(self, token: str) -> str:
        return f"wss://127.0.0.1:{self.port}/ws?token={token}"

    def https(self, path: str) -> str:
        return f"https://127.0.0.1:{self.port}{path}"


@pytest.fixture
async def lan(redis_url: str, keys: Keys, tmp_path: Path) -> AsyncGenerator[LanGateway]:
    made, port = certify(tmp_path), free_ports(2)
    settings: dict[str, Any] = {"lan_dir": tmp_path / "gateway", "lan_port": port, "lan_setup_port": port + 1}
    async with gateway(redis_url, keys, **settings) as running:
        yield LanGateway(running, tmp_path, port, made.token)


async def read_to_the_end(socket: ClientConnection) -> None:
    """Read frames until the connection is closed."""
    while True:
        await socket.recv()


async def test_turn_by_wss_is_answered_with_text_and_sound(lan: LanGateway) -> None:
    async with Client.at(lan.wss(lan.token), ssl=lan.tls, origin=f"https://127.0.0.1:{lan.port}") as client:
        assert (await client.next())["type"] == "conversation_started"
        workers = Workers(lan.gateway.bus, client.conversation_id)
        await client.send("user_message", text="Hello Luna", turn_id=new_id())
        turn, epoch = await workers.next_turn()
        await workers.reply(turn, epoch, (LUNA,)).whole(pcm=b"\1\0" * 2_400)
        await client.until("turn_metrics")
    assert len(client.of("audio")) == 12


@dataclass(frozen=True, slots=True)
class Attempt:
    """A handshake. `token`: None shows the right one; `PORT` in `origin` stands for the gateway's port."""

    token: str | None = None
    host: str = "127.0.0.1"
    origin: str | None = None


@pytest.mark.parametrize(
    "attempt",
    [
        Attempt(token=""),
        Attempt(token="x" * 22),
        Attempt(origin="https://evil.example"),
        Attempt(origin="http://127.0.0.1:PORT"),
        Attempt(host="evil.example"),
        Attempt(host="localhost"),
    ],
    ids=["no token", "wrong token", "foreign origin", "origin by plain http", "foreign host", "loopback host"],
)
async def test_wss_with_a_wrong_token_origin_or_host_is_refused(lan: LanGateway, attempt: Attempt) -> None:
    url = lan.wss(lan.token if attempt.token is None else attempt.token).replace("127.0.0.1", attempt.host)
    origin = None if attempt.origin is None else attempt.origin.replace("PORT", str(lan.port))
    there: dict[str, Any] = {"host": "127.0.0.1", "port": lan.port, "server_hostname": "127.0.0.1"}
    async with connect(url, proxy=None, ssl=lan.tls, origin=cast("Origin | None", origin), **there) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == REFUSED


async def test_client_that_does_not_know_the_authority_does_not_connect(lan: LanGateway) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await connect(lan.wss(lan.token), proxy=None, ssl=ssl.create_default_context())


async def test_close_code_of_the_server_arrives_by_wss_before_the_gateway_has_to_abort(lan: LanGateway) -> None:
    async with connect(lan.wss(lan.token), proxy=None, ssl=lan.tls, close_timeout=None) as socket:
        lan.gateway.stop.set()
        with pytest.raises(ConnectionClosed) as closed:
            await read_to_the_end(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    assert closed.value.sent is not None, "the client has answered the close frame"


async def test_gateway_on_this_machine_needs_no_token_and_no_certificate(lan: LanGateway) -> None:
    async with Client.at(lan.gateway.url()) as client:
        assert (await client.next())["type"] == "conversation_started"


async def test_renewed_certificate_is_used_for_new_connections(lan: LanGateway) -> None:
    async with Client.at(lan.wss(lan.token), ssl=lan.tls) as client:
        await client.next()
        certify(lan.folder, machine=MACHINE, asked=("127.0.0.1", "127.0.0.2"))

        async def connects() -> bool:
            try:
                async with connect(
                    f"wss://127.0.0.2:{lan.port}/ws?token={lan.token}", proxy=None, ssl=lan.tls
                ) as second:
                    await second.recv()
            except (ssl.SSLCertVerificationError, ConnectionClosed):
                return False
            return True

        await eventually(connects, "a connection under the new name")
        await client.send("user_message", text="Still here", turn_id=new_id())
        await client.until("turn_accepted")


async def test_used_port_ends_the_start_with_the_setting_to_change(lan: LanGateway, redis_url: str, keys: Keys) -> None:
    settings: dict[str, Any] = {
        "lan_dir": lan.folder / "gateway",
        "lan_port": lan.port,
        "lan_setup_port": free_ports(1),
    }
    with pytest.raises(BaseExceptionGroup) as failed:
        async with gateway(redis_url, keys, **settings):
            pass
    error = first_error(failed.value)
    assert isinstance(error, CannotStart)
    assert f"port {lan.port}" in str(error)
    assert "TERTULIA_LAN_PORT" in str(error)


async def test_page_and_api_by_https_have_the_same_security_headers(lan: LanGateway) -> None:
    answers = [
        await asyncio.to_thread(get, url, {}, context)
        for url, context in ((lan.https("/"), lan.tls), (f"http://127.0.0.1:{lan.gateway.port}/", None))
    ]
    secure, plain = ({name: value for name, value in headers.items() if "-" in name} for _, _, headers in answers)
    assert secure == plain
    status, _, _ = await asyncio.to_thread(get, lan.https("/api/status"), {}, lan.tls)
    assert status == 401
    shown = {"Authorization": f"Bearer {lan.token}"}
    status, _, _ = await asyncio.to_thread(get, lan.https("/api/status"), shown, lan.tls)
    assert status == 200
