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

from tertulia_gateway.clips.clip_store import ClipStoreFailed
from tertulia_gateway.model_requests import ModelRequestFailed
from tertulia_gateway.rest.clip_rules import ClipRefused
from tertulia_gateway.rest.voice_preview import RETRY_AFTER_S, SamplesBusy, VoiceSilent
from tertulia_shared.bus import BusError
from tertulia_shared.cards.errors import BadCard
from tertulia_shared.store import InvalidRecord, NameTaken, NotFound, StoreError

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One error in a request."""

    field: str = Field(description="where: a path into the body, or a parameter's name")
    message: str = Field(description="what is wrong with it, and what is allowed")


class ProblemDetails(BaseModel):
    """RFC 9457 problem details. `type` is always about:blank, because `status` and `detail` say enough."""

    type: str = "about:blank"
    title: str = Field(description="the status in words")
    status: int
    detail: str = Field(description="what went wrong here, and what to do")
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
    status: int, detail: str, errors: list[FieldError] | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Build an error response whose body is a `ProblemDetails`; a 401 also gets `WWW-Authenticate`."""
    details = ProblemDetails(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors or [])
    if status == HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer"}
    return JSONResponse(details.model_dump(), status, headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Register the exception handlers, and describe the media type correctly in OpenAPI."""
    app.add_exception_handler(StoreError, _store_error)
    app.add_exception_handler(BusError, _bus_error)
    app.add_exception_handler(VoiceSilent, _voice_silent)
    app.add_exception_handler(ModelRequestFailed, _model_request_failed)
    app.add_exception_handler(SamplesBusy, _samples_busy)
    app.add_exception_handler(ClipRefused, _clip_refused)
    app.add_exception_handler(BadCard, _bad_card)
    app.add_exception_handler(ClipStoreFailed, _clip_store_failed)
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
        case NotFound():
            return problem(404, str(error))
        case NameTaken():
            return problem(409, str(error), [FieldError(field="name", message=str(error))])
        case InvalidRecord(field=field, problem=what):
            name = field.rpartition(".")[2]
            return problem(422, f"{name}: {what}", [FieldError(field=name, message=what)])
        case _:
            return problem(503, f"The store is unavailable: {error}")


async def _bus_error(_: Request, error: Exception) -> JSONResponse:
    return problem(503, f"Redis is unavailable: {error}. Changes to the store were saved.")


async def _voice_silent(_: Request, error: Exception) -> JSONResponse:
    return problem(503, str(error))


async def _samples_busy(_: Request, error: Exception) -> JSONResponse:
    return problem(429, str(error), headers={"Retry-After": str(RETRY_AFTER_S)})


async def _model_request_failed(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ModelRequestFailed)  # noqa: S101 - registered for this class alone
    status = STATUS_OF_MODEL_REQUEST.get(error.code, 422)
    field = {"llm_auth": "key", "llm_model": "model", "llm_address": "address"}.get(error.code)
    return problem(status, str(error), [FieldError(field=field, message=str(error))] if field else [])


async def _clip_refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ClipRefused)  # noqa: S101 - registered for this class alone
    errors = [FieldError(field=error.field, message=str(error))] if error.field else []
    return problem(error.status, str(error), errors)


async def _bad_card(_: Request, error: Exception) -> JSONResponse:
    return problem(422, str(error), [FieldError(field="card", message=str(error))])


async def _clip_store_failed(_: Request, error: Exception) -> JSONResponse:
    return problem(503, str(error))


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class alone
    errors = [
        FieldError(field=".".join(str(part) for part in each["loc"][1:]) or str(each["loc"][0]), message=_fault(each))
        for each in error.errors()
    ]
    return problem(422, "; ".join(f"{each.field}: {each.message}" for each in errors), errors)


def _fault(error: Mapping[str, Any]) -> str:
    """What is wrong with a field, for the user of the page: Pydantic's words are for programmers."""
    kind, limits = error["type"], error.get("ctx", {})
    if kind == "string_too_short":
        shortest = limits["min_length"]
        return "must not be empty" if shortest == 1 else f"must have at least {shortest} characters"
    if kind == "string_too_long":
        return f"must have at most {limits['max_length']} characters"
    return str(error["msg"]).replace("Input should be", "must be")


async def _http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    return problem(error.status_code, str(error.detail), headers=error.headers)
