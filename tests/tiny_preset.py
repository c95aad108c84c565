"""A preset that runs every kind of stage in seconds, and a copy of the repository that has it."""

from __future__ import annotations

from pathlib import Path

from repository import copy_of_repository, replace_in

TINY = """\
description: synthetic motion, a test
threads: 1
device: cpu
seeds: 1
seeds_of: {}
body: open
variants:
  - mean_pose
  - linear_least_squares
  - semgcn_one_cycle
  - graphmdn
  - mixture_without_graph_sh
  - semgcn_17
  - hgn_64
  - pixels_detector
  - semgcn_pixels_fixed
  - semgcn_pixels
motion:
  source: synthetic
  frames_per_second: 1
  seconds_per_take: 2
  seed: 0
keypoints:
  stacked_hourglass:
    source: noise
    spread:
      trunk: 1.0
      head: 1.2
      hip: 1.2
      shoulder: 1.4
      knee: 1.6
      elbow: 2.0
      ankle: 2.0
      wrist: 2.4
    degrees_of_freedom: 3
    swap: 0.01
    miss: 0.01
generalization: null
crops:
  source: synthetic
  size: 32
  train: 24
  test: 12
pixels:
  epochs:
    detector: 1
    graph: 1
    all: 1
  network:
    blocks:
      - 1
      - 1
      - 1
      - 1
    width: 4
    deconvolution_width: 8
lifting:
  epochs: 1
images:
  source: synthetic
  seed: 0
  pose:
    size: 64
    train: 48
    val: 16
    people:
      - 1
      - 1
    scale:
      - 0.7
      - 1.0
    front: 0.6
    yaw_spread: 0.4
    without_cue: 0.15
    occluders: 0.3
    clutter: 2
  boxes:
    size: 64
    train: 32
    val: 16
    objects:
      - 2
      - 3
    scale:
      - 0.3
      - 1.0
    clutter: 2
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
      - 40
      - 48
      - 64
    modules: 1
    map_width: 16
    center_width: 16
  recipe:
    learning_rate: 1.0e-3
    batch_size: 8
    beta2: 0.99
    sigma_factor: 0.3
    sigma_start:
      pose: 10.0
  augment: full
  variants:
    - pose_l_mdn_2
    - boxes_l_mdn_3
  training_images: true
  test_scales:
    - 3
"""


def copy_with_tiny(folder: Path) -> Path:
    """A fresh clone whose params.yaml names the preset `tiny`."""
    copy_of_repository(folder)
    (folder / "params" / "tiny.yaml").write_text(TINY, encoding="utf-8")
    replace_in(folder / "params.yaml", "preset: demo\n", "preset: tiny\n")
    return folder
