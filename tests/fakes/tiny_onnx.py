"""Writes small ONNX graphs. The format is protobuf: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FLOAT: Final = 1
INT64: Final = 7
_IR_VERSION: Final = 8
_OPSET: Final = 17
_INT_ATTRIBUTE: Final = 2


@dataclass(frozen=True, slots=True)
class Node:
    """An operator. Its inputs and outputs are names; `attributes` are integers."""

    operator: str
    inputs: Sequence[str]
    output: str
    attributes: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of the graph. A dimension that is a name may have any size."""

    name: str
    type: int
    shape: Sequence[int | str]


def model(
    nodes: Sequence[Node], inputs: Sequence[Port], outputs: Sequence[Port], **constants: NDArray[np.generic]
) -> bytes:
    """The file of a model."""
    graph = b"".join(_nested(1, _node(node)) for node in nodes) + _text(2, "tiny")
    graph += b"".join(_nested(5, _tensor(name, value)) for name, value in constants.items())
    graph += b"".join(_nested(11, _port(port)) for port in inputs)
    graph += b"".join(_nested(12, _port(port)) for port in outputs)
    return _number(1, _IR_VERSION) + _nested(7, graph) + _nested(8, _text(1, "") + _number(2, _OPSET))


def _node(node: Node) -> bytes:
    parts = [_text(1, name) for name in node.inputs]
    parts += [_text(2, node.output), _text(4, node.operator)]
    parts += [
        _nested(5, _text(1, name) + _number(3, value) + _number(20, _INT_ATTRIBUTE)) for name, value in node.attributes
    ]
    return b"".join(parts)


def _tensor(name: str, value: NDArray[np.generic]) -> bytes:
    kind = INT64 if value.dtype == np.int64 else FLOAT
    dimensions = b"".join(_number(1, size) for size in value.shape)
    return dimensions + _number(2, kind) + _text(8, name) + _nested(9, value.tobytes())


def _port(port: Port) -> bytes:
    sizes = [_number(1, size) if isinstance(size, int) else _text(2, size) for size in port.shape]
    shape = b"".join(_nested(1, size) for size in sizes)
    return _text(1, port.name) + _nested(2, _nested(1, _number(1, port.type) + _nested(2, shape)))


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _nested(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _nested(field, value.encode())
