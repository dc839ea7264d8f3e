"""The consistency of the project's files: settings and their example, targets and their help, links, pins, ADRs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic_settings import BaseSettings

from scripts.env_example import default_text, render, settings_classes, variable
from tertulia_shared.version import __version__
from tests.harness.loopback import LOOPBACK_MINUTES
from tests.servers.redis_server import CHOICE

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("examples/*.md"), *ROOT.glob("docs/**/*.md")])
ADRS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
PROJECTS = [
    ROOT / "pyproject.toml",
    *sorted(ROOT.glob("*/pyproject.toml")),
    *sorted(ROOT.glob("services/*/pyproject.toml")),
]
TEST_SETTINGS = {CHOICE, LOOPBACK_MINUTES}
"""Variables that only tests read."""
REQUIREMENTS = sorted((ROOT / "requirements").rglob("*.txt"))


def relative(path: Path) -> str:
    """A test's id: the path from the root."""
    return path.relative_to(ROOT).as_posix()


def project(path: Path) -> Mapping[str, Any]:
    """The content of a pyproject.toml."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def tracked() -> list[Path]:
    """All files under version control; in an unpacked archive, all files of the project."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files are the project's is not known")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


# -- settings


def test_env_example_lists_every_setting_with_its_default() -> None:
    written = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert written == render(settings_classes()), "a setting changed: run `make env`"


