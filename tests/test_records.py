"""pipeline/records.py: what it reads from the stages' files, and its messages about damaged ones."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import finished_runs
import pytest

from pipeline import config, records
from pipeline.artifacts import InputError
from pipeline.layout import Layout
from pipeline.records import Record

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout("demo", finished_runs.make(tmp_path))


def find(layout: Layout, preset: str = "demo") -> dict[tuple[str, str], Record]:
    found = records.find(config.load(preset, layout.root))
    return {(record.experiment, record.name): record for record in found}


def test_a_record_for_every_trained_variant_and_seed(layout: Layout) -> None:
    assert list(find(layout)) == [
        ("semgcn", "semgcn seed 0 (demo)"),
        ("semgcn", "semgcn seed 1 (demo)"),
        ("graphmdn", "graphmdn seed 0 (demo)"),
        ("graphmdn", "graphmdn seed 1 (demo)"),  # not graphmdn_wide, which this preset leaves out
        ("semgcn", "results (demo)"),
        ("graphmdn", "results (demo)"),
    ]


def test_what_is_not_finished_is_left_out(layout: Layout) -> None:
    layout.metrics("semgcn").unlink()
    assert {name for _, name in find(layout)} == {"graphmdn seed 0 (demo)", "graphmdn seed 1 (demo)", "results (demo)"}
    assert find(layout, "mini") == {}


def test_final_metrics(layout: Layout) -> None:
    found = find(layout)
    point = found["semgcn", "semgcn seed 1 (demo)"].metrics
    errors = [point[f"predictions/point/{name}/action_average"] for name in ("mpjpe", "p_mpjpe")]
    assert errors == [61, 41]
    assert point["predictions/point/mpjpe/frame_average"] == 61.5
    assert point["predictions/point/mpjpe/per_action/Walking"] == 60
    assert point["predictions/point/mpjpe/per_action/Sitting Down _ Up"] == 62  # MLflow refuses the ampersand
    assert (point["loss/train"], point["loss/test"]) == (0.25, 0.5)
    assert (point["P1"], point["P2"], point["P1_frames"]) == (61, 41, 61.5)  # as tables and claims call them
    assert point["best_on_test/mpjpe"] == 55.5 and point["parameters"] == 440357
    assert "seed" not in point and not any(name.startswith("mixture") for name in point)
    mixture = found["graphmdn", "graphmdn seed 0 (demo)"].metrics
    names = ("mean", "highest", "oracle")
    assert [mixture[f"predictions/{name}/mpjpe/action_average"] for name in names] == [60, 70, 80]
    assert mixture["mixture/nll"] == -31.5 and mixture["mixture/calibration/0.1"] == 0.09
    assert mixture["mixture/mean_weights/1"] == 0.25
    assert mixture["training/seconds"] == 1234.5 and mixture["training/resumed"] == 1


def test_parameters_tags_and_data(layout: Layout) -> None:
    record = find(layout)["semgcn", "semgcn seed 1 (demo)"]
    expected = {
        "seed": "1",
        "epochs": "2",
        "epochs_stated": "30",
        "model.channels": "128",
        "head.name": "point",
        "schedule.kind": "step",
        "schedule.every_epochs": "4.1",
        "optimizer.max_weight_norm": "null",
        "preset.motion.source": "synthetic",
        "preset.motion.frames_per_second": "5.0",
    }
    assert {name: record.parameters.get(name) for name in expected} == expected
    assert record.tags["git_commit"].endswith("4567-dirty")
    assert record.tags["mlflow.source.git.commit"] == "0123456789abcdef0123456789abcdef01234567"
    assert record.tags["train_digest"] == "a" * 64 and record.tags["test_digest"] == "b" * 64


def test_tables_and_figures_go_to_their_paper(layout: Layout) -> None:
    def names(paper: str) -> set[tuple[str, str]]:
        return {(folder, file.name) for folder, file in find(layout)[paper, "results (demo)"].files}

    shared = {("", "claims.md"), ("figures", "overview.png")}
    assert names("graphmdn") == shared | {("tables", "graphmdn_table_1.md")}
    assert names("semgcn") == shared | {("tables", "semgcn_table_1.md"), ("figures", "semgcn_figure_7.png")}


def test_the_history_of_a_training(layout: Layout) -> None:
    rows = ["epoch,step,learning_rate,loss,test_mpjpe", "0.5,10,0.25,3,", "2.0,40,0.125,2,50"]
    finished_runs.write(layout.history("semgcn", 0), "\n".join(rows))
    assert list(find(layout)["semgcn", "semgcn seed 0 (demo)"].history()) == [
        ("history/epoch", 0.5, 10, 0.25),  # step 10 of 40: a quarter of the training
        ("history/learning_rate", 0.25, 10, 0.25),
        ("history/loss", 3.0, 10, 0.25),
        ("history/epoch", 2.0, 40, 1.0),
        ("history/learning_rate", 0.125, 40, 1.0),
        ("history/loss", 2.0, 40, 1.0),
        ("history/test_mpjpe", 50.0, 40, 1.0),
    ]


def test_the_digest_covers_everything(layout: Layout) -> None:
    """A record that differs in any respect has another digest; an equal one has the same."""
    record = find(layout)["semgcn", "semgcn seed 0 (demo)"]
    changes: dict[str, Any] = {
        "name": "other",
        "tags": record.tags | {"git_commit": "other"},
        "parameters": record.parameters | {"epochs": "7"},
        "metrics": record.metrics | {"loss/test": 0.125},
        "datasets": record.datasets[:1],
        "files": record.files[1:],
        "started": 0.0,
        "finished": 0.0,
    }
    digests = {dataclasses.replace(record, **{name: value}).digest() for name, value in changes.items()}
    finished_runs.write(layout.history("semgcn", 0), "epoch,step\n")
    digests.add(record.digest())
    assert len(digests) == len(changes) + 1
    finished_runs.write(layout.history("semgcn", 0), finished_runs.history(0))
    assert find(layout)["semgcn", "semgcn seed 0 (demo)"].digest() == record.digest() not in digests


# --- a detection variant ----------------------------------------------------------------------------------------------


@pytest.fixture
def detection(layout: Layout) -> Layout:
    """The same repository with two detection variants, of which pose_mdn_2 was trained and measured."""
    finished_runs.write(layout.root / "params.yaml", finished_runs.PARAMS + finished_runs.DETECTION_PARAMS)
    finished_runs.train_detection(layout.root, "demo")
    return config.load("demo", layout.root).layout


def test_a_detection_training_is_a_record_like_any_other(detection: Layout) -> None:
    found = find(detection)
    assert [name for paper, name in found if paper == "mdn_offset"] == [
        "pose_mdn_2 seed 0 (demo)",
        "pose_mdn_2 seed 1 (demo)",
        "results (demo)",
    ]
    record = found["mdn_offset", "pose_mdn_2 seed 1 (demo)"]
    assert record.place == {"kind": "training", "preset": "demo", "variant": "pose_mdn_2", "seed": "1"}
    assert [(place, file.relative_to(detection.root).as_posix()) for place, file in record.files] == [
        ("", "data/demo/train_detection/pose_mdn_2/seed_1/checkpoint.pt"),
        ("", "data/demo/train_detection/pose_mdn_2/seed_1/history.csv"),
        ("", "data/demo/train_detection/pose_mdn_2/seed_1/environment.json"),
        ("metrics", "results/demo/metrics/pose_mdn_2.json"),
    ]
    note = "SmallHG, MDN_2: 2 of the 50 epochs that the variant states, 96 synthetic images"
    assert record.tags["mlflow.note.content"] == note
    assert (record.tags["train_digest"], record.tags["val_digest"]) == ("c" * 64, "d" * 64)
    assert "test_digest" not in record.tags and record.steps == 40


def test_final_metrics_of_a_detection_training(detection: Layout) -> None:
    found = find(detection)["mdn_offset", "pose_mdn_2 seed 1 (demo)"].metrics
    assert (found["modes/plain/ap"], found["modes/flip/ap"], found["modes/plain/ap_50"]) == (51, 56, 81)
    assert (found["AP"], found["AP50"], found["AR"]) == (51, 81, 56)
    assert found["training_images/plain/ap"] == 91 and found["groups/legs"] == 41
    assert found["mixture/components/1/share"] == 25 and found["mixture/components/0/only/all/ap"] == 31
    assert "modes/plain/ap_small" not in found  # None is no number
    assert (found["best/epoch"], found["best/ap"]) == (1, 61)
    assert (found["training/images"], found["training/images_per_second"]) == (192, 3.5)
    assert found["parameters"] == 1234 and "training/poses" not in found


def test_parameters_and_data_of_a_detection_training(detection: Layout) -> None:
    record = find(detection)["mdn_offset", "pose_mdn_2 seed 0 (demo)"]
    expected = {
        "task": "pose",
        "epochs": "2",
        "epochs_stated": "50",
        "head.components": "2",
        "loss.regression": "0.1",
        "preset.images.source": "synthetic",
        "preset.images.pose.train": "96",
        "preset.detection.validate_every": "1",
        "preset.threads": "1",
    }
    assert {name: record.parameters.get(name) for name in expected} == expected
    assert not any(name.startswith("preset.motion") for name in record.parameters)
    lifting = find(detection)["semgcn", "semgcn seed 0 (demo)"].parameters
    assert not any(name.startswith(("preset.images", "preset.detection")) for name in lifting)
    train, val = record.datasets
    assert (train.name, train.context, train.digest) == ("demo synthetic pose train", "training", "c" * 64)
    assert (val.name, val.context, val.digest) == ("demo synthetic pose val", "validation", "d" * 64)
    assert train.source == '{"uri": "data/demo/images/pose/train.json"}' and val.profile == '{"num_rows": 24}'


def test_the_history_of_a_detection_training(detection: Layout) -> None:
    history = list(find(detection)["mdn_offset", "pose_mdn_2 seed 0 (demo)"].history())
    assert ("history/val_ap", 12.5, 40, 1.0) in history and ("history/loss", 3.0, 20, 0.5) in history
    assert sum(name == "history/val_ap" for name, *_ in history) == 1


def test_damaged_files_of_a_detection_training_are_named(detection: Layout) -> None:
    detection.checkpoint("pose_mdn_2", 1).unlink()
    with pytest.raises(
        InputError, match=r"seed_1/checkpoint\.pt: missing, .*; run train_detection for pose_mdn_2 again"
    ):
        find(detection)
    finished_runs.edit(detection.metrics("pose_mdn_2"), lambda content: content["seeds"][0].pop("modes"))
    with pytest.raises(
        InputError,
        match=r"pose_mdn_2\.json: seeds\.0\.modes: is missing; run .*evaluate_detection --variant pose_mdn_2",
    ):
        find(detection)


def remove_checkpoint(layout: Layout) -> None:
    layout.checkpoint("semgcn", 1).unlink()


def damage_history(layout: Layout) -> None:
    finished_runs.write(layout.history("semgcn", 1), "epoch,step,loss\n0.1,2,0.5\n0.2,4,much\n")


def shorten_history(layout: Layout) -> None:
    finished_runs.write(layout.history("semgcn", 1), "epoch,step,loss\n0.1,2,0.5\n0.2\n")


def damage_metrics(layout: Layout) -> None:
    finished_runs.edit(layout.metrics("semgcn"), lambda content: content["seeds"][1].pop("predictions"))


def damage_time(layout: Layout) -> None:
    finished_runs.edit(layout.environment("semgcn", 1), lambda content: content.update(started="yesterday"))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (remove_checkpoint, ["seed_1/checkpoint.pt: missing", "train_lifting"]),
        (damage_history, ["seed_1/history.csv: line 3", "much"]),
        (shorten_history, ["seed_1/history.csv: line 3"]),
        (damage_metrics, ["metrics/semgcn.json: seeds.1.predictions: is missing", "evaluate_lifting"]),
        (damage_time, ["yesterday", "seed_1/environment.json", "train_lifting"]),
    ],
)
def test_damaged_files_are_named(layout: Layout, damage: Callable[[Layout], None], words: list[str]) -> None:
    damage(layout)
    with pytest.raises(InputError) as caught:
        for record in find(layout).values():
            list(record.history())
    message = str(caught.value)
    assert "\n" not in message and all(word in message for word in words), message


def test_mlflow_is_imported_only_when_something_is_published() -> None:
    probe = "import sys, pipeline.stages.publish; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], cwd=REPOSITORY).returncode == 0
