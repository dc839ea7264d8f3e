"""The bodies of `/api/model`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, SecretStr

from tertulia_gateway.rest.schemas import Line, Schema
from tertulia_shared.model_server import checked_base_url, checked_key, checked_model
from tertulia_shared.model_settings import MAX_MODEL_CHARS

MAX_ADDRESS_CHARS = 500
MAX_KEY_CHARS = 2_000


def _checked_key(key: SecretStr) -> SecretStr:
    return SecretStr(checked_key(key.get_secret_value()))


Address = Annotated[
    Line,
    Field(max_length=MAX_ADDRESS_CHARS, description="base URL of an OpenAI-compatible API; it often ends in /v1"),
    AfterValidator(checked_base_url),
]
ModelName = Annotated[
    Line, Field(max_length=MAX_MODEL_CHARS, description="a model of that server"), AfterValidator(checked_model)
]
ServerKey = Annotated[
    SecretStr,
    Field(
        max_length=MAX_KEY_CHARS,
        description="the server's key; empty: none, or the kept one if it is of this server. No answer repeats it",
    ),
    AfterValidator(_checked_key),
]


class ServerRequest(Schema):
    """A model server whose models to list."""

    address: Address
    key: ServerKey = SecretStr("")


class NewConnection(ServerRequest):
    """A model server and a model to use from now on."""

    model: ModelName


class FromWorker(Schema):
    """A body that an llm worker sent; a newer worker may send more fields."""

    model_config = ConfigDict(extra="ignore")


class ProviderItem(FromWorker):
    """A model server that is known by name."""

    id: str
    name: str
    address: str = Field(description="base URL of its API; of a program, on the llm worker's machine")
    needs_key: bool
    keys_page: str = Field(description='where one gets a key; "" if it needs none')
    is_local: bool = Field(description="a program on this machine, not a service in the internet")


class ModelConnectionState(FromWorker):
    """Where replies come from."""

    source: Literal["environment", "page", "demo"] = Field(
        description="who chose it: settings in the environment, which win; the page; or nobody: the demo answers"
    )
    address: str = Field(description='base URL of the server; "" for the demo')
    model: str = Field(description='model, unless the client asks for another; "" for the demo')
    has_key: bool = Field(description="requests carry a key")
    kept: bool = Field(description="a connection that was made in the page is kept, even if the environment wins")
    fault: str = Field("", description='why the kept connection cannot be used; "" if it can')


class ModelOverview(ModelConnectionState):
    """Where replies come from, and what else there is."""

    in_container: bool = Field(description="the llm worker runs in a container: its localhost is the container itself")
    may_change: bool = Field(description="this client may change the connection")
    providers: list[ProviderItem]


class FoundServerItem(FromWorker):
    """A model server that answered on the llm worker's machine."""

    provider: str = Field(description="id of its provider")
    name: str
    address: str
    models: list[str] = Field(description="a few of its models")
    count: int = Field(description="how many models it has")


class FoundServers(FromWorker):
    """The model servers that answered."""

    servers: list[FoundServerItem]


class ServerModels(FromWorker):
    """The models of a server."""

    address: str = Field(description="base URL of its API: corrected, if it was at a similar address")
    models: list[str]