@pytest.mark.parametrize("cls", settings_classes(), ids=lambda cls: cls.__name__)
def test_uncommented_env_example_equals_the_defaults(
    cls: type[BaseSettings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [*os.environ]:
        if name.startswith("TERTULIA_") or name in {variable(*item) for item in cls.model_fields.items()}:
            monkeypatch.delenv(name)
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    env_file = tmp_path / "env"
    env_file.write_text(re.sub(r"(?m)^#(?=[A-Z_]+=)", "", example), encoding="utf-8")
    build: Any = cls  # BaseSettings' own keyword arguments are not in the classes' signatures
    assert build(_env_file=env_file) == build(_env_file=None)


def test_settings_of_several_services_have_the_same_default() -> None:
    defaults: dict[str, set[str]] = {}
    for cls in settings_classes():
        for name, field in cls.model_fields.items():
            defaults.setdefault(variable(name, field), set()).add(default_text(field))
    assert {name: found for name, found in defaults.items() if len(found) > 1} == {}


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_documents_name_settings_that_exist(document: Path) -> None:
    known = {variable(*item) for cls in settings_classes() for item in cls.model_fields.items()} | TEST_SETTINGS
    # the compose files read further variables: the ports to publish
    for composed in (ROOT / "docker-compose.yml", *(ROOT / "deploy").rglob("*.yml")):
        known |= set(re.findall(r"\$\{([A-Z_]+)", composed.read_text(encoding="utf-8")))
    named = set(re.findall(r"\b(?:TERTULIA|OPENROUTER)_[A-Z_]*[A-Z]\b", document.read_text(encoding="utf-8")))
    assert named <= known


# -- make


def targets() -> set[str]:
    """Every target of the Makefile."""
    return set(re.findall(r"(?m)^([a-z][a-z0-9-]*):(?!=)", (ROOT / "Makefile").read_text(encoding="utf-8")))


def test_make_help_lists_every_target() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    listed = re.findall(r"(?m)^  make ([a-z0-9-]+) +\S", shown)
    assert sorted(listed) == sorted(targets())


def test_make_targets_are_all_phony() -> None:
    phony = re.search(r"(?m)^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert phony is not None
    assert set(phony[1].split()) == targets()


def test_what_make_starts_keeps_its_compiled_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    recipe = "shown: ; @echo [$$PYTHONDONTWRITEBYTECODE]"
    command = ["make", "--no-print-directory", f"--eval={recipe}", "shown"]
    shown = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert shown == "[]\n"


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_documents_name_targets_that_exist(document: Path) -> None:
    named = set(re.findall(r"(?m)(?:^|`|\$ )make ([a-z][a-z0-9-]*)", document.read_text(encoding="utf-8")))
    assert named <= targets()


# -- documents


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_links_in_documents_lead_to_files(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    dead = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert not dead


@pytest.mark.parametrize(
    "document", [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *ADRS], ids=relative
)
def test_files_named_in_documents_exist(document: Path) -> None:
    named = re.findall(
        r"`((?:shared|cli|services|tests|docs|scripts|requirements)/[\w./-]+)`", document.read_text("utf-8")
    )
    gone = [name for name in named if not (ROOT / name).exists()]
    assert not gone


@pytest.mark.parametrize("adr", ADRS, ids=relative)
def test_adrs_state_choice_alternatives_and_enforcement(adr: Path) -> None:
    text = adr.read_text(encoding="utf-8")
    number = int(adr.name[:4])
    assert text.startswith(f"# {number}. ")
    headings = [heading.split(",")[0] for heading in re.findall(r"(?m)^## (.+)$", text)]
    assert {"Choice", "Alternatives", "What enforces it"} <= set(headings)


def test_adr_index_lists_every_adr_by_its_title() -> None:
    index = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    titles = [adr.read_text(encoding="utf-8").partition("\n")[0].partition(". ")[2] for adr in ADRS]
    assert re.findall(r"(?m)^\d+\. (.*)$", index) == [
        f"[{title}]({adr.name})" for title, adr in zip(titles, ADRS, strict=True)
    ]


def test_glossary_names_modules_that_exist() -> None:
    named = re.findall(r"`([\w/]+\.py)`", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"))
    sources = [*ROOT.glob("shared/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")]
    assert named
    assert [name for name in named if not any(path.as_posix().endswith(f"/{name}") for path in sources)] == []


def test_adr_numbers_are_unique_and_without_gaps() -> None:
    assert [int(adr.name[:4]) for adr in ADRS] == list(range(1, len(ADRS) + 1))


# -- no data of a developer's machine


def test_files_contain_no_path_of_a_personal_machine() -> None:
    personal = re.compile(r"(?<![\w.<}])/(?:root|work|Users/\w+|home/(?!app\b|tertulia\b)\w+)/\w")
    found = [
        f"{relative(path)}: {match[0]}"
        for path in tracked()
        if (text := as_text(path)) is not None and (match := personal.search(text))
    ]
    assert not found


def test_lock_files_contain_no_registry() -> None:
    for path in REQUIREMENTS:
        assert "://" not in path.read_text(encoding="utf-8"), relative(path)
    for path in tracked():
        if path.name == "package-lock.json":
            assert '"resolved"' not in path.read_text(encoding="utf-8"), relative(path)


def as_text(path: Path) -> str | None:
    """The file's text; None for a binary one."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


# -- the version


def test_packages_state_no_version_of_their_own() -> None:
    for path in PROJECTS[1:]:
        assert "version" not in project(path)["project"], relative(path)
        assert project(path)["project"]["dynamic"] == ["version"], relative(path)
    web = ROOT / "services" / "gateway" / "web"
    assert "version" not in json.loads((web / "package.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [project(path)["project"]["name"] for path in PROJECTS[1:]])
def test_installed_package_has_the_version_of_the_source(name: str) -> None:
    assert version(name) == __version__, "run `make setup-dev`"


def test_changelog_describes_the_current_version() -> None:
    headings = re.findall(r"(?m)^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert headings[:2] == ["Unreleased", __version__]


# -- dependencies


def pins(name: str) -> Iterator[Requirement]:
    """The pins of a requirements file."""
    for line in (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith((" ", "#")):
            yield Requirement(line.removesuffix("\\").strip())


@pytest.mark.parametrize("requirements", REQUIREMENTS, ids=relative)
def test_pinned_packages_have_hashes(requirements: Path) -> None:
    entries = re.split(r"\n(?=\S)", requirements.read_text(encoding="utf-8").strip())
    pinned = [entry for entry in entries if not entry.startswith("#")]
    assert pinned
    for entry in pinned:
        assert re.match(r"[\w.-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_all_dependencies_are_pinned() -> None:
    projects = [project(path) for path in PROJECTS]
    overrides = {
        canonicalize_name(Requirement(line).name) for line in projects[0]["tool"]["uv"]["override-dependencies"]
    }
    groups = projects[0]["dependency-groups"]
    wanted = {
        "run.txt": [line for each in projects for line in each["project"].get("dependencies", [])] + groups["build"],
        "dev.txt": groups["dev"] + groups["build"],
        "tools.txt": groups["tools"],
        "node.txt": groups["node"],
    }
    wanted["dev.txt"] += wanted["run.txt"]
    missing: list[str] = []
    for name, lines in wanted.items():
        pinned = {canonicalize_name(pin.name): pin for pin in pins(name)}
        for requirement in map(Requirement, lines):
            key = canonicalize_name(requirement.name)
            if key.startswith("tertulia-") or key in overrides:
                continue
            pin = pinned.get(key)
            version = next(iter(pin.specifier)).version if pin is not None else None
            if version is None or not requirement.specifier.contains(version, prereleases=True):
                missing.append(f"{name}: {requirement} (pinned: {version})")
    assert not missing, "run `make lock`"


def test_development_and_runtime_pins_agree() -> None:
    assert {str(pin) for pin in pins("run.txt")} <= {str(pin) for pin in pins("dev.txt")}


@pytest.mark.parametrize("image", ["gateway", "stt", "llm", "tts", "cli"])
def test_image_pins_match_the_tested_versions(image: str) -> None:
    pinned = {(canonicalize_name(pin.name), str(pin.specifier)) for pin in pins(f"images/{image}.txt")}
    assert pinned <= {(canonicalize_name(pin.name), str(pin.specifier)) for pin in pins("run.txt")}, "run `make lock`"
    folder = ROOT / ("cli" if image == "cli" else f"services/{image}")
    needed = [
        line
        for path in (ROOT / "shared", folder)
        for line in project(path / "pyproject.toml")["project"]["dependencies"]
    ]
    names = {name for name, _ in pinned}
    wanted = {canonicalize_name(Requirement(line).name) for line in needed}
    assert {name for name in wanted if not name.startswith("tertulia-")} <= names, "run `make lock`"
