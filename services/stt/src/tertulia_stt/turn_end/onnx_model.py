"""Loads smart-turn with onnxruntime."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from tertulia_shared.engines import EngineUnavailable
from tertulia_stt.turn_end.log_mel import BANDS, FRAMES
from tertulia_stt.turn_end.smart_turn import INPUT, SmartTurn


def load(path: Path) -> SmartTurn:
    """Load the model.

    Raises:
        EngineUnavailable: the file cannot be read, or is another model.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common base but Exception
        raise EngineUnavailable(f"TERTULIA_STT_TURN_MODEL: cannot load {path} as an ONNX model: {error}") from error
    inputs = {one.name: list(one.shape) for one in session.get_inputs()}
    if inputs.get(INPUT, [])[1:] != [BANDS, FRAMES]:
        raise EngineUnavailable(
            f"TERTULIA_STT_TURN_MODEL: {path} is not smart-turn v3: it must take {INPUT} of {BANDS} x {FRAMES} values,"
            f" but takes {inputs}"
        )
    return SmartTurn(session)
