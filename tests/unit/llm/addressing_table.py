"""Reads the tables of labelled remarks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tertulia_llm.text.addressing import Remark, Seat, decide
from tertulia_shared.names import fold

FOLDER = Path(__file__).parent / "addressing"


@dataclass(frozen=True)
class Labelled:
    """A line of a table."""

    language: str
    source: str
    cast: tuple[str, ...]
    last: str
    text: str
    expected: str

    def decision(self) -> str:
        """The decision in the form of the label."""
        cast = tuple(Seat(name, name) for name in sorted(self.cast, key=fold))
        speakers = (self.last,) if self.last else ()
        answerers = decide(Remark(self.text, cast, spoken=self.source == "spoken", speakers=speakers, seed=self.text))
        if not answerers:
            return "-"
        if answerers[0].reason == "chosen":
            first = answerers[0].seat.name
            return "?" if not self.last or first == self.last else "?!"
        names = [answerer.seat.name for answerer in answerers]
        return "*" if len(names) == len(cast) and answerers[0].reason == "everyone" else ", ".join(names)


def read_table(name: str) -> list[Labelled]:
    """The remarks of a table."""
    lines = [line for line in (FOLDER / name).read_text().splitlines() if line and not line.startswith("#")]
    remarks: list[Labelled] = []
    for line in lines:
        language, source, cast, last, text, expected = (field.strip() for field in line.split("|"))
        remarks.append(
            Labelled(language, source, tuple(each.strip() for each in cast.split(",")), last, text, expected)
        )
    return remarks


def wrong(remarks: list[Labelled]) -> list[str]:
    """The remarks that are decided wrongly, with what was decided."""
    return [
        f"{each.language} {each.source} after {each.last}: {each.text} | expected {each.expected} | got {got}"
        for each in remarks
        if (got := each.decision()) != each.expected
    ]
