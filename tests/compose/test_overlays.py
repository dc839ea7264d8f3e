"""The overlays in deploy/compose: conversations in PostgreSQL behind PostgREST, GPU engines, a model server."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tertulia_shared.ids import new_id
from tests.harness.client import TalkClient, talk
from tests.harness.compose import Compose
from tests.harness.missing_program import skip_or_fail
from tests.servers.postgres import find_postgrest

pytestmark = [pytest.mark.compose, pytest.mark.timeout(900)]

SPOKEN = (
    "SELECT json_agg(json_build_array(role, character_name, status) ORDER BY position, created_at)"
    " FROM messages WHERE conversation_id = '{}'"
)


@pytest.fixture(scope="module")
def postgrest_image(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The PostgREST image of the overlay. If no registry can be reached, it is built from the pinned binary."""
    name = Compose("supabase.yml").config()["services"]["postgrest"]["image"]
    if is_there(name):
        return
    folder: Path = tmp_path_factory.mktemp("postgrest")
    shutil.copy(find_postgrest(), folder / "postgrest")
    (folder / "Dockerfile").write_text('FROM scratch\nCOPY postgrest /bin/\nCMD ["/bin/postgrest"]\n')
    subprocess.run(["docker", "build", "--quiet", "--tag", name, folder], capture_output=True, check=True)


def is_there(image: str) -> bool:
    """True if the engine has the image, or can pull it."""
    found = subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode == 0
    return (
        found or subprocess.run(["docker", "pull", "--quiet", image], capture_output=True, check=False).returncode == 0
    )


@pytest.fixture(scope="module")
def other_images() -> None:
    """The images of other projects that the overlay uses, besides PostgREST."""
    services = Compose("supabase.yml").config()["services"]
    for image in sorted({services[name]["image"] for name in ("postgres", "migrate", "supabase")}):
        if not is_there(image):
            skip_or_fail(LookupError(f"the image {image} is not here, and no registry gives it: `docker pull {image}`"))


@pytest.fixture(scope="module")
def supabase(other_images: None, postgrest_image: None) -> Iterator[Compose]:
    with Compose("supabase.yml") as running:
        yield running


def rows(stack: Compose, conversation_id: str) -> list[list[str]]:
    """The role, the speaker and the status of each message of a conversation."""
    query = SPOKEN.format(conversation_id)
    printed = stack.run(
        "exec", "--no-TTY", "postgres", "psql", "-U", "postgres", "-h", "/var/run/postgresql", "-Atc", query
    )
    return json.loads(printed.strip() or "[]")


async def until_stored(stack: Compose, client: TalkClient, *names: str) -> None:
    """Wait until the table has exactly these complete messages of the client's conversation, one of each speaker."""
    whole = [["user" if name == "Jay" else "character", name, "complete"] for name in names]

    def found() -> list[list[str]]:
        return rows(stack, client.record.conversation_id)

    await asyncio.to_thread(stack.wait, lambda: found() == whole, f"rows of {', '.join(names)}", found)


async def test_messages_are_stored_in_postgres(supabase: Compose) -> None:
    async with talk(supabase.url) as client:
        await client.hears("Luna and Sage, hello!", new_id())
    await until_stored(supabase, client, "Jay", "Luna", "Sage")


async def test_conversations_are_kept_after_compose_down_and_up(supabase: Compose) -> None:
    async with talk(supabase.url) as client:
        await client.hears("Luna, hello!", new_id())
    await until_stored(supabase, client, "Jay", "Luna")
    before = rows(supabase, client.record.conversation_id)
    supabase.run("down")
    supabase.run("up", "--detach", "--no-build")
    supabase.wait_ready()
    supabase.wait_healthy("postgres")
    assert rows(supabase, client.record.conversation_id) == before
    async with talk(supabase.url) as client:
        await client.hears("Rex, hello!", new_id())
    await until_stored(supabase, client, "Jay", "Rex")


async def test_conversation_continues_while_the_database_is_stopped(supabase: Compose) -> None:
    supabase.run("stop", "postgres")
    async with talk(supabase.url) as client:
        await client.hears("Luna, hello!", new_id())
    supabase.run("start", "postgres")
    supabase.wait_healthy("postgres")
    await until_stored(supabase, client, "Jay", "Luna")


def test_workers_cannot_reach_the_database(supabase: Compose) -> None:
    networks = {
        service: set(supabase.containers(service)[0].attrs["NetworkSettings"]["Networks"])
        for service in ("postgres", "postgrest", "gateway", "llm")
    }
    assert not (networks["postgres"] | networks["postgrest"]) & (networks["gateway"] | networks["llm"])


def test_each_service_can_read_only_its_own_secrets(supabase: Compose) -> None:
    mounted: dict[str, set[str]] = {
        name: {volume["source"] for volume in service.get("volumes", []) if volume["target"] == "/run/secrets"}
        for name, service in supabase.config()["services"].items()
    }
    shared = {"supabase-postgres": {"postgres", "migrate"}, "access-operator": {"cli"}}
    for source in {source for sources in mounted.values() for source in sources}:
        assert {name for name, sources in mounted.items() if source in sources} == shared.get(
            source, {source.removeprefix("access-").removeprefix("supabase-").replace("reader", "redis")}
        )


def test_gpu_overlay_requests_a_gpu_and_a_volume_for_the_model_weights() -> None:
    services = Compose("gpu.yml").config()["services"]
    for name, target, folder in (("stt", "realtimestt", "/data/models"), ("tts", "higgs", "/models")):
        service = services[name]
        (device,) = service["deploy"]["resources"]["reservations"]["devices"]
        assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
        assert service["build"]["target"] == target
        assert folder in [volume["target"] for volume in service["volumes"]]
        assert service["environment"][f"TERTULIA_{name.upper()}_ENGINE"] == target


def test_ollama_overlay_makes_the_llm_worker_use_ollama() -> None:
    services = Compose("ollama.yml", "ollama-gpu.yml", settings={"TERTULIA_LLM_MODEL": "qwen3:4b"}).config()["services"]
    env = services["llm"]["environment"]
    assert (env["TERTULIA_LLM_BASE_URL"], env["TERTULIA_LLM_MODEL"]) == ("http://ollama:11434/v1", "qwen3:4b")
    assert services["ollama-model"]["environment"]["MODEL"] == "qwen3:4b"
    assert services["ollama"]["cap_drop"] == ["ALL"]
    assert set(services["llm"]["networks"]) & set(services["ollama"]["networks"])
    assert not services["ollama"].get("ports")
