from __future__ import annotations

import pytest

from tertulia_tts import measure


def test_ctrl_c_ends_the_measurement_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(measure, "measure", interrupted)
    measure.main()
    assert capsys.readouterr() == ("", "")
