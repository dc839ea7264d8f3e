"""A generated Whisper model in the real format: it transcribes any speech as one known sentence.

It is a Markov chain in the form of a transformer. All layers are zero, so only the last token's embedding
reaches the output. Each embedding is a distinct code, and the output layer maps each code to the next token.
faster-whisper and the engine `whisper` load it like any other, in milliseconds, from a few hundred kilobytes.
"""

from __future__ import annotations

import itertools
import json
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np

SENTENCE: Final = "Luna tell me about the old sea"
"""No word occurs twice: the chain sees only the previous word."""
WIDTH: Final = 64
"""The width of the hidden state; it must hold a code for each token of the chain."""
STEEPNESS: Final = 10.0
TIMESTAMPS: Final = 1501
ENDS_AT: Final = 50
"""The sentence's closing timestamp, in steps of 20 ms."""
FIRST_POSITIONS: Final = 448
AUDIO_POSITIONS: Final = 1500
MELS: Final = 80
BYTE_LETTERS: Final = ((ord("!"), ord("~")), (ord("¡"), ord("¬")), (ord("®"), 0x143))
"""Byte-level BPE writes each byte as one of these 256 letters."""


def make_tiny_whisper(folder: Path, sentence: str = SENTENCE) -> Path:
    """Create `folder`, and write the model into it. Returns the folder.

    Raises:
        ImportError: ctranslate2 is not installed.
    """
    folder.mkdir(parents=True)
    vocabulary = _write_tokenizer(folder, sentence)
    _write_model(folder, vocabulary, sentence)
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": MELS, "sampling_rate": 16_000}))
    return folder


def _words(sentence: str) -> list[str]:
    """The words as byte-level BPE writes them: a leading space is Ġ."""
    return [f"Ġ{word}" for word in sentence.split()]


def _write_tokenizer(folder: Path, sentence: str) -> list[str]:
    letters = [chr(code) for first, last in BYTE_LETTERS for code in range(first, last + 1)]
    plain = letters + [word for word in _words(sentence) if word not in letters]
    special = [
        "<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>",
        "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>",
    ] + [f"<|{i * 0.02:.2f}|>" for i in range(TIMESTAMPS)]  # fmt: skip
    added = [
        {"id": number, "content": token, "special": True}
        | dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
        for number, token in enumerate(special, len(plain))
    ]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    model: dict[str, object] = {
        "type": "BPE",
        "vocab": {token: number for number, token in enumerate(plain)},
        "merges": [],
    }
    document: dict[str, object] = {
        "version": "1.0", "added_tokens": added, "pre_tokenizer": byte_level, "decoder": byte_level, "model": model
    }  # fmt: skip
    (folder / "tokenizer.json").write_text(json.dumps(document), encoding="utf-8")
    return plain + special


def _write_model(folder: Path, vocabulary: list[str], sentence: str) -> None:
    whisper: Any = import_module("ctranslate2.specs.whisper_spec")
    spec = whisper.WhisperSpec(1, 2, 1, 2)
    _silence_encoder(spec.encoder)
    _silence_decoder(spec.decoder)
    embeddings, projection = _chain(vocabulary, sentence)
    spec.decoder.embeddings.weight = embeddings
    spec.decoder.projection.weight = projection
    spec.register_vocabulary(vocabulary)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = [vocabulary.index("<|en|>")]
    spec.config.alignment_heads = [(0, 0)]
    spec.validate()
    spec.optimize(quantization=None)
    spec.save(str(folder))


def _chain(vocabulary: list[str], sentence: str) -> tuple[Any, Any]:
    """The embeddings and the output layer, which map each token to the next one."""
    ids = {token: i for i, token in enumerate(vocabulary)}
    words = [ids[word] for word in _words(sentence)]
    first_time, last_time = ids["<|0.00|>"], ids["<|0.00|>"] + ENDS_AT
    steps = [
        (ids["<|startoftranscript|>"], first_time),
        (ids["<|notimestamps|>"], words[0]),
        (first_time, words[0]),
        *itertools.pairwise(words),
        (words[-1], last_time),
        (last_time, ids["<|endoftext|>"]),
    ]
    embeddings = np.zeros((len(vocabulary), WIDTH), np.float32)
    projection = np.zeros((len(vocabulary), WIDTH), np.float32)
    for code, (token, following) in enumerate(steps):
        embeddings[token, code] = 1.0
        projection[following, code] = STEEPNESS
    return embeddings, projection


def _silence_encoder(encoder: Any) -> None:
    for conv, channels in ((encoder.conv1, MELS), (encoder.conv2, WIDTH)):
        conv.weight = np.zeros((WIDTH, channels, 3), np.float32)
        conv.bias = np.zeros(WIDTH, np.float32)
    encoder.position_encodings.encodings = np.zeros((AUDIO_POSITIONS, WIDTH), np.float32)
    _normalize(encoder.layer_norm)
    for layer in encoder.layer:
        _silence_attention(layer.self_attention, [3 * WIDTH, WIDTH])
        _silence_feed_forward(layer.ffn)


def _silence_decoder(decoder: Any) -> None:
    decoder.position_encodings.encodings = np.zeros((FIRST_POSITIONS, WIDTH), np.float32)
    _normalize(decoder.layer_norm)
    for layer in decoder.layer:
        _silence_attention(layer.self_attention, [3 * WIDTH, WIDTH])
        _silence_attention(layer.attention, [WIDTH, 2 * WIDTH, WIDTH])
        _silence_feed_forward(layer.ffn)


def _silence_attention(attention: Any, outputs: list[int]) -> None:
    _normalize(attention.layer_norm)
    for linear, rows in zip(attention.linear, outputs, strict=True):
        _silence_linear(linear, rows, WIDTH)


def _silence_feed_forward(ffn: Any) -> None:
    _normalize(ffn.layer_norm)
    _silence_linear(ffn.linear_0, 4 * WIDTH, WIDTH)
    _silence_linear(ffn.linear_1, WIDTH, 4 * WIDTH)


def _silence_linear(linear: Any, rows: int, columns: int) -> None:
    linear.weight = np.zeros((rows, columns), np.float32)
    linear.bias = np.zeros(rows, np.float32)


def _normalize(norm: Any) -> None:
    norm.gamma = np.ones(WIDTH, np.float32)
    norm.beta = np.zeros(WIDTH, np.float32)
