"""Renders errors of the REST API as RFC 9457 problem details (`application/problem+json`)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from tertulia_gateway.auth import AccessRefused, Refusal
from tertulia_gateway.clips.clip_store import ClipStoreFailed
from tertulia_gateway.model_requests import ModelRequestFailed
from tertulia_gateway.problem_codes import NOT_FOUND, Params, ProblemCode, known_code
from tertulia_gateway.rest.character_names import NameOfUser
from tertulia_gateway.rest.clip_rules import ClipRefused
from tertulia_gateway.rest.import_fields import ImportRefused
from tertulia_gateway.rest.replayed_sound import NoReplay
from tertulia_gateway.rest.sound_file_errors import (
    MAX_CHARS,
    MAX_MESSAGES,
    NothingToSpeak,
    SoundFileBusy,
    TooLongToSpeak,
)
from tertulia_gateway.rest.sound_file_errors import RETRY_AFTER_S as SOUND_FILE_RETRY_AFTER_S
from tertulia_gateway.rest.voice_preview import RETRY_AFTER_S, SamplesBusy, VoiceSilent
from tertulia_gateway.sound_file.ogg import EncoderFailed
from tertulia_shared.bus import BusError
from tertulia_shared.cards.errors import BadCard
from tertulia_shared.lorebooks.errors import BadLorebook
from tertulia_shared.store import InvalidRecord, NameTaken, NotFound, StoreError

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One error in a request."""

    field: str = Field(description="where: a path into the body, or a parameter's name")
    message: str = Field(description="what is wrong with it, and what is allowed")
    code: str = Field(default=ProblemCode.INVALID_VALUE, description="the same for programs; see docs/protocol.md")
    params: Params = Field(default={}, description="the names and numbers in the message")


class ProblemDetails(BaseModel):
    """RFC 9457 problem details. `type` is always about:blank, because `status` and `detail` say enough."""

    type: str = "about:blank"
    title: str = Field(description="the status in words")
    status: int
    detail: str = Field(description="what went wrong here, and what to do")
    code: str = Field(description="the same for programs; see docs/protocol.md")
    params: Params = Field(default={}, description="the names and numbers in `detail`")
    errors: list[FieldError] = Field(default_factory=list[FieldError])


ALWAYS = (401, 403, 503)
"""Every route can respond with these: 401 and 403 from the middleware, 503 when Redis or the store is unavailable."""
WITH_BODY = (400, 411, 413)
STATUS_OF_MODEL_REQUEST = {"busy": 429, "environment": 409, "no_worker": 503, "failed": 503}
"""The statuses of failed requests about the model server. The others are failures of that server: 422."""


def responses(*statuses: int, body: bool = False) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI responses for `statuses`, and for the statuses that every route can give; with `body`, also those of
    every route that accepts a body.
    """
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {
        status: {
            "model": ProblemDetails,
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in sorted({*statuses, *ALWAYS, *(WITH_BODY if body else ())})
    }


def problem(
    status: int,
    code: str,
    detail: str,
    params: Params | None = None,
    *,
    errors: list[FieldError] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Build an error response whose body is a `ProblemDetails`; a 401 also gets `WWW-Authenticate`."""
    details = ProblemDetails(
        title=HTTPStatus(status).phrase, status=status, detail=detail, code=code, params=params or {},
        errors=errors or [],
    )  # fmt: skip
    if status == HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer"}
    return JSONResponse(details.model_dump(), status, headers, media_type=MEDIA_TYPE)


def refused(refusal: Refusal) -> JSONResponse:
    """The response to a request that is not allowed, or whose body is not."""
    return problem(refusal.status, refusal.code, refusal.reason, refusal.params)


