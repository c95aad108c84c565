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

from pipeline import artifacts, config, records
from pipeline.artifacts import InputError
from pipeline.layout import Layout
from pipeline.records import Experiment, Record

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout("demo", finished_runs.make(tmp_path))


def find(layout: Layout, preset: str = "demo") -> dict[tuple[str, str], Record]:
    found = experiments(layout, preset).values()
    return {(record.experiment, record.name): record for experiment in found for record in experiment.records}


def experiments(layout: Layout, preset: str = "demo") -> dict[str, Experiment]:
    return {experiment.name: experiment for experiment in records.find(config.load(preset, layout.root))}


def test_a_record_for_every_trained_variant_and_seed(layout: Layout) -> None:
    assert list(find(layout)) == [
        ("semgcn", "results (demo)"),
        ("semgcn", "semgcn (demo)"),
        ("semgcn", "seed 0 of semgcn (demo)"),
        ("semgcn", "seed 1 of semgcn (demo)"),
        ("graphmdn", "results (demo)"),
        ("graphmdn", "graphmdn (demo)"),
        ("graphmdn", "seed 0 of graphmdn (demo)"),
        ("graphmdn", "seed 1 of graphmdn (demo)"),  # not graphmdn_wide, which this preset leaves out
    ]


def test_seeds_are_below_their_variant(layout: Layout) -> None:
    found = find(layout)
    variant = found["graphmdn", "graphmdn (demo)"]
    assert variant.parent is None and len(variant.histories) == 2
    for seed in (0, 1):
        assert found["graphmdn", f"seed {seed} of graphmdn (demo)"].parent == variant.place


def test_what_is_not_finished_is_left_out(layout: Layout) -> None:
    layout.metrics("semgcn").unlink()
    assert {name for _, name in find(layout)} == {
        "graphmdn (demo)",
        "seed 0 of graphmdn (demo)",
        "seed 1 of graphmdn (demo)",
        "results (demo)",
    }
    assert find(layout, "mini") == {}


def test_numbers_of_a_seed(layout: Layout) -> None:
    """They have the names of tables and claims, in groups; one number is one metric."""
    found = find(layout)
    point = found["semgcn", "seed 1 of semgcn (demo)"].metrics
    assert (point["test/P1"], point["test/P2"], point["test/P1_frames"]) == (61, 41, 61.5)
    assert point["test/by_action/P1/Walking"] == 60
    assert point["test/by_action/P1/Sitting Down _ Up"] == 62  # MLflow refuses the ampersand
    assert (point["best_on_test/P1"], point["best_on_test/P2"], point["best_on_test/epoch"]) == (55.5, 44.5, 1)
    assert point["cost/parameters"] == 440357 and point["cost/seconds"] == 1234.5
    mixture = found["graphmdn", "seed 0 of graphmdn (demo)"].metrics
    assert [mixture[f"test/{name}P1"] for name in ("", "highest/", "oracle/")] == [60, 70, 80]
    assert "test/oracle/P1" not in point
    groups = {name.partition("/")[0] for one in (point, mixture) for name in one}
    assert groups == {"test", "best_on_test", "cost"}


def test_numbers_of_a_variant(layout: Layout) -> None:
    """Mean, standard deviation, what the paper prints, and the difference, by hand: P1 is 60 and 61."""
    found = find(layout)["semgcn", "semgcn (demo)"]
    assert found.metrics["test/P1"] == 60.5 and found.metrics["sd/P1"] == pytest.approx(0.5**0.5)
    assert found.metrics["paper/P1"] == 43.8  # SemGCN, Table 1: Ours (SemGCN)
    assert found.metrics["difference/P1"] == pytest.approx(60.5 - 43.8)
    assert "paper/P2" not in found.metrics  # it prints none
    assert found.metrics["test/by_action/P1/Walking"] == 59.5
    assert found.tags["seeds"] == "2" and "semgcn_table1" in found.tags["table"]
    assert "SemGCN" in found.tags["row"] and found.tags["status"] == "2 of 30 epochs"
    assert found.tags["input"] == "ground_truth" and "components used" not in found.tags
    mixture = find(layout)["graphmdn", "graphmdn (demo)"]
    assert mixture.metrics["paper/P1"] == 38.7  # GraphMDN, Table 1: Ours (Mean)
    assert mixture.tags["components used"] == "2.0 of 2"


