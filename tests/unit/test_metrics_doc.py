"""docs/metrics.md agrees with the catalogue of metrics."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tertulia_shared.metrics import catalogue
from tertulia_shared.metrics.family import Family, HistogramFamily

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
ENTRIES = re.findall(r"(?m)^- `(tertulia_[a-z_]+)(?:\{([a-z_,]+)\})?`: (.+)$", DOCUMENT)


def name_of(family: Family) -> str:
    return family.name


@pytest.mark.parametrize("family", catalogue.FAMILIES, ids=name_of)
def test_metrics_document_describes_every_metric(family: Family) -> None:
    entries = [(labels, meaning) for name, labels, meaning in ENTRIES if name == family.name]
    assert len(entries) == 1, "docs/metrics.md needs an entry for it"
    labels, meaning = entries[0]
    assert [label for label in labels.split(",") if label] == list(family.labels)
    assert meaning.strip()


def test_metrics_document_names_only_existing_metrics() -> None:
    known = {family.name for family in catalogue.FAMILIES}
    known |= {
        family.name + suffix
        for family in catalogue.FAMILIES
        if isinstance(family, HistogramFamily)
        for suffix in ("_bucket", "_sum", "_count")
    }
    assert set(re.findall(r"\btertulia_[a-z_]+[a-z]\b", DOCUMENT)) <= known


@pytest.mark.parametrize("family", catalogue.FAMILIES, ids=name_of)
def test_metrics_document_lists_every_label_value(family: Family) -> None:
    for label, values in family.labels.items():
        if values is None or label == "stage":
            continue
        missing = [value for value in values if f"`{value}`" not in DOCUMENT]
        assert not missing, f"{label} of {family.name}"