def install(app: FastAPI) -> None:
    """Register the exception handlers, and describe the media type correctly in OpenAPI."""
    app.add_exception_handler(StoreError, _store_error)
    app.add_exception_handler(BusError, _bus_error)
    app.add_exception_handler(VoiceSilent, _voice_silent)
    app.add_exception_handler(ModelRequestFailed, _model_request_failed)
    app.add_exception_handler(SamplesBusy, _samples_busy)
    app.add_exception_handler(NoReplay, _no_replay)
    for error in (NothingToSpeak, TooLongToSpeak, SoundFileBusy, EncoderFailed):
        app.add_exception_handler(error, _no_sound_file)
    app.add_exception_handler(ClipRefused, _clip_refused)
    app.add_exception_handler(ImportRefused, _import_refused)
    app.add_exception_handler(BadCard, _bad_card)
    app.add_exception_handler(BadLorebook, _bad_lorebook)
    app.add_exception_handler(ClipStoreFailed, _clip_store_failed)
    app.add_exception_handler(NameOfUser, _name_of_user)
    app.add_exception_handler(AccessRefused, _access_refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        spec = generate()
        for path in spec["paths"].values():
            for operation in path.values():
                for response in operation["responses"].values():
                    content = response.get("content", {})
                    # FastAPI adds the model as application/json, but no error response has this media type
                    if MEDIA_TYPE in content:
                        content.pop("application/json", None)
        return spec

    app.openapi = openapi


async def _store_error(_: Request, error: Exception) -> JSONResponse:
    match error:
        case NotFound(kind=kind):
            return problem(404, NOT_FOUND.get(kind, ProblemCode.HTTP_ERROR), str(error))
        case NameTaken(name=name, kind=kind):
            params = {"name": name} if kind == "character" else {"name": name, "kind": kind}
            return _field_problem(409, "name", ProblemCode.NAME_TAKEN, str(error), params)
        case InvalidRecord(field=field, problem=what, code=code):
            name = field.rpartition(".")[2]
            fault = FieldError(field=name, message=what, code=known_code(code))
            return problem(422, ProblemCode.INVALID, f"{name}: {what}", errors=[fault])
        case _:
            return problem(503, ProblemCode.STORE_UNAVAILABLE, f"The store is unavailable: {error}")


async def _bus_error(_: Request, error: Exception) -> JSONResponse:
    detail = f"Redis is unavailable: {error}. Changes to the store were saved."
    return problem(503, ProblemCode.REDIS_UNAVAILABLE, detail)


async def _voice_silent(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, VoiceSilent)  # noqa: S101 - registered for this class alone
    return problem(503, error.code, str(error), error.params)


async def _samples_busy(_: Request, error: Exception) -> JSONResponse:
    return problem(429, ProblemCode.SAMPLES_BUSY, str(error), headers={"Retry-After": str(RETRY_AFTER_S)})


async def _no_replay(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, NoReplay)  # noqa: S101 - registered for this class alone
    return problem(409, error.code, str(error))


async def _no_sound_file(_: Request, error: Exception) -> JSONResponse:
    match error:
        case SoundFileBusy():
            headers = {"Retry-After": str(SOUND_FILE_RETRY_AFTER_S)}
            return problem(429, ProblemCode.SOUND_FILE_BUSY, str(error), headers=headers)
        case TooLongToSpeak():
            most = {"messages": MAX_MESSAGES, "characters": MAX_CHARS}
            return problem(409, ProblemCode.SOUND_FILE_TOO_LONG, str(error), most)
        case NothingToSpeak():
            return problem(409, ProblemCode.NOTHING_TO_SPEAK, str(error))
        case _:
            return problem(503, ProblemCode.ENCODER_FAILED, str(error))


async def _access_refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, AccessRefused)  # noqa: S101 - registered for this class alone
    return refused(error.refusal)


async def _name_of_user(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, NameOfUser)  # noqa: S101 - registered for this class alone
    return _field_problem(409, "name", ProblemCode.NAME_OF_USER, str(error), {"name": error.name})


