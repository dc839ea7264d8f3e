from __future__ import annotations

import pytest

from tertulia_shared.entries import ModelSettings
from tertulia_shared.model_settings import SETTING_RANGES, cleaned_setting, merged, possible_settings, setting_problem


def test_settings_of_a_character_override_those_of_the_conversation() -> None:
    own = ModelSettings(model="own/model", temperature=0.0)
    general = ModelSettings(model="talk/model", temperature=1.0, top_p=0.5)
    assert merged(own, general) == ModelSettings(model="own/model", temperature=0.0, top_p=0.5)
    assert merged(ModelSettings(), general) == general
    assert merged(own, ModelSettings()) == own


@pytest.mark.parametrize("name", SETTING_RANGES)
def test_smallest_and_largest_value_of_a_setting_are_possible(name: str) -> None:
    low, high = SETTING_RANGES[name]
    assert not setting_problem(name, int(low))
    assert not setting_problem(name, int(high))
    assert f"from {low:g} to {high:g}" in setting_problem(name, high + 1)
    assert not setting_problem(name, None)


@pytest.mark.parametrize("value", ["", "a\nb", "x" * 201, 5, True])
def test_impossible_name_of_a_model_is_refused(value: object) -> None:
    assert "1 to 200" in setting_problem("model", value)
    assert possible_settings({"model": value}) == ModelSettings()


def test_error_about_an_unknown_setting_is_short_and_lists_the_known_settings() -> None:
    problem = setting_problem("x" * 500, 1)
    assert len(problem) < 250
    assert "temperature" in problem


def test_typed_setting_loses_white_space_but_no_control_character() -> None:
    assert cleaned_setting("  vendor/model ") == "vendor/model"
    assert cleaned_setting("a\x07b") == "a\x07b", "control characters are refused, not removed"
    assert cleaned_setting(0.5) == 0.5
