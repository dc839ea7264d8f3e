"""The model that the engine uses: boson-multimodal's `HiggsAudioServeEngine`, but without its streaming.

Its `generate_delta_stream` runs a thread that cannot be stopped, and if that thread fails, its reader waits for ever.
Instead, our device thread calls the model's `generate`, with a streamer that can end the generation at any step by
raising an exception.
"""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

# Set this variable before boson-multimodal's modules read it. Without it, they could wait for the network.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

with warnings.catch_warnings():  # ignore deprecation warnings of third-party code
    warnings.simplefilter("ignore")
    import librosa
    import numpy as np
    import torch
    from boson_multimodal.audio_processing import higgs_audio_tokenizer
    from boson_multimodal.data_types import AudioContent, ChatMLSample, Message
    from boson_multimodal.dataset.chatml_dataset import ChatMLDatasetSample, prepare_chatml_sample
    from boson_multimodal.serve.serve_engine import HiggsAudioServeEngine
    from loguru import logger as boson_log
    from numpy.typing import NDArray
    from transformers import HubertModel
    from transformers.generation.streamers import BaseStreamer

from tertulia_shared.voice_files import VoiceFiles
from tertulia_tts.engine import SAMPLE_RATE, EngineUnavailable
from tertulia_tts.engines.higgs.delay_pattern import CODES, Codes
from tertulia_tts.engines.higgs.frame_decoder import SAMPLES_A_FRAME
from tertulia_tts.engines.higgs.model import ClonedVoice, DeviceLost, OutOfMemory
from tertulia_tts.engines.higgs.settings import HiggsSettings
from tertulia_tts.engines.higgs.weights import Weights, locate

CODEBOOKS = 8
DEFAULT_SCENE = "Audio is recorded from a quiet room."
CACHE_LENGTHS = (1024, 2048, 4096)
"""Lengths of the key-value caches. A clip of 30 s, its transcript and an utterance take at most 750 + 1000 + 650
positions."""

REPEAT_WINDOW, MAX_REPEATS = 7, 2
"""Parameters of repetition-aware sampling, which prevents endlessly repeated sounds. The values are boson-multimodal's
defaults.
"""

DELAY_STEPS = CODEBOOKS
"""The number of steps beyond one per frame: one for the column of `BEGIN` marks, and seven for the delay of the
codebooks.
"""

boson_log.disable("boson_multimodal")  # boson-multimodal does not log through `logging`
# transformers warns about the calls that boson-multimodal makes
logging.getLogger("transformers").setLevel(logging.ERROR)


class _StopGeneration(Exception):
    """Raised to end `generate` when the consumer wants no more columns."""


class _ColumnStreamer(BaseStreamer):  # type: ignore[misc] # transformers is not typed
    """The streamer that `generate` calls at each step."""

    def __init__(self, on_column: Callable[[Codes], bool]) -> None:
        self._on_column = on_column

    def put(self, value: torch.Tensor) -> None:
        if value.ndim == 1 and value.shape[0] == CODEBOOKS and not self._on_column(value.numpy().astype(np.int16)):
            raise _StopGeneration

    def end(self) -> None:
        """Do nothing. `generate` calls this when it ends without an exception."""


