"""Character cards in the REST API."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest

from tertulia_gateway.cards.png_pixels import BadPicture, Reason, encoded, square
from tertulia_gateway.cards.portrait_process import MAX_BYTES, portrait
from tertulia_gateway.problem_codes import ProblemCode
from tertulia_shared.cards.png_file import MAX_PNG_BYTES, SIGNATURE, card_in, chunk
from tertulia_shared.codec import pack
from tertulia_shared.store.validation import PROMPT_MAX_CHARS
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.card_shapes import CHARX, DATA, JPEG, SHAPES, V2, V3, card_png, charx, picture
from tests.unit.gateway.rest_client import client_of, problem

TEXT = json.dumps(V2)
VOICES = [
    {"id": "luna", "name": "Luna", "language": "en-US", "description": "American woman, bright"},
    {"id": "rex", "name": "Rex", "language": "en-US", "description": "American man"},
    {"id": "ada", "name": "Ada", "language": "en-GB", "description": "English woman, calm"},
    {"id": "greta", "name": "Greta", "language": "de-DE", "description": "German woman"},
    {"id": "emil", "name": "Emil", "language": "de-DE", "description": "German man"},
]


@pytest.fixture
async def api(bus: MemoryBus, store: MemoryStore) -> AsyncGenerator[httpx2.AsyncClient]:
    """A gateway beside a running speech engine."""
    await bus.beat("tts:worker:espeak")
    outlet = bus.outlet()
    outlet.put(bus.keys.voices(), {"espeak": pack(VOICES)})
    await outlet.flush()
    async with client_of(bus, store) as client:
        yield client


async def imported(api: httpx2.AsyncClient, file: str | bytes, **query: str) -> dict[str, Any]:
    answer = await api.post("/api/characters/import", content=file, params=query)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def exported(api: httpx2.AsyncClient, character_id: str, form: str = "json") -> httpx2.Response:
    answer = await api.get(f"/api/characters/{character_id}/card", params={"format": form})
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
async def test_imported_card_is_exported_as_it_came(api: httpx2.AsyncClient, text: str) -> None:
    made = (await imported(api, text))["character"]
    answer = await exported(api, made["id"])
    assert answer.text == text
    assert answer.headers["content-type"] == "application/json"
    png = await exported(api, made["id"], "png")
    assert png.headers["content-type"] == "image/png"
    assert card_in(png.content) == text


async def test_card_in_a_picture_becomes_a_character_with_a_portrait(api: httpx2.AsyncClient) -> None:
    found = await imported(api, card_png(TEXT))
    made = found["character"]
    assert found["notes"] == []
    assert (made["name"], made["system_prompt"], made["voice"]) == ("Mira", DATA["description"], "ada")
    pixels = base64.b64decode(made["image"].removeprefix("data:image/png;base64,"))
    assert square(pixels, 2) == bytes((200, 40, 90, 255)) * 4
    again = await exported(api, made["id"], "png")
    assert square(again.content, 2) == bytes((200, 40, 90, 255)) * 4
    assert card_in(again.content) == TEXT


async def test_only_edited_fields_differ_in_the_exported_card(api: httpx2.AsyncClient) -> None:
    made = (await imported(api, TEXT))["character"]
    change = {"name": "Maja", "system_prompt": "A baker.", "voice": "rex"}
    assert (await api.patch(f"/api/characters/{made['id']}", json=change)).status_code == 200
    expected = TEXT.replace('"name": "Mira"', '"name": "Maja"').replace(json.dumps(DATA["description"]), '"A baker."')
    assert (await exported(api, made["id"])).text == expected


async def test_v3_card_in_a_picture_is_also_there_for_programs_that_read_v2(api: httpx2.AsyncClient) -> None:
    made = (await imported(api, json.dumps(V3)))["character"]
    png = (await exported(api, made["id"], "png")).content
    assert b"ccv3\0" in png
    before = png.partition(b"chara\0")[2]
    (length,) = struct.unpack(">I", png.partition(b"tEXtchara\0")[0][-4:])
    v2 = json.loads(base64.b64decode(before[: length - len("chara\0")]))
    assert v2["spec"] == "chara_card_v2"
    assert v2["data"]["nickname"] == "Mi"


async def test_character_that_was_not_imported_is_exported_with_its_voice_and_can_be_imported(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    rex = next(each for each in await store.characters() if each.name == "Rex")
    answer = await exported(api, rex.id)
    assert 'filename="Rex.json"' in answer.headers["content-disposition"]
    assert (await api.patch(f"/api/characters/{rex.id}", json={"speed": 1.25, "talkativeness": 80})).status_code == 200
    png = (await exported(api, rex.id, "png")).content
    made = (await imported(api, png, name="Rex Two"))["character"]
    got = (made["name"], made["system_prompt"], made["voice"], made["speed"], made["talkativeness"])
    assert got == ("Rex Two", rex.system_prompt, "rex", 1.25, 80)
    assert (await api.patch(f"/api/characters/{made['id']}", json={"pitch": 2})).status_code == 200
    assert (await exported(api, made["id"])).json()["data"]["extensions"]["tertulia"]["pitch"] == 2


async def test_character_lists_the_beginnings_of_its_greetings(api: httpx2.AsyncClient) -> None:
    made = (await imported(api, TEXT))["character"]
    expected = ["Come in, …. Mind the springs.", "You again!", "The door was open."]
    assert made["greetings"] == expected
    assert (await api.get(f"/api/characters/{made['id']}")).json()["greetings"] == expected
    named = await api.get(f"/api/characters/{made['id']}", params={"user": "Ann"})
    assert named.json()["greetings"] == ["Come in, Ann. Mind the springs.", *expected[1:]]
    too_long = await api.get(f"/api/characters/{made['id']}", params={"user": "A" * 1_000})
    assert too_long.status_code == 422
    assert (await api.get("/api/characters")).json()["characters"][0]["greetings"] == []


CHARX_TEXT = json.dumps(CHARX, indent=4)
ICON = "assets/icon/image/0.png"


@pytest.mark.parametrize("before", [b"", JPEG])
async def test_card_in_an_archive_becomes_a_character_with_its_main_icon(
    api: httpx2.AsyncClient, before: bytes
) -> None:
    icon = picture(colour=(9, 8, 7))
    members = {"card.json": CHARX_TEXT, ICON: icon, "assets/a.mp3": b"a", "assets/b.webp": b"b"}
    found = await imported(api, charx(members, before=before))
    character = found["character"]
    assert character["name"] == "Mira"
    assert square(base64.b64decode(character["image"].partition(",")[2]), 1) == bytes((9, 8, 7, 255))
    assert [note["code"] for note in found["notes"]] == ["assets_dropped"]
    assert "2 further files" in found["notes"][0]["message"]
    assert (await exported(api, character["id"])).text == CHARX_TEXT
    book = await api.get(f"/api/characters/{character['id']}/lorebook")
    assert [entry["content"] for entry in book.json()["entries"].values()] == ["Springs are wound at noon."]


WEBP = b"RIFF\x30\0\0\0WEBPVP8 " + bytes(32)


@pytest.mark.parametrize(
    ("icon", "before", "kind", "notes"),
    [
        (WEBP, b"", "webp", []),
        (JPEG, b"", "jpeg", []),
        (WEBP + bytes(200_000), JPEG, "jpeg", []),
        (WEBP + bytes(200_000), b"", "", ["no_picture"]),
        (b"no picture", b"", "", ["no_picture"]),
        (picture()[:60], b"", "", ["no_picture"]),
        (None, JPEG, "jpeg", []),
        (None, b"", "", ["no_picture"]),
    ],
)
async def test_picture_of_an_archive_that_is_no_png_is_taken_as_it_is_if_it_is_small(
    api: httpx2.AsyncClient, icon: bytes | None, before: bytes, kind: str, notes: list[str]
) -> None:
    members: dict[str, str | bytes] = {"card.json": CHARX_TEXT}
    if icon is not None:
        members[ICON] = icon
    answer = await api.post("/api/characters/card", content=charx(members, before=before))
    assert answer.status_code == 200, answer.text
    image = answer.json()["character"]["image"]
    assert image.partition(";")[0] == (f"data:image/{kind}" if kind else "")
    assert [note["code"] for note in answer.json()["notes"]] == notes


async def test_card_can_be_read_without_being_saved_and_saved_then(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    answer = await api.post("/api/characters/card", content=card_png(TEXT))
    assert answer.status_code == 200, answer.text
    draft = answer.json()
    assert draft["version"] == 2
    assert draft["greetings"] == [DATA["first_mes"], *DATA["alternate_greetings"]]
    assert len(await store.characters()) == 3
    created = await api.post("/api/characters", json={**draft["character"], "voice": "greta"})
    assert created.status_code == 201, created.text
    assert (await exported(api, created.json()["id"])).text == TEXT


async def test_new_character_with_a_card_that_is_none_is_refused(api: httpx2.AsyncClient) -> None:
    new = {"name": "Mira", "voice": "luna", "card": "{}"}
    assert problem(await api.post("/api/characters", json=new), 422)["errors"][0]["field"] == "card"


@pytest.mark.parametrize(
    ("data", "voice"),
    [
        ({"tags": ["male"]}, "rex"),
        ({"tags": [], "first_mes": "Hello.", "description": "He is a man, and his name is short."}, "rex"),
        ({"tags": [], "first_mes": "Die Tür ist offen und der Tee ist fertig, komm herein.",
          "description": "Er ist ein Mann."}, "emil"),
        ({"tags": ["female"], "first_mes": "Ich bin nicht da, aber das ist für dich und mich."}, "greta"),
        ({"tags": ["female"]}, "ada"),
        ({"extensions": {"tertulia": {"voice": "luna"}}}, "luna"),
    ],
)  # fmt: skip
async def test_proposed_voice_fits_the_card_and_is_free(
    api: httpx2.AsyncClient, store: MemoryStore, data: dict[str, Any], voice: str
) -> None:
    for each in await store.characters():
        if each.name == "Rex":
            await store.delete_character(each.id)
    card = {**V2, "data": {**DATA, "mes_example": "", "personality": "", **data}}
    assert (await imported(api, json.dumps(card)))["character"]["voice"] == voice


async def test_voice_and_name_can_be_chosen(api: httpx2.AsyncClient) -> None:
    made = (await imported(api, TEXT, voice="emil", name="Maja"))["character"]
    assert (made["voice"], made["name"]) == ("emil", "Maja")


async def test_card_is_imported_without_a_running_engine(bus: MemoryBus, store: MemoryStore) -> None:
    async with client_of(bus, store) as api:
        found = await imported(api, TEXT)
    assert found["character"]["voice"] == "default"
    assert [note["code"] for note in found["notes"]] == ["no_voice"]


async def test_name_that_is_taken_is_refused_and_nothing_is_saved(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    await imported(api, TEXT)
    refused = problem(await api.post("/api/characters/import", content=TEXT), 409)
    assert refused["errors"][0]["field"] == "name"
    assert len(await store.characters()) == 4


async def test_card_with_the_users_name_is_refused(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    refused = problem(await api.post("/api/characters/import", content=TEXT, params={"name": "Jay"}), 409)
    assert refused["code"] == ProblemCode.NAME_OF_USER
    assert len(await store.characters()) == 3


async def test_long_description_and_an_impossible_name_are_fitted_and_reported(api: httpx2.AsyncClient) -> None:
    card = {**V2, "data": {**DATA, "name": "<Mira>\u202e " + "x" * 60, "description": "d" * (PROMPT_MAX_CHARS + 7)}}
    found = await imported(api, json.dumps(card))
    assert found["character"]["name"] == "Mira " + "x" * 35
    assert len(found["character"]["system_prompt"]) == PROMPT_MAX_CHARS
    assert [note["code"] for note in found["notes"]] == ["name_changed", "description_cut"]
    assert (await exported(api, found["character"]["id"])).json() == card


@pytest.mark.parametrize(
    ("name", "nickname", "becomes"),
    [
        ("🦊", "", "Fox Face"),
        ("👩\u200d🚀", "", "Woman"),
        ("✨ <3 ✨", "", None),
        ("<>", "", "Character"),
        ("...", "", "Character"),
        ("🦊", "🦊 Rusty", "🦊 Rusty"),
        ("🦊", "❤", "Fox Face"),
        ("\u3164", "", "Character"),
        ("\ue000", "", "Character"),
        ("時計屋", "", None),
        ("ክራር", "", None),
        ("ߊߋߌ", "", None),
        ("𓂀𓆣", "", None),
        ("½", "", None),
    ],
)
async def test_name_that_cannot_be_said_is_replaced_and_stays_in_the_card(
    api: httpx2.AsyncClient, name: str, nickname: str, becomes: str | None
) -> None:
    """`becomes`: None if the name is kept, perhaps without some signs."""
    text = json.dumps({**V3, "data": {**V3["data"], "name": name, "nickname": nickname}})
    found = await imported(api, text)
    codes = [note["code"] for note in found["notes"]]
    if becomes is None:
        assert found["character"]["name"] == name.replace("<", "")
        assert codes == ["name_changed"] * ("<" in name)
    else:
        assert found["character"]["name"] == becomes
        assert codes == ["name_replaced"]
        assert f"imported as {becomes}." in found["notes"][0]["message"]
    assert (await exported(api, found["character"]["id"])).text == text


async def test_chosen_name_needs_no_note_about_the_cards(api: httpx2.AsyncClient) -> None:
    found = await imported(api, json.dumps({**V2, "data": {**DATA, "name": "🦊"}}), name="Rusty")
    assert (found["character"]["name"], found["notes"]) == ("Rusty", [])


async def test_cut_name_ends_with_no_half_of_an_emoji(api: httpx2.AsyncClient) -> None:
    found = await imported(api, json.dumps({**V2, "data": {**DATA, "name": "x" * 38 + "👩\u200d🚀"}}))
    assert found["character"]["name"] == "x" * 38 + "👩"


@pytest.mark.parametrize(
    "file", [b"", b"{}", b"\xff\xfe{\0", b"PK\x03\x04", b"hello", picture(), SIGNATURE, b'{"a":' * 9_000]
)
async def test_file_that_is_no_card_is_refused(api: httpx2.AsyncClient, store: MemoryStore, file: bytes) -> None:
    for path in ("import", "card"):
        details = problem(await api.post(f"/api/characters/{path}", content=file), 422)
        assert details["errors"][0]["field"] == "card"
        assert details["code"] in set(ProblemCode)
        assert details["code"].startswith("card_")
    assert len(await store.characters()) == 3


async def test_file_above_the_bound_is_refused_before_it_is_read(api: httpx2.AsyncClient) -> None:
    problem(await api.post("/api/characters/import", content=bytes(MAX_PNG_BYTES + 1)), 413)


async def test_card_with_a_damaged_picture_is_imported_without_a_portrait(api: httpx2.AsyncClient) -> None:
    broken = card_png(TEXT, png=png_of(48, 48, 8, 2, b"no zlib data"))
    found = await imported(api, broken)
    assert found["character"]["image"] == ""
    assert [note["code"] for note in found["notes"]] == ["no_picture"]


async def test_card_is_exported_with_the_picture_of_the_request(api: httpx2.AsyncClient) -> None:
    made = (await imported(api, TEXT))["character"]
    path = f"/api/characters/{made['id']}/card"
    answer = await api.post(path, content=card_png("{}", png=picture(colour=(1, 2, 3))))
    assert answer.headers["content-type"] == "image/png"
    assert square(answer.content, 2) == bytes((1, 2, 3, 255)) * 4
    assert card_in(answer.content) == TEXT
    problem(await api.post(path, content=b"GIF89a"), 422)


async def test_absent_character_has_no_card(api: httpx2.AsyncClient) -> None:
    problem(await api.get("/api/characters/12345678-1234-4234-8234-123456789012/card"), 404)


def png_of(
    width: int, height: int, depth: int, colour: int, packed: bytes, *extra: tuple[bytes, bytes], interlace: int = 0
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    between = b"".join(chunk(kind, data) for kind, data in extra)
    return SIGNATURE + chunk(b"IHDR", header) + between + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


PALETTE = (b"PLTE", bytes((255, 0, 0, 0, 255, 0, 0, 0, 255)))


@pytest.mark.parametrize(
    ("png", "pixel"),
    [
        (png_of(2, 2, 8, 0, zlib.compress(b"\0\x40\x40" * 2)), (64, 64, 64, 255)),
        (png_of(2, 2, 16, 0, zlib.compress(b"\0\x40\xff\x40\xff" * 2)), (64, 64, 64, 255)),
        (png_of(2, 2, 4, 0, zlib.compress(b"\0\x77" * 2)), (119, 119, 119, 255)),
        (png_of(2, 2, 1, 0, zlib.compress(b"\0\xc0" * 2)), (255, 255, 255, 255)),
        (png_of(2, 2, 8, 4, zlib.compress(b"\0\x40\x80\x40\x80" * 2)), (64, 64, 64, 128)),
        (png_of(2, 2, 8, 6, zlib.compress(b"\0" + bytes((1, 2, 3, 4)) * 2 + b"\2" + bytes(8))), (1, 2, 3, 4)),
        (png_of(2, 2, 8, 2, zlib.compress((b"\1" + bytes((1, 2, 3, 0, 0, 0))) * 2)), (1, 2, 3, 255)),
        (png_of(2, 2, 2, 3, zlib.compress(b"\0\x50" * 2), PALETTE), (0, 255, 0, 255)),
        (png_of(2, 2, 8, 3, zlib.compress(b"\0\2\2" * 2), PALETTE, (b"tRNS", b"\xff\xff\x09")), (0, 0, 255, 9)),
    ],
)
def test_each_kind_of_png_is_decoded(png: bytes, pixel: tuple[int, ...]) -> None:
    assert square(png, 2) == bytes(pixel) * 4


def test_encoded_picture_is_decoded_to_the_same_pixels() -> None:
    rgba = bytes((x * 7 + y * 13 + channel * 50) & 0xFF for y in range(16) for x in range(16) for channel in range(4))
    assert square(encoded(rgba, 16), 16) == rgba


def test_middle_of_a_wide_picture_is_taken() -> None:
    row = b"\0" + bytes((255, 0, 0)) * 2 + bytes((0, 255, 0)) * 2 + bytes((0, 0, 255)) * 2
    assert square(png_of(6, 2, 8, 2, zlib.compress(row * 2)), 2) == bytes((0, 255, 0, 255)) * 4


def test_portrait_of_noise_is_within_the_bound() -> None:
    noise = zlib.compress(b"", 0)
    state, rows = 1, bytearray()
    for _ in range(300):
        rows += b"\0"
        for _ in range(300 * 4):
            state = state * 1_103_515_245 + 12_345 & 0x7FFF_FFFF
            rows.append(state >> 16 & 0xFF)
    noise = zlib.compress(bytes(rows), 1)
    assert len(portrait(png_of(300, 300, 8, 6, noise))) <= MAX_BYTES


@pytest.mark.parametrize(
    ("png", "reason"),
    [
        (b"", "picture_damaged"),
        (png_of(0, 1, 8, 2, b""), "picture_damaged"),
        (png_of(2, 2, 3, 2, b""), "picture_damaged"),
        (png_of(2, 2, 8, 2, zlib.compress(b"\0")), "picture_damaged"),
        (png_of(2, 2, 8, 2, zlib.compress(b"\7" * 14)), "picture_damaged"),
        (png_of(2, 2, 8, 3, zlib.compress(b"\0\0\0" * 2)), "picture_damaged"),
        (png_of(100_000, 100_000, 8, 2, zlib.compress(bytes(1000))), "picture_too_large"),
        (png_of(1, 9_000, 8, 2, zlib.compress(bytes(1000))), "picture_too_large"),
        (png_of(2, 2, 8, 2, zlib.compress(bytes(14)), interlace=1), "picture_interlaced"),
    ],
)
def test_picture_that_cannot_be_read_is_refused(png: bytes, reason: Reason) -> None:
    with pytest.raises(BadPicture) as caught:
        square(png, 2)
    assert caught.value.reason == reason
