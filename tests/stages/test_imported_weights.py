"""A variant whose weights were trained elsewhere: it is measured as any other, from exactly the file that is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import planned
import pytest
import torch
from repository import replace_in

from pipeline import artifacts, config
from pipeline.lifting.checkpoints import load_model, save_model, seeded_model

VARIANT = "semgcn_authors"
HEAD = f"  {VARIANT}:\n    paper: semgcn\n    title: SemGCN, authors' weights\n    epochs: 30\n"
HEAD += "    input: ground_truth\n    targets: joints\n    imported: true\n"


def import_weights(folder: Path) -> Path:
    """Random weights as import_checkpoint would leave them, named in params.yaml."""
    variant = config.load("tiny").variant(VARIANT)
    model = seeded_model(variant, 11)
    save_model(folder / "imported.pt", VARIANT, variant, 0, 30, model.state_dict())
    digest = artifacts.digest(folder / "imported.pt")
    path = folder / "data" / "imported" / f"{digest}.pt"
    path.parent.mkdir(parents=True)
    (folder / "imported.pt").rename(path)
    replace_in(folder / "params.yaml", f"{HEAD}    weights:\n", f"{HEAD}    weights: {digest}\n")
    return path


def test_imported_weights_are_measured_as_they_are(folder: Path) -> None:
    path = import_weights(folder)
    metrics = planned.measure("lifting", VARIANT)
    assert [entry["seed"] for entry in metrics["seeds"]] == [0]  # one set of weights
    imported = load_model(path)
    made = load_model(f"data/tiny/train_lifting/{VARIANT}/seed_0/checkpoint.pt")
    for name, values in imported.model.state_dict().items():
        assert torch.equal(values, made.model.state_dict()[name]), name
    assert made.epoch == 30
    test = np.load("data/tiny/motion/ground_truth/test.npz")
    keep = [joint for joint in range(17) if joint != 9]
    heights = torch.tensor([1002.0, 1000.0, 1000.0, 1002.0])[torch.from_numpy(test["camera"]).long(), None]
    poses = imported.predict(torch.from_numpy(test["keypoints_2d"]), 1000.0, heights)  # type: ignore[arg-type]
    truth = test["joints_3d"][:, keep] - test["joints_3d"][:, :1]
    errors = np.linalg.norm(poses.detach().numpy() - truth, axis=-1)
    found = metrics["seeds"][0]["predictions"]["point"]["mpjpe"]
    assert found["frame_average"] == pytest.approx(errors.mean(), rel=1e-4)
    assert metrics["training"]["epochs"] == metrics["training"]["epochs_stated"] == 30  # not the preset's 2
    assert metrics["training"]["steps"] == 0
    assert metrics["seeds"][0]["best_on_test"]["epoch"] == 30
    assert metrics["seeds"][0]["running_statistics"] is None  # its statistics are the authors', and stay
    assert metrics["seeds"][0]["non_local"]["layers"] == 5


def test_without_weights_it_is_no_job_and_says_how_to_get_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = "not run: no imported weights: `python -m pipeline import_checkpoint --help`"
    assert fails(capsys).startswith(f"error: train_lifting --variant {VARIANT}: {reason}")
    assert not Path("data/tiny/train_lifting").exists()


def fails(capsys: pytest.CaptureFixture[str]) -> str:
    assert planned.stage("train_lifting", "--variant", VARIANT, "--seed", "0") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_weights_that_are_not_there_are_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = import_weights(folder)
    path.unlink()
    error = fails(capsys)
    assert f"data/imported/{path.stem}.pt: missing" in error and "import_checkpoint` again" in error
    assert f"lifting_variants.{VARIANT}.weights names it" in error


def test_weights_that_were_changed_are_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = import_weights(folder)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    error = fails(capsys)
    assert f"data/imported/{path.stem}.pt: is not what it was" in error and "or write `weights: null`" in error


def test_weights_of_another_network_are_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = import_weights(folder).stem
    settings = config.load("tiny").variant(VARIANT)
    narrow = settings.model_copy(update={"model": settings.model.model_copy(update={"channels": 64})})
    path = folder / "narrow.pt"
    save_model(path, VARIANT, narrow, 0, 30, seeded_model(narrow, 0).state_dict())
    digest = artifacts.digest(path)
    path.rename(folder / "data" / "imported" / f"{digest}.pt")
    replace_in(folder / "params.yaml", before, digest)
    assert f"{digest}.pt: not the weights of {VARIANT}: " in fails(capsys)
