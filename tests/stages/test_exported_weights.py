"""`export_weights`: the weights that travel predict what the tables measured, and their card says what they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import planned
import pytest
import torch

from pipeline import artifacts
from pipeline.__main__ import main
from pipeline.lifting.checkpoints import load_model
from pipeline.predict import flags, weights

VARIANT = "graphmdn"
OPTIONS = ("--preset", "tiny", "--variant", VARIANT, "--seed", "0", "--name", "mine")


def test_exported_weights_have_renewed_statistics_and_a_card(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planned.train("lifting", VARIANT)
    assert main(["export_weights", *OPTIONS]) == 0
    assert "weights/mine.safetensors: " in capsys.readouterr().out
    model = weights.read(weights.find(folder, "mine"))
    trained = load_model(f"data/tiny/train_lifting/{VARIANT}/seed_0/checkpoint.pt").model.state_dict()
    for name, values in model.predictor.model.state_dict().items():
        statistics = name.endswith(("running_mean", "running_var", "num_batches_tracked"))
        assert torch.equal(values, trained[name]) != statistics, name
    test = np.load("data/tiny/motion/ground_truth/test.npz")
    heights = torch.tensor([1002.0, 1000.0, 1000.0, 1002.0])[torch.from_numpy(test["camera"]).long()]
    poses = model.predictor.predict(torch.from_numpy(test["keypoints_2d"]), 1000.0, heights)
    keep = [joint for joint in range(17) if joint != 9]
    truth = test["joints_3d"][:, keep] - test["joints_3d"][:, :1]
    errors = np.linalg.norm(poses.detach().numpy() - truth, axis=-1).mean(axis=-1)
    by_action = np.mean([errors[test["action"] == action].mean() for action in (0, 1)])
    card = artifacts.read_json(weights.card_of(model.path))
    assert card["test_errors_mm"]["mean"]["mpjpe"] == pytest.approx(by_action, rel=1e-4)
    assert card["sha256"] == artifacts.digest(model.path) and card["licence"].startswith("MIT")
    assert (card["name"], card["variant"], card["data"]["train_poses"]) == ("mine", VARIANT, 1200)
    assert flags.of_card(card, "card").keys() == flags.USUAL.keys()


def test_without_a_training_nothing_is_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export_weights", *OPTIONS]) == 2
    assert "checkpoint.pt: missing; train the variant first" in capsys.readouterr().err
    assert main(["export_weights", "--preset", "tiny", "--variant", "graphmd"]) == 2
    assert "--variant: no lifting variant 'graphmd'; did you mean 'graphmdn'?" in capsys.readouterr().err
    assert main(["export_weights", *OPTIONS, "--name", "../elsewhere"]) == 2
    assert "--name: '../elsewhere' is no name of a file" in capsys.readouterr().err
    assert not (folder / "weights").exists()
