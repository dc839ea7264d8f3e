"""A tiny Higgs Audio with random weights, in the published format. Only its size and its speech are not real.

It has two layers of width 64, a HuBERT of two layers, a byte-level tokenizer, and the codec. The codec's widths are
fixed in boson-multimodal's code (its `model.pth` has 459 MB, and a frame takes a CPU 20 ms or more). While
`thin_codec` is active, which includes making and loading the codec, they are a sixteenth and an eighth.

The weights are set so that speech ends after half a second or so, and is as loud as speech.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from boson_multimodal.audio_processing import higgs_audio_tokenizer
from boson_multimodal.audio_processing.higgs_audio_tokenizer import HiggsAudioTokenizer
from boson_multimodal.model.higgs_audio import HiggsAudioConfig, HiggsAudioModel
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import HubertConfig, HubertModel, LlamaConfig, PreTrainedTokenizerFast

# Imported first: it silences the messages of boson-multimodal's import.
import tertulia_tts.engines.higgs.boson_model  # noqa: F401 # pyright: ignore[reportUnusedImport]
from tertulia_tts.engines.higgs.settings import HiggsSettings
from tests.harness.settings_of import settings_of

SPECIAL = (
    "<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|eom_id|>", "<|start_header_id|>", "<|end_header_id|>",
    "<|audio_bos|>", "<|audio_eos|>", "<|audio_out_bos|>", "<|AUDIO|>", "<|AUDIO_OUT|>", "<|recipient|>",
    "<|scene_desc_start|>", "<|scene_desc_end|>",
)  # fmt: skip
CODEBOOKS, CODES = 8, 1024
END = 1025
LEVEL_RMS = 0.08
RATIOS = [8, 5, 4, 2, 3]
THIN = 16


@dataclass(frozen=True, slots=True)
class Size:
    """The dimensions of the language model. `end_bias` sets the probability that an utterance ends."""

    vocabulary: int
    hidden: int
    inner: int
    layers: int
    heads: int
    kv_heads: int
    end_bias: float
    dtype: str = "float32"
    device: str = "cpu"


TINY = Size(0, 64, 128, 2, 4, 2, end_bias=1.35)
"""About one step in twenty ends the utterance."""

FULL = Size(128_256, 3072, 8192, 28, 24, 8, end_bias=-10.0, dtype="bfloat16", device="cuda")
"""The dimensions of the published model (5.8 billion weights), for the benchmark. It speaks up to the frame limit."""


@dataclass(frozen=True, slots=True)
class TinyHiggs:
    """The three folders of the model."""

    model: Path
    codec: Path
    hubert: Path

    def settings(self) -> HiggsSettings:
        """Settings with which the engine uses these folders."""
        return settings_of(
            HiggsSettings,
            tts_higgs_model=str(self.model),
            tts_higgs_codec=str(self.codec),
            tts_higgs_hubert=str(self.hubert),
            tts_higgs_device="cpu",
        )


@contextmanager
def thin_codec() -> Generator[None]:
    """Reduce the codec's encoder to a sixteenth of its width and its decoder to an eighth while the block runs."""
    dac = higgs_audio_tokenizer.dac2
    encoder, decoder = dac.Encoder, dac.Decoder

    def thin_encoder(width: int, ratios: list[int], latent: int) -> Any:
        return encoder(width // THIN, ratios, latent)

    def thin_decoder(latent: int, width: int, ratios: list[int]) -> Any:
        return decoder(latent, width // THIN * 2, ratios)

    dac.Encoder, dac.Decoder = thin_encoder, thin_decoder
    try:
        yield
    finally:
        dac.Encoder, dac.Decoder = encoder, decoder


def make_tiny_higgs(folder: Path, size: Size = TINY) -> TinyHiggs:
    """Write the three parts below `folder`, with the same weights each time."""
    tiny = TinyHiggs(folder / "model", folder / "codec", folder / "hubert")
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # boson-multimodal's old code warns about itself
        torch.manual_seed(20)
        _write_model(tiny.model, size)
        _write_hubert(tiny.hubert)
        _write_codec(tiny)
    return tiny


def _write_model(folder: Path, size: Size) -> None:
    tokens = _write_tokenizer(folder)
    text = LlamaConfig(
        vocab_size=max(size.vocabulary, len(tokens)), hidden_size=size.hidden, intermediate_size=size.inner,
        num_hidden_layers=size.layers, num_attention_heads=size.heads, num_key_value_heads=size.kv_heads,
        max_position_embeddings=8192,
    )  # fmt: skip
    config = HiggsAudioConfig(
        text_config=text, audio_encoder_config=None, audio_adapter_type="dual_ffn_fast_forward",
        audio_dual_ffn_layers=list(range(size.layers)), audio_ffn_hidden_size=size.hidden,
        audio_ffn_intermediate_size=size.inner,
        encode_whisper_embed=False, encode_audio_in_tokens=True, use_delay_pattern=True, skip_audio_tower=True,
        audio_num_codebooks=CODEBOOKS, audio_codebook_size=CODES, audio_stream_bos_id=1024, audio_stream_eos_id=END,
        audio_in_token_idx=tokens["<|AUDIO|>"], audio_out_token_idx=tokens["<|AUDIO_OUT|>"],
        audio_out_bos_token_id=tokens["<|audio_out_bos|>"], audio_eos_token_id=tokens["<|audio_eos|>"],
        pad_token_id=tokens["<|end_of_text|>"],
    )  # fmt: skip
    torch.set_default_dtype(getattr(torch, size.dtype))
    try:
        with torch.device(size.device):
            model = HiggsAudioModel(config)
    finally:
        torch.set_default_dtype(torch.float32)
    with torch.no_grad():
        # A component that all positions share, so that a bias can make one code likelier at each step.
        model.embed_tokens.weight[:, 0] = 0.1
        model.audio_codebook_embeddings.weight[:, 0] = 0.1 / CODEBOOKS
        head = model.audio_decoder_proj.audio_lm_head.weight.view(CODEBOOKS, CODES + 2, size.hidden)
        head.normal_(0, 0.15)
        head[:, :, 0] = 0.0
        head[:, END, :] = 0.0
        head[0, END, 0] = size.end_bias
    model.save_pretrained(folder)


def _write_tokenizer(folder: Path) -> dict[str, int]:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({char: at for at, char in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(SPECIAL))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)
    return tokenizer.get_vocab()


def _write_hubert(folder: Path) -> None:
    # The codec expects a width of 768; everything else is as small as possible.
    HubertModel(
        HubertConfig(
            hidden_size=768, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, conv_dim=(16,) * 7,
            num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=16,
        )
    ).save_pretrained(folder)  # fmt: skip


def _write_codec(tiny: TinyHiggs) -> None:
    folder = tiny.codec
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "n_filters": 32, "D": 256, "target_bandwidths": [0.5, 1, 1.5, 2], "ratios": RATIOS, "sample_rate": 24_000,
        "bins": CODES, "n_q": CODEBOOKS, "codebook_dim": 64, "semantic_techer": "hubert_base_general",
        "semantic_sample_rate": 16_000,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    original = higgs_audio_tokenizer.AutoModel
    higgs_audio_tokenizer.AutoModel = _Hubert(tiny.hubert)
    try:
        codec = HiggsAudioTokenizer(**config, device="cpu").eval()
    finally:
        higgs_audio_tokenizer.AutoModel = original
    with torch.no_grad():
        for name, buffer in codec.quantizer.named_buffers():
            if name.endswith("inited"):  # otherwise the first encoded clip would initialize the codebooks
                buffer.fill_(1)
            elif name.endswith("embed"):
                buffer.normal_()
        probe = codec.decode(torch.randint(0, CODES, (1, CODEBOOKS, 50)))
        codec.decoder_2.model[-1].weight_g.mul_(LEVEL_RMS / max(float(probe.std()), 1e-9))
        codec.decoder_2.model[-1].bias.zero_()
    torch.save(codec.state_dict(), folder / "model.pth")


@dataclass(frozen=True, slots=True)
class _Hubert:
    folder: Path

    def from_pretrained(self, *_: object, **__: object) -> HubertModel:
        return HubertModel.from_pretrained(self.folder)
