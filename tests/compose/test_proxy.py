"""The overlay proxy.yml: two gateways behind a proxy with HTTPS."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tertulia_shared.ids import new_id
from tests.compose.silence import MAX_SILENCE_S, playback_during
from tests.harness.client import talk
from tests.harness.compose import Compose
from tests.servers.redis_server import free_port

pytestmark = [pytest.mark.compose, pytest.mark.timeout(600)]

TOKEN = "t" * 24


class Proxied(Compose):
    """The stack with the overlay, reached by HTTPS through the proxy."""

    def __init__(self) -> None:
        self.https_port, self.http_port = free_port(), free_port()
        self.context = ssl.create_default_context()
        super().__init__(
            "proxy.yml",
            settings={
                "TERTULIA_TOKEN": TOKEN,
                "TERTULIA_PROXY_BIND": "127.0.0.1",
                "TERTULIA_PROXY_PORT": str(self.https_port),
                "TERTULIA_PROXY_HTTP_PORT": str(self.http_port),
                "TERTULIA_STT_ENGINE": "pocketsphinx",
                "TERTULIA_TTS_ENGINE": "espeak",
            },
            up=("--scale", "gateway=2"),
        )

    @property
    def url(self) -> str:
        return f"wss://localhost:{self.https_port}/ws?token={TOKEN}"

    def get(self, path: str) -> tuple[int, str]:
        return self.ask(path, {"Authorization": f"Bearer {TOKEN}"})

    def ask(self, path: str, headers: dict[str, str]) -> tuple[int, str]:
        """Status and body of the answer to a GET with these headers; status 0 without an answer."""
        connection = http.client.HTTPSConnection("localhost", self.https_port, timeout=15, context=self.context)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError as error:
            return 0, str(error)
        finally:
            connection.close()

    def trust_its_authority(self, file: Path) -> None:
        """Copy the certificate of the proxy's authority to `file`, and trust it."""
        root = "/data/caddy/pki/authorities/local/root.crt"
        self.wait(lambda: "CERTIFICATE" in self.run("exec", "-T", "proxy", "cat", root, check=False), root, self.logs)
        file.write_text(self.run("exec", "-T", "proxy", "cat", root))
        self.context.load_verify_locations(file)

    def connections(self) -> list[int]:
        """The number of open WebSocket connections of each gateway."""
        url = f"http://127.0.0.1:8000/api/status?token={TOKEN}"
        asked = f"import json, urllib.request; print(json.load(urllib.request.urlopen({url!r}))['connections'])"
        return [int(each.exec_run(["python", "-c", asked]).output) for each in self.containers("gateway")]


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    authority: Path = tmp_path_factory.mktemp("authority") / "root.pem"
    stack = Proxied()
    stack.before_ready = lambda: stack.trust_its_authority(authority)
    with pytest.MonkeyPatch.context() as patch, stack:
        patch.setenv("SSL_CERT_FILE", str(authority))  # for the WebSocket of the client
        yield stack


async def test_clients_are_spread_over_both_gateways(proxied: Proxied) -> None:
    async with talk(proxied.url) as client, talk(proxied.url), talk(proxied.url), talk(proxied.url):
        await client.hears("Luna, hello!", new_id())
        open_connections = proxied.connections()
    assert len(open_connections) == 2
    assert sum(open_connections) == 4
    assert min(open_connections) > 0, "the proxy uses one gateway only"


async def test_upgrade_replaces_both_gateways_one_by_one_during_a_reply(proxied: Proxied) -> None:
    before = {each.id for each in proxied.containers("gateway")}
    (proxy,) = proxied.containers("proxy")
    playback = await playback_during(proxied.url, proxied.upgrade)
    assert playback.longest_silence_s <= MAX_SILENCE_S
    after = {each.id for each in proxied.containers("gateway")}
    assert len(after) == 2
    assert not after & before
    (same,) = proxied.containers("proxy")
    assert (same.id, same.attrs["State"]["StartedAt"]) == (proxy.id, proxy.attrs["State"]["StartedAt"])


def test_token_and_origin_are_checked_behind_the_proxy(proxied: Proxied) -> None:
    own, token = f"https://localhost:{proxied.https_port}", {"Authorization": f"Bearer {TOKEN}"}
    assert proxied.ask("/api/status", {})[0] == 401
    assert proxied.ask("/api/status", {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "localhost"})[0] == 401
    assert proxied.ask("/api/status", token)[0] == 200
    assert proxied.ask("/api/status", {**token, "Origin": own})[0] == 200
    assert proxied.ask("/api/status", {**token, "Origin": "https://evil.example"})[0] == 403
    spoofed = {**token, "Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"}
    assert proxied.ask("/api/status", spoofed)[0] == 403


def test_only_the_proxy_is_published(proxied: Proxied) -> None:
    published = {
        (container.attrs["Config"]["Labels"]["com.docker.compose.service"], binding["HostPort"])
        for container in proxied.containers()
        for bindings in container.attrs["NetworkSettings"]["Ports"].values()
        for binding in bindings or ()
    }
    assert published == {("proxy", str(proxied.http_port)), ("proxy", str(proxied.https_port))}


def test_http_leads_to_https(proxied: Proxied) -> None:
    connection = http.client.HTTPConnection("localhost", proxied.http_port, timeout=10)
    connection.request("GET", "/")
    answer = connection.getresponse()
    connection.close()
    assert (answer.status, answer.headers["Location"]) == (308, "https://localhost/")


def test_page_is_served_by_the_proxy(proxied: Proxied) -> None:
    status, page = proxied.ask("/", {})
    assert status == 200
    assert "<!doctype html>" in page.lower()
    assert json.loads(proxied.get("/readyz")[1])["ready"]


def test_gateway_that_can_be_reached_from_other_machines_requires_a_token() -> None:
    gateway = Compose("proxy.yml").config()["services"]["gateway"]
    assert gateway["environment"]["TERTULIA_PUBLISHED_HOST"] == "0.0.0.0"
    assert not gateway.get("ports")
