from __future__ import annotations

import io
import struct
import wave
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from tertulia_tts.engine import SpeechRequest, SynthesisFailed, Varying
from tertulia_tts.engines.openai import attempts, speech_client
from tertulia_tts.engines.openai import engine as openai_engine
from tertulia_tts.engines.openai.engine import OpenAIEngine
from tertulia_tts.engines.openai.settings import OpenAISettings
from tertulia_tts.engines.openai.speech_client import SpeechServer
from tests.fakes import speech_server
from tests.fakes.speech_server import Act, Break, Hang, Refuse, Say
from tests.harness.pcm_analysis import level_dbfs, pitch_hz
from tests.harness.settings_of import settings_of

TEXT = "I was just thinking about lunch."
VOICES = {"luna": "af_bella", "rex": "am_michael"}


@asynccontextmanager
async def speaking(
    *acts: Act, sample_rate: int = 24_000, timeout_s: float = 20, retries: int = 2, key: str = ""
) -> AsyncGenerator[tuple[OpenAIEngine, speech_server.SpeechServer]]:
    """A started engine and its server. The server handles the request of the start normally, and each following request
    as the next of `acts` says.
    """
    async with speech_server.SpeechServer(sample_rate=sample_rate) as server:
        engine = OpenAIEngine(SpeechServer(server.base_url, key, "kokoro", VOICES, sample_rate, timeout_s, retries))
        await engine.start()
        server.play(*acts)
        yield engine, server
        await engine.close()


@pytest.fixture(autouse=True)
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_BACKOFF_S", 0.001)


async def spoken(engine: OpenAIEngine, text: str = TEXT, voice: str = "luna") -> bytes:
    return b"".join([pcm async for pcm in engine.synthesize(text, voice, 1)])


async def test_speech_request_contains_the_pcm_format_the_servers_voice_and_the_key() -> None:
    async with speaking(key="secret") as (engine, server):
        await spoken(engine, voice="rex")
    assert server.requests[-1] == {
        "model": "kokoro", "input": TEXT, "voice": "am_michael", "response_format": "pcm", "stream": True,
        "stream_format": "audio", "seed": 1,
    }  # fmt: skip
    assert server.keys == ["Bearer secret"] * 2


async def test_silence_around_the_speech_is_trimmed_and_one_fixed_pause_follows() -> None:
    async with speaking() as (engine, _):
        pcm = await spoken(engine)
    expected = len(TEXT) * 24_000 // speech_server.CHARACTERS_A_SECOND + 24 * speech_client.SENTENCE_GAP_MS
    assert len(pcm) / 2 == pytest.approx(expected, abs=24 * 10)


@pytest.mark.parametrize("sample_rate", [16_000, 22_050, 44_100, 48_000])
async def test_audio_with_a_different_sample_rate_is_resampled(sample_rate: int) -> None:
    async with speaking(sample_rate=sample_rate) as (engine, _):
        pcm = await spoken(engine)
    assert pitch_hz(pcm) == pytest.approx(speech_server.TONES_HZ["af_bella"], rel=0.02)
    async with speaking() as (engine, _):
        native = await spoken(engine)
    assert len(pcm) == pytest.approx(len(native), abs=24 * 2 * 10)
    assert level_dbfs(pcm) == pytest.approx(level_dbfs(native), abs=0.5)


async def test_wav_response_is_decoded() -> None:
    samples = speech_server.speech(TEXT, "af_bella", 16_000)
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setparams((1, 2, 16_000, 0, "NONE", ""))
        wav.writeframes(samples.astype("<i2").tobytes())
    async with speaking(Say(file.getvalue(), "audio/wav")) as (engine, _):
        assert pitch_hz(await spoken(engine)) == pytest.approx(220, rel=0.02)


@pytest.mark.parametrize("kind", ["float", "24 bit", "stereo", "no size, LIST first"])
async def test_wav_with_other_sample_formats_channels_or_chunks_is_decoded(kind: str) -> None:
    samples = speech_server.speech(TEXT, "af_bella", 16_000)
    async with speaking(Say(wav_of(kind, samples), "audio/wav")) as (engine, _):
        pcm = await spoken(engine)
    async with speaking(Say(wav_of("16 bit", samples), "audio/wav")) as (engine, _):
        expected = await spoken(engine)
    assert np.abs(np.frombuffer(pcm, "<i2").astype(int) - np.frombuffer(expected, "<i2")).max() <= 1


