"""The compose files against the code: each service gets exactly the settings that it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from scripts.env_example import engine_settings, variable
from tertulia_cli.run.redis import FILE_OPTIONS
from tertulia_gateway.settings import GatewaySettings
from tertulia_llm.settings import LLMSettings
from tertulia_shared.weights import MODELS
from tertulia_stt.settings import STTSettings
from tertulia_tts.settings import TTSSettings

ROOT = Path(__file__).resolve().parents[2]
READS: Mapping[str, Sequence[type[BaseSettings]]] = {
    "gateway": [GatewaySettings],
    "stt": [STTSettings, *engine_settings("tertulia_stt")],
    "llm": [LLMSettings],
    "tts": [TTSSettings, *engine_settings("tertulia_tts")],
}
OVERLAYS = sorted((ROOT / "deploy" / "compose").glob("*.yml"))
STORES = ("gateway", "llm")
OF_THE_STORE = {"TERTULIA_STORE", "TERTULIA_STORE_PATIENCE_S", "SUPABASE_URL", "SUPABASE_KEY"}
IN_THE_IMAGE = {
    "TERTULIA_DATA_DIR", "TERTULIA_MODELS_DIR", "TERTULIA_METRICS_HOST", "TERTULIA_METRICS_PORT", "TERTULIA_VOICES_DIR",
    "TERTULIA_REDIS_CA", "TERTULIA_REDIS_CERT", "TERTULIA_REDIS_KEY", "TERTULIA_SECRETS_DIR",
    "TERTULIA_LLM_CONNECTION_DIR",
}  # fmt: skip
"""Settings that `.env` must not set: file paths and ports inside containers, and TLS, which containers do not use."""
NOT_A_SETTING = {"HF_TOKEN"}


def load(file: Path) -> dict[str, Any]:
    """The services of a compose file. The tag `!reset`, which removes a value of an earlier file, is left out."""
    return yaml.safe_load(file.read_text(encoding="utf-8").replace(": !reset ", ": "))["services"]


def services(*files: Path) -> dict[str, dict[str, Any]]:
    """The environment of each service, merged over all files."""
    merged: dict[str, dict[str, Any]] = {}
    for file in files:
        for name, service in load(file).items():
            merged.setdefault(name, {}).update(service.get("environment") or {})
    return merged


def settings_of(service: str) -> set[str]:
    names = {variable(*item) for cls in READS[service] for item in cls.model_fields.items()} - IN_THE_IMAGE
    return names if service in STORES else names - OF_THE_STORE


@pytest.mark.parametrize("service", sorted(READS))
def test_compose_passes_each_service_exactly_its_settings(service: str) -> None:
    overlays = [ROOT / "deploy" / "compose" / f"{name}.yml" for name in ("gpu", "lan")]
    given = set(services(ROOT / "docker-compose.yml", *overlays)[service])
    assert given - NOT_A_SETTING == settings_of(service)


@pytest.mark.parametrize("overlay", OVERLAYS, ids=[path.stem for path in OVERLAYS])
def test_overlays_set_only_settings_that_their_services_read(overlay: Path) -> None:
    for service, environment in services(overlay).items():
        if service in READS:
            assert set(environment) - NOT_A_SETTING <= settings_of(service), service


def test_secrets_in_compose_files_have_no_value() -> None:
    for file in (ROOT / "docker-compose.yml", *OVERLAYS):
        for service, environment in services(file).items():
            for name, value in environment.items():
                if any(word in name for word in ("KEY", "PASSWORD", "TOKEN", "SECRET")):
                    assert not value or str(value).startswith(("/run/secrets/", "@/run/secrets/")), f"{service}: {name}"


def test_compose_builds_each_image_from_its_dockerfile() -> None:
    composed = load(ROOT / "docker-compose.yml")
    for name, service in composed.items():
        if name not in ("port-is-free", "redis", "models", "cli"):
            assert (ROOT / service["build"]["dockerfile"]).is_file()


IMAGE = "${TERTULIA_IMAGE_PREFIX:-${COMPOSE_PROJECT_NAME}}-%s:${TERTULIA_VERSION:-dev}"


@pytest.mark.parametrize(
    "file",
    [ROOT / "docker-compose.yml", ROOT / "deploy" / "gpu-box" / "compose.yml"],
    ids=lambda file: file.parent.name,
)
def test_each_image_that_is_built_here_is_named_by_its_service_and_the_release(file: Path) -> None:
    built = {name: service for name, service in load(file).items() if "build" in service}
    assert built
    for name, service in built.items():
        assert service["image"] == IMAGE % name
        assert service["pull_policy"] == "never", "nobody else may provide an image of this name"


def test_every_service_uses_an_image_of_the_release_that_is_built_or_one_of_another_project() -> None:
    built = {IMAGE % name for name, service in load(ROOT / "docker-compose.yml").items() if "build" in service}
    for file in (ROOT / "docker-compose.yml", *OVERLAYS):
        for name, service in load(file).items():
            image = service.get("image", "")
            assert image in built or not image.startswith("${TERTULIA_IMAGE_PREFIX"), f"{file.name}: {name}"
            assert not image.startswith("${COMPOSE_PROJECT_NAME}"), f"{file.name}: {name} has no release in its name"


def test_compose_fetches_only_known_models_and_lets_only_that_job_write_them() -> None:
    composed = load(ROOT / "docker-compose.yml")
    command, *names = composed["models"]["command"]
    assert command == "fetch-models"
    assert set(names) <= set(MODELS)
    for name in ("stt", "tts"):
        assert "models:/models:ro" in composed[name]["volumes"]
        assert composed[name]["depends_on"]["models"] == {"condition": "service_completed_successfully"}


BOX = ROOT / "deploy" / "gpu-box"


def test_compose_passes_a_remote_machine_every_setting_of_its_stages() -> None:
    of_the_box = services(BOX / "compose.yml")
    others = ("TERTULIA_TTS_OPENAI_", "TERTULIA_TTS_KOKORO_")
    tts = {name for name in settings_of("tts") if not name.startswith(others)}
    tls = {"TERTULIA_REDIS_CA", "TERTULIA_REDIS_CERT", "TERTULIA_REDIS_KEY"}
    in_the_bundle = {"TERTULIA_REDIS_URL", "TERTULIA_NAMESPACE"}
    assert set(of_the_box["tts"]) - NOT_A_SETTING == (tts - in_the_bundle) | tls
    stt = {name for name in settings_of("stt") if not name.startswith("TERTULIA_STT_OPENAI_")}
    assert set(of_the_box["stt"]) == (stt - in_the_bundle - {"TERTULIA_STT_WORDS"}) | tls


def test_containers_of_a_remote_machine_open_no_port() -> None:
    for name, service in load(BOX / "compose.yml").items():
        assert "ports" not in service, name
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert [file for file in service["volumes"] if isinstance(file, dict) and not file["read_only"]] == [], name


def test_redis_of_the_containers_keeps_its_data_as_that_of_tertulia_run_does() -> None:
    command: list[str] = load(ROOT / "docker-compose.yml")["redis"]["command"]
    given = dict(zip(command[1::2], command[2::2], strict=True))
    assert dict(zip(FILE_OPTIONS[::2], FILE_OPTIONS[1::2], strict=True)).items() <= given.items()


def test_remote_overlay_only_adds_tls_to_redis() -> None:
    here, there = (
        load(ROOT / file)["redis"]["command"] for file in ("docker-compose.yml", "deploy/compose/remote.yml")
    )
    assert there[: len(here)] == here
    options = dict(zip(there[len(here) :: 2], there[len(here) + 1 :: 2], strict=True))
    assert options["--tls-auth-clients"] == "yes"
    assert options["--tls-port"] == "6380"


def test_lan_overlay_gives_the_gateway_the_certificate_without_the_key_of_the_authority() -> None:
    composed = load(ROOT / "deploy" / "compose" / "lan.yml")
    gateway, lan = composed["gateway"], composed["lan"]
    assert gateway["volumes"] == ["lan-gateway:/lan:ro"]
    assert {volume.partition(":")[0] for volume in lan["volumes"]} == {"lan-authority", "lan-gateway"}
    assert gateway["environment"]["TERTULIA_LAN_DIR"] == "/lan"


def test_service_of_the_lan_overlay_is_as_restricted_as_the_others() -> None:
    lan = load(ROOT / "deploy" / "compose" / "lan.yml")["lan"]
    base = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["x-hardened"]
    assert {name: lan[name] for name in base if name != "pids_limit"} == {
        name: value for name, value in base.items() if name != "pids_limit"
    }
    assert "ports" not in lan


def test_proxy_overlay_publishes_only_the_proxy_which_is_as_restricted_as_the_others() -> None:
    composed = load(ROOT / "deploy" / "compose" / "proxy.yml")
    base = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["x-hardened"]
    proxy, gateway = composed["proxy"], composed["gateway"]
    assert gateway["ports"] == []
    assert "ports: !reset []" in (ROOT / "deploy" / "compose" / "proxy.yml").read_text(encoding="utf-8")
    assert gateway["environment"]["TERTULIA_PUBLISHED_HOST"] == "${TERTULIA_PROXY_BIND:-0.0.0.0}"
    assert {name: proxy[name] for name in base if name != "tmpfs"} == {
        name: value for name, value in base.items() if name != "tmpfs"
    }
    assert proxy["cap_add"] == ["NET_BIND_SERVICE"]
    assert "depends_on" not in proxy, "the upgrade would replace the gateway together with the proxy"


def test_redis_depends_on_no_image_that_is_built_here() -> None:
    """An upgrade replaces those, and older versions of Compose stop the services that depend on a replaced one."""
    composed = load(ROOT / "docker-compose.yml")
    assert list(composed["redis"]["depends_on"]) == ["port-is-free"]
    assert composed["port-is-free"]["image"] == composed["redis"]["image"]
    assert "depends_on" not in composed["port-is-free"]
    assert "depends_on" not in load(ROOT / "deploy" / "compose" / "remote.yml")["redis"]
    assert composed["gateway"]["depends_on"] == {"redis": {"condition": "service_healthy"}}
    assert "depends_on" not in composed["cli"], "`docker compose run cli` would start it before each command"
