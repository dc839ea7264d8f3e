"""Reads metrics as Prometheus does, over HTTP or from a `Metrics`: series and their values."""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass
from typing import Any

from prometheus_client import parser

from tertulia_shared.metrics import Metrics
from tests.harness.eventually import PATIENCE_S

Series = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Scrape:
    """The values at one moment."""

    values: dict[Series, float]

    def of(self, name: str, **labels: str) -> float:
        """The value of a series; a histogram has `…_count` and `…_sum`."""
        return self.values[name, frozenset(labels.items())]

    def has(self, name: str) -> bool:
        """Whether any series has this name."""
        return any(each == name for each, _ in self.values)

    def total(self, name: str) -> float:
        """The sum of all series of this name."""
        return sum(value for (each, _), value in self.values.items() if each == name)


def parsed(text: str) -> Scrape:
    """The series of a text.

    Raises:
        ValueError: the text is not in Prometheus' format.
    """
    families: Any = parser.text_string_to_metric_families(text)
    return Scrape(
        {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }
    )


def scraped(metrics: Metrics) -> Scrape:
    """The metrics of this process."""
    return parsed(metrics.text().decode())


def scrape(port: int) -> Scrape:
    """The metrics of the process that serves them at `port`."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as response:
        return parsed(response.read().decode())
