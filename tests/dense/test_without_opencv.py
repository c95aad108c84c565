"""What trains and decodes can be imported where opencv is not; it is needed where pictures are read."""

from __future__ import annotations

import subprocess
import sys

import pytest
from repository import ROOT


@pytest.mark.parametrize("module", ["task", "testing", "objective"])
def test_a_module_is_imported_without_opencv(module: str) -> None:
    blocked = f"import sys; sys.modules['cv2'] = None; import pipeline.dense.{module}"
    found = subprocess.run([sys.executable, "-c", blocked], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
