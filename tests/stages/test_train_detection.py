"""Stage train_detection on a few rendered images: complete folders, equal bytes, stopped runs, reasons and mistakes."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import detection_folder
import planned
import pytest
import torch
from repository import ROOT, replace_in

from pipeline import artifacts, config, seeds
from pipeline.artifacts import InputError
from pipeline.config import made
from pipeline.detection import train as detection_training
from pipeline.detection.checkpoints import load_model, save_model, seeded_model
from pipeline.detection.task import DetectionTask
from pipeline.training import checkpoint
from pipeline.training.loop import LoopSettings, Resume
from pipeline.training.readings import NotFiniteError

VARIANTS = ("pose_s_base", "pose_s_mdn_2", "boxes_l_mdn_3")
STEPS = detection_folder.TRAIN // 4


def train(variant: str, seed: int = 0) -> int:
    return planned.stage("train_detection", "--variant", variant, "--seed", str(seed))


def outputs(folder: Path, variant: str) -> dict[str, bytes]:
    """All that must be equal between equal runs: everything but where and when they ran."""
    made = folder / "data" / "tiny" / "train_detection" / variant
    return {
        str(path.relative_to(made)): path.read_bytes()
        for path in sorted(made.rglob("*"))
        if path.is_file() and path.name != "environment.json"
    }


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_training_leaves_a_whole_folder_and_the_same_bytes_twice(detection: Path, variant: str) -> None:
    assert train(variant) == 0
    first = outputs(detection, variant)
    assert set(first) == {f"seed_0/{name}" for name in ("checkpoint.pt", "best.pt", "history.csv")}
    run = config.load("tiny")
    rows = list(csv.DictReader(first["seed_0/history.csv"].decode().splitlines()))
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4] and float(rows[-1]["epoch"]) == 1
    for column in ("val_ap", "running_val_ap"):
        assert [bool(row[column]) for row in rows] == [False] * (STEPS - 1) + [True]
        assert 0 <= float(rows[-1][column]) <= 100
    record = artifacts.read_json(run.layout.environment(variant, 0))
    assert {"images", "images_per_second", "started", "finished", "device", "git_commit"} <= set(record)
    assert (record["steps"], record["epochs"], record["images"]) == (STEPS, 1, detection_folder.TRAIN)
    assert list((detection / ".resume" / "tiny" / variant).iterdir()) == []
    made = load_model(run.layout.checkpoint(variant, 0))
    assert (made.variant_name, made.epoch, made.input_size, made.sigma_factor) == (variant, 1, 64, 0.3)
    assert made.categories[0] == "person" and len(made.categories) == (4 if variant.startswith("boxes") else 1)
    shutil.rmtree(detection / "data" / "tiny" / "train_detection")
    assert train(variant) == 0
    assert outputs(detection, variant) == first


def test_seeds_differ_and_are_as_many_as_the_preset_grants(detection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    detection_folder.edit(detection, "seeds: 1\n", "seeds: 1\nseeds_of:\n  pose_s_base: 2\n")
    planned.train("detection", "pose_s_base", seeds=(0, 1))
    made = outputs(detection, "pose_s_base")
    assert made["seed_0/checkpoint.pt"] != made["seed_1/checkpoint.pt"]
    assert made["seed_0/history.csv"] != made["seed_1/history.csv"]
    assert train("pose_s_base", 2) == 2
    said = capsys.readouterr().err
    assert said == "error: train_detection --variant pose_s_base --seed 2: preset tiny has no such job\n"


@pytest.mark.parametrize("stop_at", [1, 3])
def test_a_training_stopped_in_the_middle_ends_with_the_same_bytes(
    detection: Path, monkeypatch: pytest.MonkeyPatch, stop_at: int
) -> None:
    variant = "pose_s_mdn_2"
    assert train(variant) == 0
    expected = outputs(detection, variant)
    shutil.rmtree(detection / "data" / "tiny" / "train_detection")
    whole, calls = DetectionTask.loss, 0

    def loss(task: DetectionTask, indices: torch.Tensor, done: float) -> dict[str, torch.Tensor]:
        nonlocal calls
        if calls == stop_at:
            raise SystemExit("killed")  # nothing of the loop runs after it, as after SIGKILL
        calls += 1
        return whole(task, indices, done)

    monkeypatch.setattr(DetectionTask, "loss", loss)
    with pytest.raises(SystemExit):
        train(variant)
    assert not (detection / "data" / "tiny" / "train_detection" / variant).exists()
    assert (detection / ".resume" / "tiny" / variant / "seed_0.state.pt").exists()
    monkeypatch.setattr(DetectionTask, "loss", whole)
    torch.rand(7)  # another process has other random numbers in store
    assert train(variant) == 0
    assert outputs(detection, variant) == expected
    record = artifacts.read_json(config.load("tiny").layout.environment(variant, 0))
    assert record["resumed"] == 1
    assert list((detection / ".resume" / "tiny" / variant).iterdir()) == []


@pytest.mark.slow
def test_killed_with_sigkill_it_ends_with_the_same_bytes(detection: Path) -> None:
    detection_folder.edit(detection, "    pose: 1\n", "    pose: 5\n")
    assert train("pose_s_base") == 0
    options = ["--preset", "tiny", "--variant", "pose_s_base", "--seed", "0"]
    command = [sys.executable, "-m", "pipeline", "train_detection", *options]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, cwd=detection, env=os.environ | {"PYTHONPATH": str(ROOT)})

    expected = outputs(detection, "pose_s_base")
    made = detection / "data" / "tiny" / "train_detection" / "pose_s_base"
    shutil.rmtree(made)
    state, killed = detection / ".resume" / "tiny" / "pose_s_base" / "seed_0.state.pt", 0
    for _ in range(2):
        process, before = start(), state.stat().st_mtime_ns if state.exists() else 0
        while process.poll() is None and (not state.exists() or state.stat().st_mtime_ns == before):
            time.sleep(0.005)
        if process.poll() is None and not made.exists():
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.wait()
    assert killed, "the run was never killed: nothing is tested"
    assert train("pose_s_base") == 0
    assert outputs(detection, "pose_s_base") == expected


def test_other_settings_code_or_images_begin_again(detection: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an unfinished run left is good for exactly the same run."""

    plan = Path("data/tiny/plan/train_detection/pose_s_base/seed_0.json")

    def fingerprint() -> str:
        planned.plan()
        return made.fingerprint(config.load("tiny"), "train_detection", "pose_s_base/seed_0")

    seen = [fingerprint()]
    monkeypatch.setenv("MIXPOSE_SAVE_EVERY_SECONDS", "5")
    detection_folder.edit(detection, "  test_scales:\n    - 3\n", "  test_scales:\n    - 5\n")
    assert fingerprint() == seen[0]  # neither changes the weights
    content = artifacts.read_json(plan)
    content["code"]["pipeline/training/loop.py"] = "of yesterday"
    artifacts.write_json(plan, content)
    seen.append(made.fingerprint(config.load("tiny"), "train_detection", "pose_s_base/seed_0"))
    for before, after in (
        ("learning_rate: 1.0e-3", "learning_rate: 2.0e-3"),
        ("    pose: 1\n", "    pose: 2\n"),
        ("threads: 1", "threads: 2"),
    ):
        detection_folder.edit(detection, before, after)
        seen.append(fingerprint())
    path = detection / "data/tiny/images/pose/train.json"
    content = json.loads(path.read_text())
    content["annotations"][0]["area"] += 1
    path.write_text(json.dumps(content))
    seen.append(fingerprint())
    assert len(set(seen)) == len(seen)


