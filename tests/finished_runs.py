"""A small repository in which two variants were trained and measured, written by hand as the stages write it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import PIL.Image

from pipeline import artifacts
from pipeline.layout import Layout

PUBLISHED = Path(__file__).parent.parent / "results" / "published"
STARTED, FINISHED = "2026-11-20T10:00:00+00:00", "2026-11-20T12:30:00+02:00"
PARAMS = """
preset: demo
seeds:
  - 0
  - 1
lifting_variants:
  semgcn:
    paper: semgcn
    title: SemGCN
    epochs: 30
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
  graphmdn_wide:
    paper: graphmdn
    title: GraphMDN (Wide)
"""
DETECTION_PARAMS = """
detection_variants:
  pose_mdn_2:
    paper: mdn_offset
    title: SmallHG, MDN_2
    task: pose
    head:
      components: 2
    loss:
      regression: 0.1
  boxes_base:
    paper: mixture_dense
    title: HG
    task: boxes
"""
PRESET = """
description: a test
seeds: 2
motion:
  source: synthetic
  frames_per_second: 5
  seconds_per_take: 12
lifting:
  epochs: 1
"""
IMAGES = """
images:
  source: synthetic
  pose:
    train: 96
    val: 24
  boxes:
    train: 96
    val: 24
"""


def make(root: Path) -> Path:
    """A repository in which preset demo has trained two variants with two seeds and not measured a third."""
    write(root / "params.yaml", PARAMS)
    for preset in ("demo", "mini"):
        write(root / "params" / f"{preset}.yaml", PRESET)
    shutil.copytree(PUBLISHED, root / "results" / "published")
    train(root, "demo")
    return root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def image(path: Path) -> None:
    """A small picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.new("RGB", (64, 48), "orange").save(path)


def train(root: Path, preset: str) -> None:
    """Write the files that the stages write, with numbers that all differ."""
    layout = Layout(preset, root)
    for number, variant in enumerate(("semgcn", "graphmdn")):
        for seed in (0, 1):
            folder = layout.seed(variant, seed)
            write(folder / "checkpoint.pt", f"weights of {preset} {variant} {seed}")
            write(folder / "history.csv", history(100 * number + 10 * seed))
            artifacts.write_json(folder / "environment.json", environment())
        artifacts.write_json(layout.metrics(variant), metrics(preset, variant, mixture=variant == "graphmdn"))
    write(layout.tables / "semgcn_table_1.md", f"| {preset} |")
    image(layout.figures / "semgcn_figure_7.png")
    write(layout.tables / "graphmdn_table_1.md", "| GraphMDN |")
    image(layout.figures / "overview.png")
    write(layout.claims_text, "# Claims")


def train_detection(root: Path, preset: str) -> None:
    """The same for a detection variant with two seeds; another variant is left out."""
    write(root / "params" / f"{preset}.yaml", PRESET + IMAGES)
    layout = Layout(preset, root, frozenset({"pose_mdn_2", "boxes_base"}))
    record = {key: value for key, value in environment().items() if not key.startswith("poses")}
    for seed in (0, 1):
        folder = layout.seed("pose_mdn_2", seed)
        write(folder / "checkpoint.pt", f"detection weights {seed}")
        write(folder / "history.csv", "epoch,step,learning_rate,loss,val_ap\n1.0,20,0.1,3.0,\n2.0,40,0.1,2.0,12.5\n")
        artifacts.write_json(folder / "environment.json", record | {"images": 192, "images_per_second": 3.5})
    artifacts.write_json(layout.metrics("pose_mdn_2"), detection_metrics(preset))
    write(layout.tables / "mdn_offset_table_1.md", "| MDN |")


