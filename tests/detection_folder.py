"""A folder to run detection in: this repository's variants and a preset `tiny` with a few made images."""

from __future__ import annotations

import shutil
from pathlib import Path

from repository import ROOT, replace_in

TRAIN, VAL = 16, 8
IMAGES = f"""\
images:
  source: synthetic
  seed: 0
  pose:
    size: 64
    train: {TRAIN}
    val: {VAL}
    people:
      - 1
      - 2
    scale:
      - 0.6
      - 0.9
  boxes:
    size: 64
    train: {TRAIN}
    val: {VAL}
"""
PRESET = """\
description: a few made images
threads: 1
device: cpu
seeds: 1
variants: core
motion:
  source: synthetic
  frames_per_second: 5
  seconds_per_take: 1
"""
DETECTION = """\
detection:
  epochs:
    pose: 1
    boxes: 1
  input_size:
    pose: 64
    boxes: 64
  networks:
    stacks: 1
    widths:
      - 32
      - 32
      - 32
    modules: 1
    map_width: 8
    center_width: 8
  recipe:
    learning_rate: 1.0e-3
    batch_size: 4
    sigma_factor: 0.3
    sigma_start:
      pose: 10.0
  variants:
    - pose_s_base
    - pose_s_mdn_2
    - boxes_l_mdn_3
  test_scales:
    - 3
"""


def write_settings(folder: Path) -> Path:
    shutil.copy(ROOT / "params.yaml", folder)
    (folder / "params").mkdir()
    (folder / "params" / "tiny.yaml").write_text(PRESET + IMAGES + DETECTION)
    return folder


def edit(folder: Path, before: str, after: str) -> None:
    """Change the preset; it must contain `before` once."""
    replace_in(folder / "params" / "tiny.yaml", before, after)


def set_images(folder: Path, images: str) -> None:
    edit(folder, IMAGES, images)