def test_a_variant_that_the_preset_leaves_out_is_no_job(detection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train("pose_l_base") == 2
    reason = "not run: preset tiny trains only those that it lists; see params/tiny.yaml"
    assert capsys.readouterr().err == f"error: train_detection --variant pose_l_base: {reason}\n"
    assert {path.name for path in Path("data/tiny/plan/train_detection").iterdir()} == set(VARIANTS)
    assert not (detection / "data/tiny/train_detection").exists()


def test_without_images_nothing_is_trained(detection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    detection_folder.set_images(detection, "images: null\n")
    assert train("boxes_l_mdn_3") == 2
    reason = "not run: preset tiny has no images; see params/tiny.yaml"
    assert capsys.readouterr().err == f"error: train_detection --variant boxes_l_mdn_3: {reason}\n"


def test_a_share_of_the_training_images(detection: Path) -> None:
    head = "  pose_s_base:\n"
    replace_in(detection / "params.yaml", head, f"{head}    training_share: 0.5\n")
    assert train("pose_s_base") == 0
    record = artifacts.read_json(detection / "data/tiny/train_detection/pose_s_base/seed_0/environment.json")
    assert (record["images"], record["steps"]) == (detection_folder.TRAIN // 2, STEPS // 2)


def test_schedules(detection: Path) -> None:
    """The preset's recipe overrides what the variant states."""
    run = config.load("tiny")
    assert detection_training.schedule(run, "pose_s_base").rate(0.5) == pytest.approx(0.5e-3)
    small = run.preset.detection.model_copy(update={"recipe": None})
    run = run.model_copy(update={"preset": run.preset.model_copy(update={"detection": small})})
    rates = [detection_training.schedule(run, "pose_s_base").rate(progress) for progress in (0, 0.79, 0.8, 1)]
    assert rates == pytest.approx([2.5e-4, 2.5e-4, 2.5e-5, 2.5e-5])


def test_the_loop_gets_what_the_preset_says(detection: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detection_folder.edit(detection, "    batch_size: 4\n", "    batch_size: 4\n    beta2: 0.95\n")
    detection_folder.edit(detection, "  test_scales:\n", "  validate_every: 2\n  test_scales:\n")
    monkeypatch.setenv("MIXPOSE_SAVE_EVERY_SECONDS", "7")
    detection_folder.edit(detection, "    boxes: 1\n", "    boxes: 3\n")
    given: list[tuple[LoopSettings, Resume]] = []

    def stop(task: DetectionTask, schedule: Any, settings: LoopSettings, resume: Resume, *more: Any) -> None:
        given.append((settings, resume))
        raise NotFiniteError("step 0")

    monkeypatch.setattr(seeds, "train", stop)
    assert train("boxes_l_mdn_3") == 2
    ((settings, resume),) = given
    assert (settings.epochs, settings.seed, settings.betas) == (3, 0, (0.9, 0.95))
    assert (settings.validate_every, resume.save_every_seconds) == (2, 7)


# --- mistakes ---------------------------------------------------------------------------------------------------------


def test_an_unknown_variant_is_one_line_and_no_work(detection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train("pose_s_bas") == 2
    said = capsys.readouterr().err
    assert said == "error: params.yaml: detection_variants has no 'pose_s_bas'; did you mean 'pose_s_base'?\n"
    assert train("semgcn") == 2  # a lifting variant is none of these
    assert capsys.readouterr().err.startswith("error: params.yaml: detection_variants has no 'semgcn'")
    assert not (detection / "data/tiny/train_detection").exists()


def test_images_without_anything_to_find_are_one_line(detection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for task, variant, what in (("pose", "pose_s_base", "keypoints"), ("boxes", "boxes_l_mdn_3", "object")):
        path = detection / "data/tiny/images" / task / "val.json"
        content: dict[str, Any] = json.loads(path.read_text()) | {"annotations": []}
        path.write_text(json.dumps(content))
        assert train(variant) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and f"val.json: annotations: no {what} to find on 8 images" in said


def test_damaged_images_are_one_line(detection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = detection / "data/tiny/images/pose/train.npz"
    path.write_bytes(path.read_bytes()[:1000])
    assert train("pose_s_base") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "images/pose/train.npz: not a readable npz" in said


def test_an_input_that_the_network_cannot_halve_is_one_line(
    detection: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deep = "\n".join(f"      - {width}" for width in 6 * (32,))
    detection_folder.edit(detection, "    widths:\n      - 32\n      - 32\n      - 32\n", f"    widths:\n{deep}\n")
    assert train("pose_s_base") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and said.startswith(
        "error: params/tiny.yaml: detection.input_size: 64 px, but the network"
    )
    assert "takes a multiple of 128" in said


def test_a_diverging_training_names_variant_step_and_rate(detection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    detection_folder.edit(detection, "learning_rate: 1.0e-3", "learning_rate: 1.0e+30")
    assert train("pose_s_mdn_2") == 2
    said = capsys.readouterr().err
    assert re.search(r"detection_variants\.pose_s_mdn_2: training stopped at step \d+: .* rate", said)


def test_a_damaged_state_of_a_stopped_training_is_one_line(detection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = detection / ".resume/tiny/pose_s_base/seed_0.state.pt"
    state.parent.mkdir(parents=True)
    state.write_bytes(b"half a file")
    assert train("pose_s_base") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "seed_0.state.pt: " in said


# --- imported weights -------------------------------------------------------------------------------------------------

AUTHORS = "pose_l_base_authors"


def test_imported_weights_that_are_not_there(detection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(AUTHORS) == 2
    reason = "not run: no imported weights: `python -m pipeline import_checkpoint --help`"
    assert capsys.readouterr().err.startswith(f"error: train_detection --variant {AUTHORS}: {reason}")
    text = (detection / "params.yaml").read_text()
    before, _, after = text.partition(f"  {AUTHORS}:\n")
    (detection / "params.yaml").write_text(
        f"{before}  {AUTHORS}:\n" + after.replace("weights:\n", f"weights: {'ab' * 32}\n", 1)
    )
    shutil.rmtree(detection / ".resume", ignore_errors=True)
    run = config.load("tiny")

    class Nothing:  # the network of 190 million parameters is not needed to miss a file
        device = "cpu"

    with pytest.raises(InputError) as caught:
        seeds.take_over(run, AUTHORS, Nothing(), load_model)  # type: ignore[arg-type]
    path = f"data/imported/{'ab' * 32}.pt"
    assert str(caught.value).startswith(
        f"{path}: missing, though params.yaml: detection_variants.{AUTHORS}.weights names"
    )
    assert "\n" not in str(caught.value) and "import_checkpoint" in str(caught.value)
    (detection / path).parent.mkdir(parents=True)
    (detection / path).write_bytes(b"other weights")
    with pytest.raises(InputError, match=r"\.pt: is not what it was, though"):
        seeds.take_over(run, AUTHORS, Nothing(), load_model)  # type: ignore[arg-type]


@pytest.fixture
def imported(detection: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The variant pose_s_base with weights from elsewhere, of a small network: the paper's would take minutes."""
    run = config.load("tiny")
    variant, networks = run.detection_variant("pose_s_base"), run.preset.detection.networks
    other = seeded_model(variant, 1, networks, 0.0, 5)
    settings = variant.model_copy(update={"imported": True, "input_size": 128})
    save_model(detection / "weights.pt", "pose_s_base", settings, ("person",), 0, 50, other.state_dict(), networks)
    digest = artifacts.digest(detection / "weights.pt")
    (detection / "data/imported").mkdir(parents=True)
    (detection / "weights.pt").rename(detection / f"data/imported/{digest}.pt")
    head = "  pose_s_base:\n"
    more = f"    imported: true\n    weights: {digest}\n    input_size: 128\n"
    replace_in(detection / "params.yaml", head, head + more)
    full = detection_training.seeded_model
    monkeypatch.setattr(
        detection_training,
        "seeded_model",
        lambda variant, categories, given, start, seed: full(variant, categories, networks, start, seed),
    )
    whole = detection_training.save_model

    def save(path: Path, *settings: Any) -> None:
        whole(path, *settings[:6], networks, *settings[7:])

    monkeypatch.setattr(detection_training, "save_model", save)
    return detection / f"data/imported/{digest}.pt"


def test_imported_weights_are_taken_as_they_are(imported: Path) -> None:
    assert train("pose_s_base") == 0
    made = load_model("data/tiny/train_detection/pose_s_base/seed_0/checkpoint.pt")
    given = checkpoint.load(imported)["model"]
    assert all(torch.equal(values, given[name]) for name, values in made.model.state_dict().items())
    assert (made.epoch, made.input_size, made.sigma_factor) == (50, 128, 1.0)  # its own, not the preset's
    record = artifacts.read_json(Path("data/tiny/train_detection/pose_s_base/seed_0/environment.json"))
    assert (record["epochs"], record["steps"]) == (50, 0)
    history = Path("data/tiny/train_detection/pose_s_base/seed_0/history.csv").read_text().splitlines()
    assert len(history) == 2 and history[0].endswith("val_ap")


def test_imported_weights_of_another_network_are_one_line(imported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = checkpoint.load(imported)
    content["networks"]["map_width"] = 6
    checkpoint.save(imported, content)
    digest = artifacts.digest(imported)
    imported.rename(imported.with_name(f"{digest}.pt"))
    replace_in(Path("params.yaml"), imported.stem, digest)
    assert train("pose_s_base") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and f"{digest}.pt: not the weights of pose_s_base: " in said