class BosonModel:
    """The `SpeechModel` on `HiggsAudioServeEngine`."""

    codebooks = CODEBOOKS

    def __init__(self, serve: Any, settings: HiggsSettings, fingerprint: str) -> None:
        self._serve = serve
        self._sampling = {
            "temperature": settings.tts_higgs_temperature,
            "top_p": settings.tts_higgs_top_p,
            "top_k": settings.tts_higgs_top_k,
        }
        self.fingerprint = fingerprint

    def encode(self, voice: VoiceFiles) -> Codes:
        samples = np.frombuffer(voice.pcm, "<i2").astype(np.float32) / 32768
        if voice.sample_rate != SAMPLE_RATE:
            samples = librosa.resample(samples, orig_sr=voice.sample_rate, target_sr=SAMPLE_RATE)
        with _device_errors():
            codes: torch.Tensor = self._serve.audio_tokenizer.encode(samples, SAMPLE_RATE)
            return codes.reshape(CODEBOOKS, -1).cpu().numpy().astype(np.int16)

    def generate(
        self, voice: ClonedVoice, text: str, seed: int, max_frames: int, on_column: Callable[[Codes], bool]
    ) -> None:
        with _device_errors(), torch.inference_mode():
            prompt = self._prompt(voice, text)
            for cache in self._serve.kv_caches.values():
                cache.reset()
            with suppress(_StopGeneration):
                self._serve.model.generate(
                    **prompt,
                    max_new_tokens=max_frames + DELAY_STEPS,
                    use_cache=True,
                    do_sample=True,
                    past_key_values_buckets=self._serve.kv_caches,
                    ras_win_len=REPEAT_WINDOW,
                    ras_win_max_num_repeat=MAX_REPEATS,
                    seed=seed,
                    streamer=_ColumnStreamer(on_column),
                    **self._sampling,
                )

    def decode(self, codes: Codes) -> NDArray[np.float32]:
        with _device_errors(), torch.inference_mode():
            decoded: NDArray[np.float32] = self._serve.audio_tokenizer.decode(
                torch.from_numpy(codes.astype(np.int64))[None]
            )
        return decoded[0, 0]

    def free(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _prompt(self, voice: ClonedVoice, text: str) -> dict[str, Any]:
        """Make the same prompt as `HiggsAudioServeEngine._prepare_inputs`, but without encoding the clip again."""
        scene = voice.files.scene or DEFAULT_SCENE
        instruction = f"Generate audio following instruction.\n\n<|scene_desc_start|>\n{scene}\n<|scene_desc_end|>"
        sample = ChatMLSample(
            messages=[
                Message("system", instruction),
                Message("user", voice.files.transcript),
                Message("assistant", AudioContent("placeholder")),
                Message("user", text),
            ]
        )
        serve = self._serve
        tokens, *_ = prepare_chatml_sample(sample, serve.tokenizer)
        if tokens is None:  # boson-multimodal has printed an error and returned None
            raise ValueError("the text cannot be made a prompt")
        begin = "<|start_header_id|>assistant<|end_header_id|>\n\n<|audio_out_bos|>"
        tokens.extend(serve.tokenizer.encode(begin, add_special_tokens=False))
        collated = serve.collator(
            [
                ChatMLDatasetSample(
                    input_ids=torch.LongTensor(tokens),
                    label_ids=None,
                    audio_ids_concat=torch.from_numpy(voice.codes.astype(np.int64)),
                    audio_ids_start=torch.tensor([0]),
                    audio_waveforms_concat=None,
                    audio_waveforms_start=None,
                    audio_sample_rate=None,
                    audio_speaker_indices=None,
                )
            ]
        )
        return {
            name: value.to(serve.model.device) if isinstance(value, torch.Tensor) else value
            for name, value in asdict(collated).items()
        }


def load_boson(settings: HiggsSettings) -> BosonModel:
    """Load the model onto its device, and capture its CUDA graphs.

    Raises:
        EngineUnavailable: the GPU or the weights are missing, or the weights do not load; the message says what to do.
        OutOfMemory, DeviceLost: the model does not fit on the device, or the device failed.
    """
    device = settings.tts_higgs_device
    if device == "cuda" and not torch.cuda.is_available():
        raise EngineUnavailable(
            "the speech engine 'higgs' wants a CUDA GPU, and PyTorch finds none: check the driver (`nvidia-smi`), set "
            "TERTULIA_TTS_HIGGS_DEVICE=cpu to try it far below real time, or choose another TERTULIA_TTS_ENGINE"
        )
    weights = locate(settings)
    # Use deterministic kernels. If PyTorch chose kernels by benchmarks, the same text and seed could sound different.
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    try:
        with _device_errors(), _hubert_from(weights.hubert), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            serve = HiggsAudioServeEngine(
                str(weights.model), str(weights.codec), device=device, kv_cache_lengths=list(CACHE_LENGTHS)
            )
    except (OutOfMemory, DeviceLost):
        raise
    except Exception as error:  # damaged files cause errors of many classes
        raise EngineUnavailable(
            f"the weights in {weights.model} and {weights.codec} do not load ({type(error).__name__}: {error}); "
            "fetch them again with `make higgs-models`"
        ) from error
    tokenizer = serve.audio_tokenizer
    found = (tokenizer.sampling_rate, serve.samples_per_token, serve.audio_num_codebooks, serve.audio_codebook_size)
    if found != (SAMPLE_RATE, SAMPLES_A_FRAME, CODEBOOKS, CODES):
        raise EngineUnavailable(
            f"{weights.codec} makes {found[0]} Hz, {found[1]} samples a frame, {found[2]} codebooks of {found[3]}; "
            f"{SAMPLE_RATE} Hz, {SAMPLES_A_FRAME}, {CODEBOOKS} of {CODES} are needed"
        )
    return BosonModel(serve, settings, _fingerprint(weights))


def _fingerprint(weights: Weights) -> str:
    digest = hashlib.blake2b(digest_size=16)
    digest.update((weights.codec / "config.json").read_bytes())
    with (weights.codec / "model.pth").open("rb") as file:
        while block := file.read(1 << 24):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def _hubert_from(folder: Path) -> Generator[None]:
    """Make the codec load HuBERT from `folder`. Without this, it downloads HuBERT from the hub, and runs code from
    there.
    """

    class _Local:
        @staticmethod
        def from_pretrained(*_: object, **__: object) -> Any:
            return HubertModel.from_pretrained(folder)

    original = higgs_audio_tokenizer.AutoModel
    higgs_audio_tokenizer.AutoModel = _Local
    try:
        yield
    finally:
        higgs_audio_tokenizer.AutoModel = original


@contextmanager
def _device_errors() -> Generator[None]:
    """Convert PyTorch's errors to `OutOfMemory` or `DeviceLost`."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise OutOfMemory(str(error).partition("\n")[0]) from error
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        if "can't allocate memory" in reason:  # PyTorch's CPU allocator has no error class for missing memory
            raise OutOfMemory(reason) from error
        if reason.startswith(("CUDA error", "cuDNN error", "CUBLAS")) or "CUDA error" in reason:
            raise DeviceLost(reason) from error
        raise
