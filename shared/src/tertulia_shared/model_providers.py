"""The model servers that the page offers by name: where they are, and whether they need a key. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tertulia_shared.model_server import OPENROUTER


@dataclass(frozen=True, slots=True)
class Provider:
    """A hosted service (`address`), or a program on this machine (`port`). `keys_page`: where a person gets a key."""

    id: str
    name: str
    address: str = ""
    port: int = 0
    keys_page: str = ""

    @property
    def needs_key(self) -> bool:
        """True if requests without a key are refused."""
        return bool(self.keys_page)

    def address_on(self, host: str) -> str:
        """The base URL of its API, if it runs on `host`."""
        return self.address or f"http://{host}:{self.port}/v1"


PROVIDERS: Final = (
    Provider("openrouter", "OpenRouter", OPENROUTER, keys_page="https://openrouter.ai/settings/keys"),
    Provider("openai", "OpenAI", "https://api.openai.com/v1", keys_page="https://platform.openai.com/api-keys"),
    Provider("ollama", "Ollama", port=11434),
    Provider("lmstudio", "LM Studio", port=1234),
    Provider("llamacpp", "llama.cpp", port=8080),
    Provider("vllm", "vLLM", port=8000),
)


def local_providers() -> list[Provider]:
    """Those that run on a person's own machine."""
    return [provider for provider in PROVIDERS if provider.port]