def wav_of(kind: str, samples: NDArray[np.int16]) -> bytes:
    """The samples as a WAV file of this kind. A chunk of text follows them in the file."""
    tag, channels, bits, size, before = 1, 1, 16, None, b""
    pcm = samples.astype("<i2")
    data = pcm.tobytes()
    match kind:
        case "float":
            tag, bits, data = 3, 32, (pcm / 32_768).astype("<f4").tobytes()
        case "24 bit":
            bits, data = 24, (pcm.astype("<i4") << 8).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
        case "stereo":
            channels, data = 2, np.stack([pcm, -pcm], 1).tobytes()
        case "no size, LIST first":
            size, before = 0xFFFF_FFFF, b"LIST" + struct.pack("<I", 6_000) + bytes(6_000)
        case _:
            pass
    frame = channels * bits // 8
    form = b"fmt " + struct.pack("<IHHIIHH", 16, tag, channels, 16_000, 16_000 * frame, frame, bits)
    after = b"" if size else b"LIST" + struct.pack("<I", 4_000) + b"\x55" * 4_000
    chunks = before + form + b"data" + struct.pack("<I", len(data) if size is None else size) + data + after
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


async def test_no_request_is_sent_for_text_without_words() -> None:
    async with speaking() as (engine, server):
        assert await spoken(engine, " ... ") == b""
    assert len(server.requests) == 1


@pytest.mark.parametrize("act", [Refuse(429), Refuse(503), Break(0)])
async def test_speech_request_that_fails_before_the_first_audio_is_retried(act: Act) -> None:
    async with speaking() as (engine, _):
        whole = await spoken(engine)
    async with speaking(act, act) as (engine, server):
        assert await spoken(engine) == whole
    assert len(server.requests) == 4


async def test_speech_request_that_fails_at_every_attempt_raises_a_retryable_error() -> None:
    async with speaking(Refuse(503), Refuse(503), retries=1) as (engine, server):
        with pytest.raises(SynthesisFailed, match="503") as caught:
            await spoken(engine)
        assert caught.value.retryable
    assert len(server.requests) == 3


async def test_speech_request_that_fails_after_the_first_audio_is_not_retried() -> None:
    async with speaking(Break(30_000)) as (engine, server):
        pieces = engine.synthesize(TEXT, "luna", 1)
        assert await anext(pieces)
        with pytest.raises(SynthesisFailed) as caught:
            [pcm async for pcm in pieces]
        assert caught.value.retryable
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_speech_request_that_the_server_refuses_is_not_retried(status: int) -> None:
    async with speaking(Refuse(status, "no: secret"), key="secret") as (engine, server):
        with pytest.raises(SynthesisFailed, match=str(status)) as caught:
            await spoken(engine)
        assert not caught.value.retryable
        assert "secret" not in str(caught.value)
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 422])
async def test_speech_request_that_is_refused_in_every_form_fails(status: int) -> None:
    async with speaking(Refuse(status), Refuse(status), Refuse(status)) as (engine, server):
        with pytest.raises(SynthesisFailed, match=str(status)) as caught:
            await spoken(engine)
        assert not caught.value.retryable
        await spoken(engine)
    assert [request.get("seed") for request in server.requests] == [0, 1, None, None, 1]


@pytest.mark.parametrize("refused", [{"seed"}, {"seed", "stream", "stream_format"}])
async def test_server_that_refuses_optional_fields_gets_plainer_requests_from_then_on(refused: set[str]) -> None:
    async with speech_server.SpeechServer(refused=refused) as server:
        engine = OpenAIEngine(SpeechServer(server.base_url, "", "kokoro", VOICES))
        await engine.start()
        requests = len(server.requests)
        assert await spoken(engine)
        await engine.close()
    assert len(server.requests) == requests + 1
    assert not refused & server.requests[-1].keys()


async def test_server_that_sends_events_by_default_is_asked_for_raw_sound() -> None:
    async with speech_server.SpeechServer(sends_events=True) as server:
        engine = OpenAIEngine(SpeechServer(server.base_url, "", "kokoro", VOICES))
        await engine.start()
        assert await spoken(engine)
        await engine.close()


