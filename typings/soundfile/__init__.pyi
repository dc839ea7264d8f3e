from types import TracebackType
from typing import BinaryIO, Protocol, Self

class _Target(Protocol):
    def write(self, page: bytes, /) -> int: ...
    def seek(self, offset: int, whence: int = 0, /) -> int: ...
    def tell(self) -> int: ...

class SoundFile:
    def __init__(
        self,
        file: str | BinaryIO | _Target,
        mode: str = "r",
        samplerate: int | None = None,
        channels: int | None = None,
        subtype: str | None = None,
        endian: str | None = None,
        format: str | None = None,
    ) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def buffer_write(self, data: bytes, dtype: str) -> None: ...

class _Info:
    format: str
    subtype: str
    channels: int
    samplerate: int
    duration: float

def info(file: str | BinaryIO) -> _Info: ...