def detection_metrics(preset: str) -> dict[str, Any]:
    def precision(ap: float) -> dict[str, Any]:
        return {"ap": ap, "ap_50": ap + 30, "ap_75": ap / 2, "ap_small": None, "ar": ap + 5}

    def seed(number: int) -> dict[str, Any]:
        only = {"all": precision(30 + number)}
        parts = [{"share": share, "without": precision(20), "only": only, "forced": {}} for share in (75.0, 25.0)]
        return {
            "seed": number,
            "modes": {"plain": precision(50 + number), "flip": precision(55 + number)},
            "training_images": {"plain": precision(90 + number)},
            "groups": {"legs": 40 + number},
            "mixture": {"components": parts, "collapsed": False, "front": None, "full": {}},
            "best": {"epoch": 1, "ap": 60 + number},
        }

    data = {"source": "synthetic", "task": "pose", "train_digest": "c" * 64, "val_digest": "d" * 64, "input_size": 64}
    data |= {"train_objects": 96, "val_objects": 24}
    return {
        "schema": 1,
        "kind": "detection",
        "variant": "pose_mdn_2",
        "preset": preset,
        "parameters": 1234,
        "data": data | {"train_images": 96, "val_images": 24},
        "training": {"epochs": 2, "epochs_stated": 50, "steps": 40, "date": "2026-11-20"},
        "seeds": [seed(0), seed(1)],
    }


def history(offset: float) -> str:
    """The history of 40 steps. Test errors are only at the ends of the two epochs."""
    rows = ["epoch,step,learning_rate,loss,test_mpjpe,test_loss"]
    for step in range(2, 41, 2):
        tests = f"{offset + 50 / step},{1 / step}" if step % 20 == 0 else ","
        rows.append(f"{step / 20},{step},{1e-3 / step},{offset + 1 / 3 / step},{tests}")
    return "\n".join(rows) + "\n"


def environment() -> dict[str, Any]:
    return {
        "started": STARTED,
        "finished": FINISHED,
        "seconds": 1234.5,
        "device": "cpu",
        "git_commit": "0123456789abcdef0123456789abcdef01234567-dirty",
        "steps": 40,
        "epochs": 2,
        "poses": 2560,
        "poses_per_second": 2.1,
        "resumed": 1,
        "peak_memory_mb": 300.0,
        "fingerprint": "f",
    }


def metrics(preset: str, variant: str, mixture: bool) -> dict[str, Any]:
    def errors(base: float) -> dict[str, Any]:
        per_action = {"Walking": base - 1, "Sitting Down & Up": base + 1}
        return {"action_average": base, "frame_average": base + 0.5, "per_action": per_action, "per_joint": {"Hip": 0}}

    def seed(number: int) -> dict[str, Any]:
        names = ("mean", "highest", "oracle") if mixture else ("point",)
        predictions = {
            name: {"mpjpe": errors(60 + 10 * place + number), "p_mpjpe": errors(40 + 10 * place + number)}
            for place, name in enumerate(names)
        }
        found = {"kernels": 2, "nll": -31.5, "calibration": {"0.1": 0.09}, "mean_weights": [0.75, 0.25]}
        found |= {"collapsed": False, "components_used": {"mean_effective": 1.8, "over_5_percent_on_average": 2.0}}
        return {
            "seed": number,
            "predictions": predictions,
            "mixture": found if mixture else None,
            "loss": {"train": 0.25, "test": 0.5},
            "best_on_test": {"epoch": 1, "selected_by": "mpjpe", "mpjpe": 55.5, "p_mpjpe": 44.5},
        }

    return {
        "schema": 1,
        "variant": variant,
        "preset": preset,
        "parameters": 440357,
        "data": {
            "source": "synthetic",
            "train_digest": "a" * 64,
            "test_digest": "b" * 64,
            "train_poses": 1280,
            "test_poses": 320,
            "actions": ["Walking", "Sitting Down & Up"],
        },
        "training": {"epochs": 2, "epochs_stated": 30, "steps": 40, "date": "2026-11-20"},
        "seeds": [seed(0), seed(1)],
    }


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = artifacts.read_json(path)
    change(content)
    artifacts.write_json(path, content)