async def test_speech_request_waits_as_long_as_the_server_asks() -> None:
    async with speaking(Refuse(429, headers={"Retry-After": "3600"})) as (engine, server):
        with pytest.raises(SynthesisFailed, match="429") as caught:
            await spoken(engine)
        assert caught.value.retryable
    assert len(server.requests) == 2


@pytest.mark.parametrize("repeatable", [True, False])
def test_engine_is_reproducible_only_if_the_setting_says_so(repeatable: bool) -> None:  # noqa: FBT001
    engine = openai_engine.create(settings_of(OpenAISettings, tts_openai_repeatable=repeatable))
    assert isinstance(engine, Varying)
    assert engine.is_reproducible is repeatable


def wav_of_mu_law() -> bytes:
    form = struct.pack("<IHHIIHH", 16, 7, 1, 8_000, 8_000, 1, 8)
    return b"RIFF\0\0\0\0WAVEfmt " + form + b"data\0\0\0\0" + bytes(4000)


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (Say(b'{"audio": ""}', "application/json"), "application/json"),
        (Say(b"ID3" + bytes(4000), "audio/mpeg"), "MP3"),
        (Say(wav_of_mu_law(), "audio/wav"), "µ-law"),
        (Say(b"OggS" + bytes(4000), "audio/ogg"), "Ogg"),
    ],
)
async def test_error_names_the_format_of_a_response_that_is_not_pcm(act: Act, reason: str) -> None:
    async with speaking(act) as (engine, _):
        with pytest.raises(SynthesisFailed, match=reason) as caught:
            await spoken(engine)
        assert not caught.value.retryable


async def test_synthesis_times_out_when_the_server_stops_sending() -> None:
    # the server hangs at each attempt, because on a slow machine an attempt may time out before the first audio, and is
    # then repeated
    async with speaking(*(Hang(30_000) for _ in range(3)), timeout_s=0.2, retries=2) as (engine, _):
        with pytest.raises(SynthesisFailed, match="silent for") as caught:
            await spoken(engine)
        assert caught.value.retryable


async def test_closing_the_audio_generator_closes_the_request() -> None:
    hang = Hang(30_000)
    async with speaking(hang) as (engine, _):
        async with aclosing(engine.synthesize(TEXT, "luna", 1)) as pieces:
            assert await anext(pieces)
        await hang.gone.wait()


async def test_closing_the_engine_fails_running_syntheses() -> None:
    async with speaking(Hang(30_000)) as (engine, _):
        pieces = engine.synthesize(TEXT, "luna", 1)
        assert await anext(pieces)
        await engine.close()
        with pytest.raises(SynthesisFailed) as caught:
            [pcm async for pcm in pieces]
        assert caught.value.retryable


async def spoken_at(engine: OpenAIEngine, speed: float) -> bytes:
    return b"".join([pcm async for pcm in engine.speak(SpeechRequest(TEXT, "luna", 1, speed=speed))])


async def test_speed_is_sent_only_if_a_character_has_one() -> None:
    async with speaking() as (engine, server):
        await spoken_at(engine, 1.25)
        await spoken_at(engine, 1.0)
    assert [request.get("speed") for request in server.requests[1:]] == [1.25, None]


async def test_server_that_refuses_only_the_speed_still_gets_the_other_fields() -> None:
    async with speech_server.SpeechServer(refused={"speed"}) as server:
        engine = OpenAIEngine(SpeechServer(server.base_url, "", "kokoro", VOICES))
        await engine.start()
        assert await spoken_at(engine, 1.25)
        assert await spoken_at(engine, 1.25)
        await engine.close()
    assert [request.get("speed") for request in server.requests] == [None, 1.25, None, None]
    assert {"stream", "seed"} <= server.requests[-1].keys()


async def test_server_that_refuses_the_seed_still_gets_the_speed() -> None:
    async with speech_server.SpeechServer(refused={"seed"}) as server:
        engine = OpenAIEngine(SpeechServer(server.base_url, "", "kokoro", VOICES))
        await engine.start()
        assert await spoken_at(engine, 0.8)
        await engine.close()
    assert server.requests[-1]["speed"] == 0.8
