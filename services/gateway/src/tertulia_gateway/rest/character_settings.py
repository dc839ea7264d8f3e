"""The model settings of a character, in the form that the REST API returns and accepts."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from tertulia_shared.model_settings import MAX_MODEL_CHARS, SETTING_RANGES, cleaned_setting, setting_problem


def _ranged(name: str) -> Any:
    low, high = SETTING_RANGES[name]
    return Field(None, ge=low, le=high, allow_inf_nan=False, description=f"from {low:g} to {high:g}, or null")


def _whole(name: str) -> Any:
    low, high = SETTING_RANGES[name]
    return Field(None, ge=int(low), le=int(high), description=f"a whole number from {low:g} to {high:g}, or null")


def _possible(model: str) -> str:
    problem = setting_problem("model", model)
    if problem:
        raise ValueError(problem)
    return model


class CharacterSettings(BaseModel):
    """A character's own model settings. A setting that is null is taken from the conversation; if it is null there as
    well, from the server's default.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    model: Annotated[str, BeforeValidator(cleaned_setting), AfterValidator(_possible)] | None = Field(
        default=None, description=f"the name of a model, of 1 to {MAX_MODEL_CHARS} characters, or null"
    )
    temperature: float | None = _ranged("temperature")
    top_p: float | None = _ranged("top_p")
    min_p: float | None = _ranged("min_p")
    top_k: int | None = _whole("top_k")
    frequency_penalty: float | None = _ranged("frequency_penalty")
    presence_penalty: float | None = _ranged("presence_penalty")
    repetition_penalty: float | None = _ranged("repetition_penalty")
