"""Settings in small: params.yaml with three variants, a preset that is synthetic and one that is real."""

from __future__ import annotations

from pathlib import Path

import pytest
from repository import replace_in

from pipeline import config
from pipeline.artifacts import InputError

PARAMS = """\
preset: small
mirror: null
seeds:
  - 0
  - 1
  - 2
lifting_variants:
  mean_pose:
    paper: sanity
    title: Mean pose
    core: true
    model:
      name: mean_pose
  semgcn:
    paper: semgcn
    title: SemGCN
    core: true
    epochs: 30
    model:
      convolution: semantic
    schedule:
      kind: step
      factor: 0.96
      every_epochs: 4.1
  graphmdn:
    paper: graphmdn
    title: GraphMDN
    epochs: 2
    head:
      name: mixture
      sigma: per_joint
    optimizer:
      batch_size: 256
    schedule:
      kind: one_cycle
      peak: 6.0e-3
"""
SMALL = """\
description: synthetic motion
threads: 1
device: cpu
seeds: 2
variants: core
motion:
  source: synthetic
  frames_per_second: 5
  seconds_per_take: 12
  seed: 0
lifting:
  epochs: 3
"""
REAL = """\
description: CMU
motion:
  source: cmu
  frames_per_second: 30
  train_subjects:
    - "01"
    - "08"
  test_subjects:
    - "02"
    - "10"
lifting:
  epochs: null
"""
FILES = {"params.yaml": PARAMS, "params/small.yaml": SMALL, "params/real.yaml": REAL}


def write(root: Path) -> Path:
    """Both kinds of files in a folder."""
    (root / "params").mkdir()
    for name, text in FILES.items():
        (root / name).write_text(text)
    return root


def edit(root: Path, file: str, old: str, new: str) -> None:
    """Change a file; `old` stands in it once."""
    replace_in(root / file, old, new)


def says(root: Path, preset: str | None = None) -> str:
    """The one line that loading ends with, its paths relative to the root."""
    with pytest.raises(InputError) as caught:
        config.load(preset, root)
    message = str(caught.value).replace(f"{root}/", "")
    assert "\n" not in message
    return message