def test_what_a_paper_says_of_itself(layout: Layout) -> None:
    claims = [
        {"id": "SG-1", "paper": "semgcn", "text": "It is small.", "state": "held"},
        {"id": "GM-1", "paper": "graphmdn", "text": "It is large.", "state": "not run"},
    ]
    artifacts.write_json(layout.claims, {"claims": claims})
    found = experiments(layout)["semgcn"]
    assert "| SemGCN | 60.5 ± 0.7 | 43.8 | 40.5 ± 0.7 | - | - | - | 2 |" in found.description
    assert "| SG-1 | It is small. | ✓ held |" in found.description and "GM-1" not in found.description
    assert "snakemake --config preset=demo" in found.description and "semgcn_table1" in found.description
    assert found.columns[:4] == ("metrics.test/P1", "metrics.sd/P1", "metrics.paper/P1", "metrics.difference/P1")
    assert found.curves[:2] == ("train/loss", "test/by_epoch/mpjpe")


def test_a_long_description_is_cut_at_a_line(layout: Layout) -> None:
    """MLflow takes 20,000 characters."""
    one = {"paper": "semgcn", "text": "a word " * 30, "state": "held"}
    artifacts.write_json(layout.claims, {"claims": [one | {"id": f"SG-{number}"} for number in range(200)]})
    description = experiments(layout)["semgcn"].description
    assert 17_000 < len(description) < 20_000 and description.endswith(
        "The rest is in the run `results`, in claims.md."
    )


def test_models_are_the_best_seeds(layout: Layout) -> None:
    (model,) = experiments(layout)["graphmdn"].models
    assert (model.name, model.alias, model.training["seed"]) == ("graphmdn-demo", "best", "0")  # P1 60, not 61
    assert model.checkpoint == layout.checkpoint("graphmdn", 0) and model.joints == 16
    assert "| P1 | 60.0 | 60.5 | 38.7 |" in model.card and "Licence" in model.card and "Not for" in model.card


def test_parameters_tags_and_data(layout: Layout) -> None:
    record = find(layout)["semgcn", "seed 1 of semgcn (demo)"]
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
    finished_runs.write(layout.results / "report" / "index.html", "<html>")

    def names(paper: str) -> set[tuple[str, str]]:
        return {(folder, file.name) for folder, file in find(layout)[paper, "results (demo)"].files}

    shared = {("", "claims.md"), ("figures", "overview.png"), ("report", "index.html")}
    assert names("graphmdn") == shared | {("tables", "graphmdn_table_1.md")}
    assert names("semgcn") == shared | {("tables", "semgcn_table_1.md"), ("figures", "semgcn_figure_7.png")}
    assert [image.name for image in find(layout)["semgcn", "results (demo)"].images] == ["semgcn_figure_7.png"]


def test_the_history_of_a_training(layout: Layout) -> None:
    rows = ["epoch,step,learning_rate,loss,test_mpjpe", "0.5,10,0.25,3,", "2.0,40,0.125,2,50"]
    finished_runs.write(layout.history("semgcn", 0), "\n".join(rows))
    assert list(find(layout)["semgcn", "seed 0 of semgcn (demo)"].history()) == [
        ("train/epoch", 0.5, 10, 0.25),  # step 10 of 40: a quarter of the training
        ("train/learning_rate", 0.25, 10, 0.25),
        ("train/loss", 3.0, 10, 0.25),
        ("train/epoch", 2.0, 40, 1.0),
        ("train/learning_rate", 0.125, 40, 1.0),
        ("train/loss", 2.0, 40, 1.0),
        ("test/by_epoch/mpjpe", 50.0, 40, 1.0),
    ]


def test_the_curves_of_a_variant_are_means_over_its_seeds(layout: Layout) -> None:
    """At the steps that all seeds have; by hand."""
    finished_runs.write(layout.history("semgcn", 0), "epoch,step,loss\n0.5,10,3\n2.0,40,2\n")
    finished_runs.write(layout.history("semgcn", 1), "epoch,step,loss\n0.5,10,5\n1.0,20,4\n2.0,40,1\n")
    history = find(layout)["semgcn", "semgcn (demo)"].history()
    losses = {step: value for name, value, step, _ in history if name == "train/loss"}
    assert losses == {10: 4.0, 40: 1.5}


