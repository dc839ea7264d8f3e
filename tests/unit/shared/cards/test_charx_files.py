"""CHARX files: archives with a card and assets."""

from __future__ import annotations

import io
import json
import stat
import struct
import time
import zipfile
from random import Random

import pytest

from tertulia_shared.cards.charx_file import (
    MAX_CHARX_BYTES,
    MAX_MEMBERS,
    MAX_PICTURE_BYTES,
    is_charx,
    read_charx,
)
from tertulia_shared.cards.errors import BadCard
from tests.harness.card_shapes import CHARX, DATA, JPEG, V3, charx, picture

TEXT = json.dumps(CHARX, indent=4)
MAIN, SIDE = picture(colour=(1, 2, 3)), picture(colour=(4, 5, 6))
ASSETS = {"assets/icon/image/0.png": MAIN, "assets/icon/image/1.png": SIDE, "assets/emotion/image/2.webp": b"RIFF"}
MEMBERS = {**ASSETS, "x_meta/0.json": "{}", "module.risum": b"\x6f\0", "card.json": TEXT}


def code(data: bytes) -> str:
    with pytest.raises(BadCard) as caught:
        read_charx(data)
    assert str(caught.value).endswith(".")
    return caught.value.code


def with_icon(uri: object, **icon: object) -> str:
    assets = [{"type": "icon", "uri": uri, "name": "main", "ext": "png", **icon}]
    return json.dumps({**V3, "data": {**DATA, "assets": assets}})


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("before", [b"", JPEG])
def test_card_and_main_icon_are_read(before: bytes, method: int) -> None:
    data = charx(MEMBERS, before=before, method=method)
    assert is_charx(data)
    found = read_charx(data)
    assert found.text == TEXT
    assert found.pictures == ((MAIN, before) if before else (MAIN,))
    assert found.further_assets == 2
    assert not found.lacks_picture


@pytest.mark.parametrize("uri", ["embeded://a/b.png", "embedded://a/b.png", "__asset:a/b.png"])
def test_icon_is_found_by_each_scheme(uri: str) -> None:
    found = read_charx(charx({"card.json": with_icon(uri), "a/b.png": MAIN}))
    assert (found.pictures, found.further_assets) == ((MAIN,), 0)


@pytest.mark.parametrize("icon", [{"name": "side"}, {"name": None}])
def test_another_icon_is_taken_if_there_is_no_main_one(icon: dict[str, object]) -> None:
    assert read_charx(charx({"card.json": with_icon("embeded://b.png", **icon), "b.png": MAIN})).pictures == (MAIN,)


@pytest.mark.parametrize(
    "uri",
    ["ccdefault:", "https://example.org/mira.png", "data:image/png;base64,AAAA", "file:///etc/passwd", "b.png", 3],
)
def test_other_addresses_are_not_followed(uri: object) -> None:
    members = {"card.json": with_icon(uri), "b.png": MAIN}
    found = read_charx(charx(members))
    assert (found.pictures, found.lacks_picture) == ((), False)
    assert read_charx(charx(members, before=JPEG)).pictures == (JPEG,)


@pytest.mark.parametrize("uri", ["embeded://../b.png", "embeded:///etc/passwd", "embeded://", "embeded://none.png"])
def test_missing_picture_is_reported(uri: str) -> None:
    found = read_charx(charx({"card.json": with_icon(uri)}))
    assert (found.pictures, found.lacks_picture) == ((), True)


@pytest.mark.parametrize(
    "assets", [None, 3, {}, [None, 3, []], [{"type": "icon"}], [{"type": ["icon"], "uri": "embeded://b"}]]
)
def test_damaged_list_of_assets_names_no_picture(assets: object) -> None:
    text = json.dumps({**V3, "data": {**DATA, "assets": assets}})
    assert read_charx(charx({"card.json": text})).pictures == ()


def test_names_of_members_are_no_paths() -> None:
    """Members are never written to files, so a name outside the archive is a name like any other."""
    for name in ("../../b.png", "/etc/passwd", "C:\\b.png"):
        assert read_charx(charx({"card.json": with_icon(f"embeded://{name}"), name: MAIN})).pictures == (MAIN,)


def test_symbolic_link_is_read_as_its_text() -> None:
    link = zipfile.ZipInfo("card.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert code(file.getvalue()) == "card_no_json"


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"a.json": TEXT},
        {"Mira/card.json": TEXT},
        {"../card.json": TEXT},
        {"card.json/": ""},
        {"inner.charx": charx(MEMBERS)},
    ],
)
def test_archive_without_a_card_is_refused(members: dict[str, str | bytes]) -> None:
    assert is_charx(charx(members))
    assert code(charx(members)) == "card_not_in_archive"


def test_bomb_is_refused_by_the_bytes_that_come_out() -> None:
    bomb = charx({"card.json": bytes(64 * 1024 * 1024)})
    assert len(bomb) < 100_000
    assert code(bomb) == "card_too_large"
    # a header that names fewer bytes does not get more of them in
    small = struct.pack("<I", 100)
    assert code(bomb.replace(struct.pack("<I", 64 * 1024 * 1024), small)) == "card_archive"


def test_bomb_as_a_picture_leaves_the_card_usable() -> None:
    found = read_charx(charx({"card.json": with_icon("embeded://b.png"), "b.png": bytes(MAX_PICTURE_BYTES + 1)}))
    assert (found.pictures, found.lacks_picture) == ((), True)


def test_archive_of_many_files_is_refused_within_a_second() -> None:
    few = charx({"card.json": TEXT, **{f"{number}": b"" for number in range(MAX_MEMBERS - 1)}})
    many = charx({"card.json": TEXT, **{f"{number}": b"" for number in range(20_000)}})
    assert read_charx(few).further_assets == MAX_MEMBERS - 1
    began = time.process_time()
    assert code(many) == "card_too_large"
    assert time.process_time() - began < 1


def test_file_above_the_bound_is_refused() -> None:
    assert code(charx(MEMBERS) + bytes(MAX_CHARX_BYTES)) == "card_too_large"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods_of_compression_are_refused(method: int) -> None:
    assert code(charx(MEMBERS, method=method)) == "card_archive"


def test_encrypted_archive_is_refused() -> None:
    data = bytearray(charx({"card.json": TEXT}))
    entry = data.rindex(b"PK\x01\x02")
    data[6] |= 1
    data[entry + 8] |= 1
    with pytest.raises(BadCard, match="encrypted") as caught:
        read_charx(bytes(data))
    assert caught.value.code == "card_archive"


@pytest.mark.parametrize("before", [b"", JPEG])
def test_truncated_archive_is_refused(before: bytes) -> None:
    data = charx(MEMBERS, before=before)
    for length in range(len(before) + 4, len(data), 37):
        assert is_charx(data[:length])
        assert code(data[:length]) == "card_archive"


def test_changed_bytes_are_refused_or_harmless() -> None:
    rng = Random(7)
    data = charx(MEMBERS)
    outcomes: set[str] = set()
    for _ in range(2_000):
        changed = bytearray(data)
        for _ in range(rng.randrange(1, 6)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        try:
            read_charx(bytes(changed))
            outcomes.add("read")
        except BadCard as error:
            outcomes.add(error.code)
    assert {"read", "card_archive"} <= outcomes


@pytest.mark.parametrize("data", [b"", b"{}", b"PK", JPEG, MAIN, b"GIF89a"])
def test_other_files_are_no_archives(data: bytes) -> None:
    assert not is_charx(data)
