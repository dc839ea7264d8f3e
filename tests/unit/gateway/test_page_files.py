"""The files of the page: compression, caching, and addresses that do not exist."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tertulia_gateway import page

SCRIPT = "let x = 1;\n" * 1_000


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>hello")
    (tmp_path / "assets" / "index-1a2b.js").write_text(SCRIPT)
    app = FastAPI()
    page.install(app, tmp_path)
    return TestClient(app)


def test_scripts_are_compressed_and_kept_by_the_browser(client: TestClient) -> None:
    answer = client.get("/assets/index-1a2b.js", headers={"Accept-Encoding": "gzip"})
    assert answer.text == SCRIPT
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    plain = client.get("/assets/index-1a2b.js", headers={"Accept-Encoding": "identity"})
    assert plain.text == SCRIPT
    assert "content-encoding" not in plain.headers


def test_browser_asks_for_the_page_each_time(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.headers["cache-control"] == "no-cache"
    again = client.get("/", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")


def test_unknown_address_leads_a_browser_to_the_page(client: TestClient) -> None:
    answer = client.get("/anything/else", headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 404
    assert '<a href="/">Open Tertulia</a>' in answer.text
    assert client.get("/anything", headers={"Accept": "application/json"}).json() == {"detail": "Not Found"}
