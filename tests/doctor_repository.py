"""A made-up repository for tools.doctor to look at, and what it printed."""

from __future__ import annotations

from pathlib import Path

import pytest

DIGEST = "ab" * 32
PARAMS = """
preset: demo
seeds:
  - 0
lifting_variants:
  semgcn:
    paper: semgcn
    title: SemGCN
    core: true
  semgcn_sh:
    paper: semgcn
    title: SemGCN
    input: stacked_hourglass
  graphmdn_sh:
    paper: graphmdn
    title: GraphMDN
    input: stacked_hourglass
  graphmdn_cpn:
    paper: graphmdn
    title: GraphMDN
    input: cascaded_pyramid_network
"""
SYNTHETIC = "  source: synthetic\n  frames_per_second: 5\n  seconds_per_take: 12"
CMU = '  source: cmu\n  frames_per_second: 30\n  train_subjects:\n    - "05"\n  test_subjects:\n    - "32"'
HUMAN36M = "  source: human36m\n  frames_per_second: 50"
FILES = "keypoints:\n  stacked_hourglass:\n    source: file\n  cascaded_pyramid_network:\n    source: file\n"
NOISE = """keypoints:
  stacked_hourglass:
    source: noise
    spread: {trunk: 1.0, head: 1.0, hip: 1.0, knee: 1.0, ankle: 1.0, shoulder: 1.0, elbow: 1.0, wrist: 1.0}
    degrees_of_freedom: 3
    swap: 0.01
    miss: 0.01
"""


def preset(motion: str, *more: str) -> str:
    return "\n".join(["description: a test", "motion:", motion, *more])


def make(root: Path) -> Path:
    """Four presets: demo needs nothing, mini downloads, other a mirror, paper everything that is licensed."""
    (root / "params").mkdir()
    (root / "params.yaml").write_text(PARAMS)
    contents = {
        "demo": preset(SYNTHETIC, NOISE),
        "mini": preset(CMU, "variants: core"),
        "other": preset(SYNTHETIC, "variants: core", "generalization: hdm05"),
        "paper": preset(HUMAN36M, FILES, "generalization: mpi_inf_3dhp"),
    }
    for name, content in contents.items():
        (root / "params" / f"{name}.yaml").write_text(content)
    return root


def bring(path: Path, content: str = "content") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """What was printed, in one line, so that it does not matter where lines are broken."""
    return " ".join(capsys.readouterr().out.split())
