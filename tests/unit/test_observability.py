"""The dashboard, the alert rules and their runbooks name only what exists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.dashboard import FILE, queries, render
from tertulia_shared.metrics import catalogue
from tertulia_shared.metrics.family import Family, HistogramFamily

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "observability"
OF_A_PROCESS = {"process_cpu_seconds_total", "process_resident_memory_bytes"}
OF_PROMETHEUS = {"up"}
OF_A_TARGET = {"job", "instance", "service", "le"}
"""Labels that Prometheus and the histograms add."""
FUNCTIONS = {"and", "by", "count", "histogram_quantile", "increase", "max", "on", "rate", "sum", "unless"}
SELECTOR = re.compile(r"\b([a-z_]+)\b(?:\{([^}]*)\})?(?!\s*\()")


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def series() -> dict[str, Family | None]:
    """Every name that a query may use, with its family."""
    found: dict[str, Family | None] = dict.fromkeys(OF_A_PROCESS | OF_PROMETHEUS)
    for family in catalogue.FAMILIES:
        suffixes = ("_bucket", "_count", "_sum") if isinstance(family, HistogramFamily) else ("",)
        found.update({family.name + suffix: family for suffix in suffixes})
    return found


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    yield from queries()


@pytest.mark.parametrize("expression", list(expressions()))
def test_expression_uses_only_metrics_and_labels_of_the_catalogue(expression: str) -> None:
    known = series()
    grouped = {label.strip() for labels in re.findall(r"by \(([^)]*)\)", expression) for label in labels.split(",")}
    plain = re.sub(r"by \([^)]*\)|\[[^]]*\]", " ", expression)
    used = [(name, labels) for name, labels in SELECTOR.findall(plain) if name not in FUNCTIONS]
    assert used
    allowed = set(OF_A_TARGET)
    for name, selected in used:
        assert name in known
        family = known[name]
        labels: Mapping[str, Sequence[str] | None] = {} if family is None else family.labels
        allowed |= set(labels)
        for label, value in re.findall(r'(\w+)="([^"]*)"', selected):
            values = labels.get(label)
            assert label in labels or label in OF_A_TARGET
            assert values is None or value in values
    assert grouped <= allowed


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_alert_has_a_severity_a_summary_and_a_runbook(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "look")
    assert rule["annotations"]["summary"]
    page = (ROOT / rule["annotations"]["runbook"]).read_text(encoding="utf-8")
    assert f"`{rule['alert']}`" in page, "the runbook says that it is about this alert"


def test_every_runbook_belongs_to_an_alert_and_is_listed() -> None:
    folder = ROOT / "docs" / "runbooks"
    pages = {path.name for path in folder.glob("*.md")} - {"README.md"}
    assert pages == {Path(rule["annotations"]["runbook"]).name for rule in rules()}
    assert pages == set(re.findall(r"\]\(([a-z-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8")))


def test_every_problem_that_the_gateway_reports_is_explained_in_a_runbook() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "runbooks").glob("*.md"))
    missing = [code for code in catalogue.PROBLEM.labels["code"] or () if f"`{code}`" not in text]
    assert missing == []


def test_dashboard_file_is_what_the_script_makes() -> None:
    assert FILE.read_text(encoding="utf-8") == render(), "run `make dashboard`"


def test_panels_of_the_dashboard_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(render())["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not taken & cells, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_prometheus_scrapes_every_service_and_reads_the_rules() -> None:
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    (scraped,) = config["scrape_configs"]
    assert scraped["dns_sd_configs"][0]["names"] == ["gateway", "stt", "llm", "tts"]
    assert config["rule_files"] == ["alerts.yml"]


def test_overlay_publishes_only_on_this_machine_and_is_as_restricted_as_the_services() -> None:
    overlay = yaml.safe_load((ROOT / "deploy/compose/observability.yml").read_text(encoding="utf-8"))["services"]
    base = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["x-hardened"]
    for service in overlay.values():
        assert {name: service[name] for name in base} == base
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