def test_the_digest_covers_everything(layout: Layout) -> None:
    """A record that differs in any respect has another digest; an equal one has the same."""
    record = find(layout)["semgcn", "seed 0 of semgcn (demo)"]
    changes: dict[str, Any] = {
        "name": "other",
        "tags": record.tags | {"git_commit": "other"},
        "parameters": record.parameters | {"epochs": "7"},
        "metrics": record.metrics | {"test/loss": 0.125},
        "parent": None,
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
    assert find(layout)["semgcn", "seed 0 of semgcn (demo)"].digest() == record.digest() not in digests


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
        "results (demo)",
        "pose_mdn_2 (demo)",
        "seed 0 of pose_mdn_2 (demo)",
        "seed 1 of pose_mdn_2 (demo)",
    ]
    record = found["mdn_offset", "seed 1 of pose_mdn_2 (demo)"]
    assert record.place == {"kind": "training", "preset": "demo", "variant": "pose_mdn_2", "seed": "1"}
    assert [(place, file.relative_to(detection.root).as_posix()) for place, file in record.files] == [
        ("", "data/demo/train_detection/pose_mdn_2/seed_1/checkpoint.pt"),
        ("", "data/demo/train_detection/pose_mdn_2/seed_1/history.csv"),
        ("", "data/demo/train_detection/pose_mdn_2/seed_1/environment.json"),
        ("metrics", "results/demo/metrics/pose_mdn_2.json"),
    ]
    note = "SmallHG, MDN_2, seed 1: 2 epochs (50 are stated), 96 synthetic images"
    assert record.tags["mlflow.note.content"] == note
    assert (record.tags["train_digest"], record.tags["val_digest"]) == ("c" * 64, "d" * 64)
    assert "test_digest" not in record.tags and record.steps == 40


def test_numbers_of_a_detection_training(detection: Layout) -> None:
    record = find(detection)["mdn_offset", "seed 1 of pose_mdn_2 (demo)"]
    found = record.metrics
    assert (found["test/AP"], found["test/AP50"], found["test/AP75"], found["test/AR"]) == (51, 81, 25.5, 56)
    assert found["best_on_test/epoch"] == 1
    assert (found["cost/images"], found["cost/images_per_second"]) == (192, 3.5)
    assert record.tags["components used"] == "2 of 2" and record.tags["input"] == "images, pose"
    variant = find(detection)["mdn_offset", "pose_mdn_2 (demo)"].metrics
    assert variant["test/AP"] == 50.5 and variant["sd/AP"] == pytest.approx(0.5**0.5)
    experiment = experiments(detection)["mdn_offset"]
    assert experiment.columns[0] == "metrics.test/AP" and "test/by_epoch/ap" in experiment.curves
    assert not experiment.models


def test_parameters_and_data_of_a_detection_training(detection: Layout) -> None:
    record = find(detection)["mdn_offset", "seed 0 of pose_mdn_2 (demo)"]
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
    lifting = find(detection)["semgcn", "seed 0 of semgcn (demo)"].parameters
    assert not any(name.startswith(("preset.images", "preset.detection")) for name in lifting)
    train, val = record.datasets
    assert (train.name, train.context, train.digest) == ("demo synthetic pose train", "training", "c" * 64)
    assert (val.name, val.context, val.digest) == ("demo synthetic pose val", "validation", "d" * 64)
    assert train.source == '{"uri": "data/demo/images/pose/train.json"}' and val.profile == '{"num_rows": 24}'


def test_the_history_of_a_detection_training(detection: Layout) -> None:
    history = list(find(detection)["mdn_offset", "seed 0 of pose_mdn_2 (demo)"].history())
    assert ("test/by_epoch/ap", 12.5, 40, 1.0) in history and ("train/loss", 3.0, 20, 0.5) in history
    assert sum(name == "test/by_epoch/ap" for name, *_ in history) == 1


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