async def _model_request_failed(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ModelRequestFailed)  # noqa: S101 - registered for this class alone
    status = STATUS_OF_MODEL_REQUEST.get(error.code, 422)
    field = {"llm_auth": "key", "llm_model": "model", "llm_address": "address"}.get(error.code)
    code = error.code if error.code.startswith("llm_") else f"model_{error.code}"
    return _field_problem(status, field or "", code, str(error))


async def _clip_refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ClipRefused)  # noqa: S101 - registered for this class alone
    return _field_problem(error.status, error.field, error.code, str(error), error.params)


async def _import_refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ImportRefused)  # noqa: S101 - registered for this class alone
    return problem(422, error.code, str(error), error.params)


async def _bad_card(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, BadCard)  # noqa: S101 - registered for this class alone
    return _field_problem(422, "card", known_code(error.code), str(error))


async def _bad_lorebook(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, BadLorebook)  # noqa: S101 - registered for this class alone
    return problem(422, known_code(error.code), str(error))


async def _clip_store_failed(_: Request, error: Exception) -> JSONResponse:
    return problem(503, ProblemCode.CLIPS_NOT_KEPT, str(error))


def _field_problem(status: int, field: str, code: str, message: str, params: Params | None = None) -> JSONResponse:
    """A problem that is the fault of one field; of none if it is ""."""
    errors = [FieldError(field=field, message=message, code=code, params=params or {})] if field else []
    return problem(status, code, message, params, errors=errors)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class alone
    errors = [_field_error(each) for each in error.errors()]
    detail = "; ".join(f"{each.field}: {each.message}" for each in errors)
    return problem(422, ProblemCode.INVALID, detail, errors=errors)


def _field_error(error: Mapping[str, Any]) -> FieldError:
    """Pydantic's error for the user of the page: Pydantic's words are for programmers."""
    field = ".".join(str(part) for part in error["loc"][1:]) or str(error["loc"][0])
    kind, limits = _kind(error), error.get("ctx", {})
    if kind == "string_too_short" and limits["min_length"] == 1:
        return FieldError(field=field, message="must not be empty", code=ProblemCode.EMPTY)
    if kind == "string_too_short":
        least = limits["min_length"]
        message = f"must have at least {least} characters"
        return FieldError(field=field, message=message, code=ProblemCode.TOO_SHORT, params={"least": least})
    if kind == "string_too_long":
        most = limits["max_length"]
        message = f"must have at most {most} characters"
        return FieldError(field=field, message=message, code=ProblemCode.TOO_LONG, params={"most": most})
    message = str(error["msg"]).replace("Input should be", "must be")
    code = _CHECKED.get(field.rpartition(".")[2]) if kind == "value_error" else _KINDS.get(kind)
    return FieldError(field=field, message=message, code=code or known_code(kind))


def _kind(error: Mapping[str, Any]) -> str:
    """The type of Pydantic's error. For a cleaned text that may be null, Pydantic gives the type that lists have."""
    kind = str(error["type"])
    if kind not in ("too_short", "too_long"):
        return kind
    return f"string_{kind}" if isinstance(error.get("input"), str) else "list_length"


_KINDS: Mapping[str, ProblemCode] = {
    "missing": ProblemCode.MISSING,
    "extra_forbidden": ProblemCode.UNKNOWN_FIELD,
    "greater_than": ProblemCode.OUT_OF_RANGE,
    "greater_than_equal": ProblemCode.OUT_OF_RANGE,
    "less_than": ProblemCode.OUT_OF_RANGE,
    "less_than_equal": ProblemCode.OUT_OF_RANGE,
}
"""By the type of Pydantic's error. Types of our own have the name of their code."""
_CHECKED: Mapping[str, ProblemCode] = {
    "address": ProblemCode.INVALID_ADDRESS,
    "key": ProblemCode.INVALID_KEY,
    "model": ProblemCode.INVALID_MODEL,
}
"""By the name of the field, of the values that a function checks."""


async def _http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    return problem(error.status_code, ProblemCode.HTTP_ERROR, str(error.detail), headers=error.headers)
