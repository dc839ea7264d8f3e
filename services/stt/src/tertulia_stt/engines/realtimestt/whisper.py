"""Whisper models that all sessions of a worker share, and checks that they can run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import ctranslate2
import faster_whisper
import numpy as np
from numpy.typing import NDArray
from RealtimeSTT import TranscriptionInfo, TranscriptionResult

from tertulia_stt.engine import SAMPLE_RATE, EngineUnavailable
from tertulia_stt.engines.realtimestt.settings import RealtimeSTTSettings
from tertulia_stt.engines.whisper_window import window_s
from tertulia_stt.log_mel import STEP

DEFAULTS: Final = {
    "cpu": ("small", "tiny", "int8"),
    "cuda": ("large-v3-turbo", "small", "float16"),
}
"""For each device: the model for final texts, the model for partial texts, and the compute type. On a CPU of four cores
`small` takes about a second for a sentence.
"""
FINAL_BEAM: Final = 5
REALTIME_BEAM: Final = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """Which models are used, on which device, with which compute type. `model` and `realtime_model` are names or
    folders.
    """

    device: str
    compute_type: str
    model: str
    realtime_model: str


def plan(settings: RealtimeSTTSettings) -> Plan:
    """Make the plan from the settings and this machine's hardware. `check_device` tests whether the plan can run."""
    device = settings.stt_device
    if device == "auto":
        device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
    model, realtime_model, compute_type = DEFAULTS[device]
    return Plan(
        device,
        settings.stt_compute_type or compute_type,
        settings.stt_model or model,
        settings.stt_realtime_model or realtime_model,
    )


def check_device(plan: Plan) -> None:
    """Check that the plan's device exists and supports the plan's compute type.

    Raises:
        EngineUnavailable: the device does not exist, or does not support the compute type.
    """
    if plan.device == "cuda" and not ctranslate2.get_cuda_device_count():
        raise EngineUnavailable(
            "TERTULIA_STT_DEVICE=cuda, but no CUDA device is there: install NVIDIA's driver and CUDA 12 with cuDNN 9,"
            " or set TERTULIA_STT_DEVICE=cpu"
        )
    supported = ctranslate2.get_supported_compute_types(plan.device)
    if plan.compute_type not in {*supported, "default", "auto"}:
        raise EngineUnavailable(
            f"TERTULIA_STT_COMPUTE_TYPE={plan.compute_type} is not supported on this {plan.device};"
            f" allowed: {', '.join(sorted(supported))}"
        )


def models_dir(settings: RealtimeSTTSettings) -> Path:
    """The folder into which `tertulia fetch-models` downloads weights."""
    return settings.data_dir / "models"


def weights(model: str, folder: Path, variable: str) -> str:
    """The folder with a model's weights. Downloads nothing. `variable` is the name of the setting that names the model.

    Raises:
        EngineUnavailable: the weights are missing; the message says how to get them.
    """
    if Path(model).is_dir():
        if not (Path(model) / "model.bin").is_file():
            raise EngineUnavailable(
                f"{variable}={model} holds no Whisper model: a folder with model.bin, config.json, tokenizer.json and"
                " vocabulary.json in CTranslate2's format is needed (ct2-transformers-converter makes one)"
            )
        return model
    if "/" not in model and model not in faster_whisper.available_models():
        raise EngineUnavailable(
            f"{variable}={model} is neither a folder nor a model; allowed: a folder, a CTranslate2 model's name on the"
            f" Hugging Face Hub (owner/name), or one of {', '.join(faster_whisper.available_models())}"
        )
    try:
        return faster_whisper.download_model(model, cache_dir=str(folder), local_files_only=True)
    except (
        Exception
    ) as error:  # if a model is missing, the Hub's client raises errors of many classes, which differ between versions
        raise EngineUnavailable(
            f"the weights of the Whisper model {model!r} are not in {folder}. Where there is a network,"
            f" `tertulia fetch-models` brings them; else copy them there, or set {variable} to a folder that has them"
        ) from error


