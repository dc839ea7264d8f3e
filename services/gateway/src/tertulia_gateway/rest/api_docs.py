"""`/api/docs`: renders the OpenAPI document as static HTML, without scripts or external resources."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse


def install(app: FastAPI) -> None:

    @app.get("/api/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse("".join(_page(app.openapi())))


def _page(spec: dict[str, Any]) -> Iterator[str]:
    title = escape(spec["info"]["title"])
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}: REST</title><h1>{title}: REST</h1>'
    yield f"<p>{escape(spec['info']['description'])}</p>"
    yield '<p>For programs: <a href="/openapi.json">/openapi.json</a></p>'
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            yield f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
            yield f"<p>{escape(operation.get('description', ''))}</p>"
            yield from _table(("parameter", "in", "meaning"), _parameters(operation))
            yield from _table(("status", "meaning", "gives"), _responses(operation))
    yield "<h2>Schemas</h2>"
    for name, schema in spec["components"]["schemas"].items():
        yield f'<h3 id="{escape(name)}">{escape(name)}</h3><p>{escape(schema.get("description", ""))}</p>'
        fields = schema.get("properties", {})
        yield from _table(
            ("field", "type", "meaning"), ((f, _type(s), escape(s.get("description", ""))) for f, s in fields.items())
        )


def _parameters(operation: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for each in operation.get("parameters", ()):
        yield escape(each["name"]), each["in"], escape(each["schema"].get("description", each.get("description", "")))
    body = operation.get("requestBody", {}).get("content", {})
    for schema in (content["schema"] for content in body.values()):
        yield "body", "body", _type(schema)


def _responses(operation: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for status, each in operation["responses"].items():
        shapes = {_type(content.get("schema", {})) or media for media, content in each.get("content", {}).items()}
        yield status, escape(each["description"]), ", ".join(sorted(shapes))


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, str, str]]) -> Iterator[str]:
    lines = ["<tr><td>" + "<td>".join(row) for row in rows]
    if lines:
        yield "<table><tr><th>" + "<th>".join(head) + "".join(lines) + "</table>"


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    kind = escape(str(schema.get("type", "")))
    return f"{kind} of {_type(schema['items'])}" if "items" in schema else kind
