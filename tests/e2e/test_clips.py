"""Making a voice from a recording in the form of a character."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import FilePayload, Locator, expect

from tertulia_shared.wav import parse, wav_file
from tests.e2e import microphone
from tests.e2e.conftest import LIGHT, Display, Visit
from tests.e2e.test_accessibility import look_at
from tests.e2e.visitor import Visitor, glimpse
from tests.fakes.speech_server import SpeechServer
from tests.harness.cloning_stack import cloning_stack
from tests.harness.eventually import eventually
from tests.harness.recordings import recorded_pcm
from tests.harness.stack import Stack

PHONE = Display(width=390, height=844, still=True, touch=True, scale=2)
DARK = Display(still=True, scheme="dark")
DARK_PHONE = Display(width=390, height=844, still=True, scheme="dark", touch=True, scale=2)
LONGEST_S = 30
MAKE = "Make a voice from a recording"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cloning(
    built_page: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[tuple[Stack, SpeechServer]]:
    async with cloning_stack(tmp_path_factory.mktemp("clips") / "stack") as running:
        yield running


@pytest.fixture(scope="module")
def stack(cloning: tuple[Stack, SpeechServer]) -> Stack:
    """The stack that `visit` opens."""
    return cloning[0]


@pytest.fixture(scope="module")
def server(cloning: tuple[Stack, SpeechServer]) -> SpeechServer:
    return cloning[1]


def sound_file(name: str, pcm: bytes, hz: int = 24_000) -> FilePayload:
    return {"name": name, "mimeType": "audio/wav", "buffer": wav_file(pcm, hz)}


async def open_editor(visitor: Visitor) -> Locator:
    """Open the form of a new character, and in it the editor of a voice."""
    sheet = await visitor.open("Characters")
    await sheet.get_by_role("button", name="New character").click()
    await sheet.get_by_role("button", name=MAKE).click()
    return sheet


async def until_recorded(sheet: Locator, seconds: int) -> None:
    """Wait until the recording is at least this long. Each number is shown for a second, so one may be missed."""
    longer = "|".join(map(str, range(seconds, LONGEST_S + 1)))
    await expect(sheet.get_by_text(re.compile(rf"\b({longer}) of {LONGEST_S} s"))).to_be_visible()


async def record(sheet: Locator) -> None:
    """Record two sentences with the fake microphone."""
    await sheet.get_by_role("button", name="Record", exact=True).click()
    await expect(sheet.get_by_role("button", name="Stop", exact=True)).to_be_enabled()
    await until_recorded(sheet, 1)
    await microphone.say(sheet.page, "hello_luna.wav")
    await until_recorded(sheet, 6)
    await microphone.say(sheet.page, "question_rex.wav")
    await until_recorded(sheet, 11)


async def fill(sheet: Locator, name: str) -> None:
    await sheet.get_by_label("Name of the voice").fill(name)
    await sheet.get_by_label("I am this person").check()


async def delete(sheet: Locator, name: str) -> None:
    await sheet.get_by_role("button", name=f"Delete {name}").click()
    await sheet.get_by_role("button", name=f"Really delete {name} and its recording?").click()


async def make_from_file(sheet: Locator, name: str) -> None:
    await sheet.get_by_label("Choose a file").set_input_files(sound_file("voice.wav", recorded_pcm(6)))
    await sheet.get_by_label("What is said in it").fill("The lighthouse keeper counted the waves.")
    await fill(sheet, name)
    await sheet.get_by_role("button", name="Make the voice").click()
    await expect(sheet.get_by_role("radio", name=name)).to_be_checked()


async def test_recorded_voice_is_made_tried_and_given_to_a_character_which_keeps_it_from_being_deleted(
    visit: Visit, server: SpeechServer
) -> None:
    visitor = await visit(LIGHT)
    await visitor.arrive()
    sheet = await open_editor(visitor)
    await record(sheet)
    await visitor.picture("clip-recording-light")
    await sheet.get_by_role("button", name="Stop", exact=True).click()
    await expect(sheet.get_by_label("The recording")).to_be_visible()
    text = await sheet.locator(".reading-text").inner_text()
    await expect(sheet.get_by_label("What is said in it")).to_have_value(text)
    make = sheet.get_by_role("button", name="Make the voice")
    await expect(make).to_be_disabled()
    await expect(sheet.get_by_text("Give the voice a name.")).to_be_visible()
    await sheet.get_by_label("Name of the voice").fill("Zora")
    await expect(sheet.get_by_text("Confirm that you may use this voice.")).to_be_visible()
    await fill(sheet, "Zora")
    await make.click()

    await expect(sheet.get_by_role("radio", name="Zora")).to_be_checked()
    await sheet.get_by_role("button", name="Try Zora").click()
    await glimpse(sheet.get_by_text("Zora is speaking."), "the voice is heard")
    await expect(sheet.get_by_role("button", name="Try Zora")).to_be_visible()
    uploaded = server.requests[-1]["voice"]
    assert server.uploads[uploaded]["ref_text"] == text
    assert 9 < len(parse(server.clips[-1]).data) / 48_000 < 30

    await sheet.get_by_label("Name", exact=True).fill("Zora")
    await sheet.get_by_role("button", name="Add", exact=True).click()
    await sheet.get_by_role("button", name="Edit Zora").click()
    await delete(sheet, "Zora")
    await expect(sheet.get_by_role("alert")).to_contain_text("Zora speaks with this voice: choose another voice")
    visitor.ignore_console_error("status of 409")
    await visitor.picture("clip-in-use-light")
    await sheet.get_by_role("radio", name="Luna").check()
    await sheet.get_by_role("button", name="Save").click()
    await sheet.get_by_role("button", name="Edit Zora").click()
    await delete(sheet, "Zora")
    await expect(sheet.get_by_role("radio", name="Zora")).to_have_count(0)
    await expect(sheet.get_by_role("list", name="Voices made from recordings")).to_have_count(0)


async def test_sound_is_not_sent_to_the_conversation_while_a_recording_is_made(visit: Visit) -> None:
    visitor = await visit(LIGHT)
    await visitor.arrive()
    await visitor.start_listening()
    await eventually(lambda: visitor.page.evaluate("Boolean(window.heard)"), "the page listens")
    await visitor.page.evaluate("window.ofConversation = window.heard")
    sheet = await open_editor(visitor)
    await sheet.get_by_role("button", name="Record", exact=True).click()
    await until_recorded(sheet, 1)
    await visitor.page.evaluate("window.heard = window.ofConversation")
    await microphone.say(visitor.page, "hello_luna.wav")
    await until_recorded(sheet, 8)
    await sheet.get_by_role("button", name="Stop", exact=True).click()
    await expect(sheet.get_by_label("The recording")).to_be_visible()
    await microphone.say(visitor.page, "question_rex.wav")
    await eventually(lambda: visitor.log.of("turn_accepted"), "what is said after the recording is heard")
    assert len(visitor.log.of("turn_accepted")) == 1


@pytest.mark.parametrize(
    ("pcm", "reason"),
    [
        (bytes(48_000 * 6), "The recording is silent."),
        (recorded_pcm(2), "The recording is 2.0 s long. At least 5 s are needed."),
        (recorded_pcm(6, peak=0.01), "The recording is too quiet."),
        (recorded_pcm(40), "The recording is 40 s long. At most 30 s are allowed"),
        (b"", "This browser cannot read the file."),
    ],
    ids=["silent", "short", "quiet", "long", "no sound"],
)
async def test_unusable_file_is_refused_with_the_reason(visit: Visit, pcm: bytes, reason: str) -> None:
    visitor = await visit(LIGHT)
    await visitor.arrive()
    sheet = await open_editor(visitor)
    file = sound_file("voice.wav", pcm) if pcm else FilePayload(name="x.mp3", mimeType="audio/mpeg", buffer=b"ID3")
    await sheet.get_by_label("Choose a file").set_input_files(file)
    await expect(sheet.get_by_role("alert")).to_contain_text(reason)
    await expect(sheet.get_by_role("button", name="Make the voice")).to_be_disabled()


async def test_name_of_another_voice_is_refused_and_the_input_is_kept(visit: Visit) -> None:
    visitor = await visit(LIGHT)
    await visitor.arrive()
    sheet = await open_editor(visitor)
    # at another sample rate, to which the page does not limit itself
    await sheet.get_by_label("Choose a file").set_input_files(sound_file("v.wav", recorded_pcm(12), 48_000))
    await sheet.get_by_label("What is said in it").fill("It is late.")
    await fill(sheet, "Luna")
    await sheet.get_by_role("button", name="Make the voice").click()
    await expect(sheet.get_by_role("alert")).to_contain_text("already a voice with this name")
    visitor.ignore_console_error("status of 409")
    await expect(sheet.get_by_label("What is said in it")).to_have_value("It is late.")
    await expect(sheet.get_by_label("The recording")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "display"),
    [("light", Display(still=True)), ("dark", DARK), ("phone", PHONE), ("dark-phone", DARK_PHONE)],
)
async def test_editor_and_list_have_no_accessibility_violation(
    visit: Visit, axe: str, name: str, display: Display
) -> None:
    visitor = await visit(display)
    await visitor.arrive()
    await visitor.page.evaluate(axe)
    sheet = await open_editor(visitor)
    await sheet.get_by_label("Choose a file").set_input_files(sound_file("voice.wav", recorded_pcm(2)))
    await expect(sheet.get_by_role("alert")).to_be_visible()
    await sheet.get_by_role("group", name="A voice from a recording").scroll_into_view_if_needed()
    await look_at(visitor, name, "clip-editor")
    await make_from_file(sheet, "Yara")
    await sheet.get_by_role("button", name="Try Yara").scroll_into_view_if_needed()
    await look_at(visitor, name, "clip-made")
    await delete(sheet, "Yara")
    await expect(sheet.get_by_role("radio", name="Yara")).to_have_count(0)
