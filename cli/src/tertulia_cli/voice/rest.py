"""The requests of the commands about voices to the gateway's REST API."""

from __future__ import annotations

import base64
from typing import Any, cast

from tertulia_cli.client.address import GatewayAddress
from tertulia_cli.client.rest import RestClient
from tertulia_shared.voice_files import VoiceFiles
from tertulia_shared.wav import wav_file


class GatewayVoices:
    """The voices made from recordings of the gateway at `address`."""

    def __init__(self, address: GatewayAddress) -> None:
        self._rest = RestClient(address)

    def clips(self) -> list[dict[str, Any]]:
        """All of them, as in `GET /api/clips`. Raises: Failure."""
        return cast("list[dict[str, Any]]", self._rest.ask_json("GET", "/api/clips").get("clips", []))

    def make(self, voice: VoiceFiles) -> str:
        """Make a voice of a recording with the rate `CLIP_HZ`, and return its id. The consent is given.

        Raises:
            Failure: the gateway refuses it or cannot be reached.
        """
        body = {
            "name": voice.name,
            "language": voice.language,
            "transcript": voice.transcript,
            "consent": True,
            "audio": base64.b64encode(wav_file(voice.pcm, voice.sample_rate)).decode(),
        }
        return str(self._rest.ask_json("POST", "/api/clips", body)["id"])
