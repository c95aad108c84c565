"""data/apart.py: a CDF file that keeps cdflib busy, fills the memory or crashes it is refused; the next one is read."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import human36m_files
import numpy as np
import pytest

from pipeline.data import apart


def write(path: Path) -> Path:
    path.write_bytes(human36m_files.cdf_bytes(path.parent, 1000 * human36m_files.motion(2)))
    return path


def test_a_variable_comes_out_and_what_is_none_is_said(tmp_path: Path) -> None:
    good = write(tmp_path / "good.cdf")
    with apart.Apart() as reader:
        np.testing.assert_allclose(
            reader.call(apart.cdf_variable, good, "Pose").reshape(2, 32, 3), 1000 * human36m_files.motion(2), rtol=1e-6
        )
        with pytest.raises(apart.Unreadable, match="Pos"):
            reader.call(apart.cdf_variable, good, "Pos")
        (tmp_path / "text.cdf").write_text("no CDF at all")
        with pytest.raises(apart.Unreadable, match="is not a CDF file"):
            reader.call(apart.cdf_variable, tmp_path / "text.cdf", "Pose")
        process = reader._process
    assert not process.is_alive()


def test_a_file_that_claims_two_thousand_million_dimensions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """cdflib counts through them: for a minute, and into ever more memory."""
    monkeypatch.setattr(apart, "SECONDS", 0.5)
    good, evil = write(tmp_path / "good.cdf"), tmp_path / "evil.cdf"
    content = good.read_bytes()
    start = int.from_bytes(content[20:28], "big")  # where the file's global description is
    evil.write_bytes(content[: start + 56] + b"\x7f\xff\xff\xff" + content[start + 60 :])
    with apart.Apart() as reader:
        reader.call(apart.cdf_variable, good, "Pose")
        began = time.monotonic()
        with pytest.raises(apart.Unreadable, match=r"no end after 0\.5 seconds"):
            reader.call(apart.cdf_variable, evil, "Pose")
        assert time.monotonic() - began < 10
        monkeypatch.setattr(apart, "SECONDS", 60.0)
        assert reader.call(apart.cdf_variable, good, "Pose").size  # by another process


def test_a_reader_that_breaks_down_is_replaced(tmp_path: Path) -> None:
    good = write(tmp_path / "good.cdf")
    with apart.Apart() as reader:
        reader.call(apart.cdf_variable, good, "Pose")
        os.kill(reader._process.pid, signal.SIGKILL)
        with pytest.raises(apart.Unreadable, match="broke down"):
            reader.call(apart.cdf_variable, good, "Pose")
        assert reader.call(apart.cdf_variable, good, "Pose").size
