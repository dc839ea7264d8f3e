from __future__ import annotations

import dataclasses
import inspect

import pytest

from tertulia_shared import events
from tertulia_shared.events import EVENTS, Event

CLASSES = [cls for _, cls in inspect.getmembers(events, inspect.isclass) if issubclass(cls, Event) and cls is not Event]


@pytest.mark.parametrize("cls", CLASSES)
def test_every_event_class_is_in_the_registry_of_events(cls: type[Event]) -> None:
    assert EVENTS[cls.type] is cls
    assert cls.__doc__


def test_event_names_are_unique() -> None:
    assert len(EVENTS) == len(CLASSES)
    assert len({cls.type for cls in CLASSES}) == len(CLASSES)


@pytest.mark.parametrize("cls", CLASSES)
def test_event_fields_do_not_collide_with_the_envelope(cls: type[Event]) -> None:
    # an event reaches the client as one flat object: its type, its id and its own fields
    names = {field.name for field in dataclasses.fields(cls)}
    assert names.isdisjoint({"type", "event_id", "v", "ts", "epoch"})
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(cls(*names), next(iter(names)), "changed")


def test_listening_events_match_the_callbacks_of_realtimestt() -> None:
    assert {
        "transcription_update", "transcription_stabilized", "transcription_finished", "vad_detect_start",
        "vad_detect_stop", "vad_start", "vad_stop", "recording_start", "recording_stop",
    } <= set(EVENTS)  # fmt: skip
