"""`docker compose up` while another program has the gateway's port."""

from __future__ import annotations

import socket

import pytest

from tests.harness.compose import UP_S, Compose

pytestmark = [pytest.mark.compose, pytest.mark.timeout(600)]


def test_up_starts_no_service_if_the_port_is_taken_and_all_of_them_when_it_is_free() -> None:
    stack = Compose(settings={"TERTULIA_STT_ENGINE": "pocketsphinx", "TERTULIA_TTS_ENGINE": "espeak"})
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        stack.use_port(other.getsockname()[1])
        try:
            stack.run("build", "--quiet", timeout_s=UP_S)
            with pytest.raises(AssertionError, match='service "port-is-free" didn\'t complete successfully'):
                stack.run("up", "--detach", "--no-build")
            assert f"Port {stack.port} of this machine is in use." in stack.logs("port-is-free")
            for service in ("redis", "gateway", "stt", "llm", "tts"):
                assert [each.status for each in stack.containers(service)] == ["created"], service
            other.close()
            stack.run("up", "--detach", "--no-build")
            stack.wait_ready()
            stack.run("up", "--detach", "--no-build")  # now it is the gateway of this project that has the port
        finally:
            stack.remove()
