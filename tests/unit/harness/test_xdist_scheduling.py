from __future__ import annotations

from pathlib import Path

from tests.harness.xdist_scheduling import LONG, order

ROOT = Path(__file__).parents[3]


def test_long_files_of_the_page_come_before_its_other_files() -> None:
    long = [f"{path}::test_one" for path in LONG]
    others = [
        f"tests/e2e/{path.name}::test_one"
        for path in (ROOT / "tests" / "e2e").glob("test_*.py")
        if f"tests/e2e/{path.name}" not in LONG
    ]
    assert max(map(order, long)) < min(map(order, others))


def test_long_files_exist() -> None:
    assert [path for path in LONG if not (ROOT / path).is_file()] == []