def download(model: str, folder: Path) -> None:
    """Download a model's weights into `folder`, unless they are there.

    Raises:
        EngineUnavailable: the model does not exist, or there is no network or no space.
    """
    try:
        faster_whisper.download_model(model, cache_dir=str(folder))
    except Exception as error:  # the Hub's client raises errors of many classes, as in `weights`
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise EngineUnavailable(
            f"the Whisper model {model!r} could not be fetched from the Hugging Face Hub: {reason[0]}. Without a"
            f" network copy {folder} from a machine that has it, or set the model to a folder with its weights"
        ) from error


class ShortWindowModel(faster_whisper.WhisperModel):
    """A model that does not encode the padding with which faster-whisper fills the window of 30 s.

    Only a window without another segment after it has padding, so long speech is not affected.
    """

    def encode(self, features: NDArray[np.float32]) -> ctranslate2.StorageView:
        """Encode a spectrogram (bands, frames), without most of its padding."""
        return super().encode(without_padding(features))


def without_padding(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """The spectrogram without the zeros at its end that are not needed: see `tertulia_stt.engines.whisper_window`."""
    filled = np.flatnonzero(np.any(features, axis=-2))
    frames = int(filled[-1]) + 1 if filled.size else 0
    return np.ascontiguousarray(features[..., : window_s(frames * STEP) * SAMPLE_RATE // STEP])


class SharedWhisper:
    """A model that any number of threads can use, because CTranslate2 queues concurrent calls.

    `beam_size`: 1 is the fastest.

    Raises:
        EngineUnavailable: the weights cannot be loaded.
    """

    def __init__(self, folder: str, plan: Plan, *, beam_size: int, threads: int) -> None:
        try:
            model = ShortWindowModel if plan.device == "cpu" else faster_whisper.WhisperModel
            self._model = model(
                folder, device=plan.device, compute_type=plan.compute_type, cpu_threads=threads, local_files_only=True
            )
        except Exception as error:  # the cause may be a damaged file, too little memory, or a wrong CUDA library
            raise EngineUnavailable(
                f"the Whisper model in {folder} cannot be loaded on {plan.device} as {plan.compute_type}: {error}"
            ) from error
        self._options: dict[str, Any] = {
            "beam_size": beam_size,
            "vad_filter": True,  # without this filter Whisper invents sentences in noise
            # Text of earlier utterances makes Whisper repeat itself.
            "condition_on_previous_text": False,
        }

    def transcribe(
        self, audio: Any, language: str | None, hotwords: str, is_cancelled: Callable[[], bool]
    ) -> TranscriptionResult:
        """Transcribe `audio` (float32, 16 kHz, -1..1). If `language` is None, it is detected. Stops after a segment if
        `is_cancelled` returns true. `hotwords`: words that are likely to occur, in their correct spelling.
        """
        segments, info = self._model.transcribe(
            audio, language=language or None, hotwords=hotwords or None, **self._options
        )
        parts: list[str] = []
        for segment in segments:
            parts.append(segment.text.strip())
            if is_cancelled():
                break
        return TranscriptionResult(" ".join(parts), TranscriptionInfo(info.language, info.language_probability))


class Session(Protocol):
    """What an executor asks its session."""

    @property
    def hotwords(self) -> str: ...

    @property
    def is_cancelled(self) -> bool: ...


class SessionExecutor:
    """The transcription executor of one session's recorder. It uses a shared model. Once the session is closed, it
    stops transcribing.
    """

    def __init__(self, whisper: SharedWhisper, session: Session) -> None:
        self._whisper = whisper
        self._session = session

    def transcribe(
        self,
        audio: Any,
        language: str | None = None,
        use_prompt: bool = True,  # noqa: FBT001, FBT002, ARG002 - RealtimeSTT's signature
    ) -> TranscriptionResult:
        """See `SharedWhisper.transcribe`."""
        session = self._session
        return self._whisper.transcribe(audio, language, session.hotwords, lambda: session.is_cancelled)
