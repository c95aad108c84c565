"""What trains and decodes can be imported where opencv is not; it is needed where images are read."""

from __future__ import annotations

import subprocess
import sys

from repository import ROOT


def test_what_trains_and_decodes_is_imported_without_opencv() -> None:
    blocked = "import sys; sys.modules['cv2'] = None; from pipeline.detection import inference, losses, task"
    found = subprocess.run([sys.executable, "-c", blocked], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
