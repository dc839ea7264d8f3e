"""Writes the Grafana dashboard: `make dashboard`. A test compares the file with what this module makes.

The dashboard has a row for each question: is it fast, is it stuck, is it losing anything, is it full.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from scripts.dashboard_rows import ROWS, Panel

FILE: Final = Path(__file__).resolve().parent.parent / "deploy/observability/grafana/dashboards/tertulia.json"
COLUMNS: Final = 24
"""The width of Grafana's grid."""
WIDTH, HEIGHT = 6, 7
SOURCE: Final = {"type": "prometheus", "uid": "prometheus"}


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana reads it."""
    return {
        "uid": "tertulia",
        "title": "Tertulia",
        "timezone": "browser",
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "schemaVersion": 39,
        "editable": False,
        "panels": list(_panels()),
    }


def queries() -> Iterator[str]:
    """Every query of the dashboard."""
    for _, panels in ROWS:
        for panel in panels:
            yield from (query for query, _ in panel.lines)


def _panels() -> Iterator[dict[str, Any]]:
    id, y = 1, 0
    for question, panels in ROWS:
        yield {"id": id, "type": "row", "title": question, "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": y}}
        id, y = id + 1, y + 1
        for number, panel in enumerate(panels):
            row, column = divmod(number * WIDTH, COLUMNS)
            yield _graph(panel, id, {"h": HEIGHT, "w": WIDTH, "x": column, "y": y + row * HEIGHT})
            id += 1
        y += -(-len(panels) * WIDTH // COLUMNS) * HEIGHT


def _graph(panel: Panel, id: int, place: dict[str, int]) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.limit is not None:
        steps.append({"color": "red", "value": panel.limit})
    custom: dict[str, Any] = {"fillOpacity": 10, "showPoints": "never"}
    if panel.limit is not None:
        custom["thresholdsStyle"] = {"mode": "line"}
    return {
        "id": id,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.help,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit, "min": 0, "custom": custom, "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": SOURCE, "expr": query, "legendFormat": legend}
            for at, (query, legend) in enumerate(panel.lines)
        ],
    }  # fmt: skip


def render() -> str:
    """The text of the file."""
    return json.dumps(dashboard(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
