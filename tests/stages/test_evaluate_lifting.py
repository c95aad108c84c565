"""From a trained variant to its metrics file, on random poses: the figures are checked against other ways to them."""

import numpy as np
import planned
import pytest
import small_lifting
import torch

from pipeline.lifting import evaluate
from pipeline.lifting.checkpoints import load_model


@pytest.fixture
def few(folder):
    """Poses for a few steps an epoch."""
    small_lifting.keep(train=300, test=100)
    return folder


def trained(variant: str) -> dict:
    return planned.measure("lifting", variant, seeds=(0, 1))


def test_the_mean_pose_scores_what_a_few_lines_of_numpy_give(folder):
    metrics = trained("mean_pose")
    train, test = (np.load(f"data/tiny/motion/ground_truth/{split}.npz") for split in ("train", "test"))
    keep = [joint for joint in range(17) if joint != 9]
    poses = {
        split: arrays["joints_3d"][:, keep] - arrays["joints_3d"][:, :1]
        for split, arrays in (("train", train), ("test", test))
    }
    errors = np.linalg.norm(poses["test"] - poses["train"].mean(axis=0), axis=-1).mean(axis=-1)
    by_action = {name: errors[test["action"] == i].mean() for i, name in enumerate(["Walking", "Sitting"])}
    found = metrics["seeds"][0]["predictions"]["point"]["mpjpe"]
    assert found["per_action"] == pytest.approx(by_action, rel=1e-5)
    assert found["action_average"] == pytest.approx(sum(by_action.values()) / 2, rel=1e-5)
    assert found["frame_average"] == pytest.approx(errors.mean(), rel=1e-5)
    assert metrics["parameters"] == 0
    assert (metrics["variant"], metrics["preset"]) == ("mean_pose", "tiny")
    assert [entry["seed"] for entry in metrics["seeds"]] == [0, 1]


def test_a_learned_model_is_measured_from_its_last_epoch_and_its_best_one_beside_it(few):
    metrics = trained("resgcn")
    for entry in metrics["seeds"]:
        history = np.genfromtxt(
            f"data/tiny/train_lifting/resgcn/seed_{entry['seed']}/history.csv", delimiter=",", names=True
        )
        at_epoch_ends = history["test_mpjpe"][~np.isnan(history["test_mpjpe"])]
        assert len(at_epoch_ends) == 2
        assert entry["predictions"]["point"]["mpjpe"]["action_average"] == pytest.approx(at_epoch_ends[-1], rel=1e-6)
        best = entry["best_on_test"]
        assert best["mpjpe"] == pytest.approx(at_epoch_ends.min(), rel=1e-6)
        assert best["epoch"] == 1 + at_epoch_ends.argmin() and best["selected_by"] == "mpjpe"
        assert entry["loss"]["test"] == pytest.approx(history["test_loss"][-1], rel=1e-5)
    assert metrics["training"] | {"date": ""} == {
        "epochs": 2, "epochs_stated": 50, "steps": 10, "poses": 600, "batch_size": 64, "date": "",
    }  # fmt: skip
    assert metrics["parameters"] == 135_171
    assert metrics["data"]["train_poses"] == 300 and metrics["data"]["subjects_test"] == ["S9"]


def test_a_mixture_leaves_examples_and_edge_weights_for_the_figures(few):
    small_lifting.narrow("graphmdn")
    metrics = trained("graphmdn")
    arrays = dict(np.load("data/tiny/evaluate_lifting/graphmdn.npz", allow_pickle=False))
    assert arrays["example_hypotheses"].shape == (2, 5, 16, 3)  # random poses have two actions
    assert np.allclose(arrays["example_weights"].sum(axis=1), 1)
    weights = arrays["seed_1/edge_weights"]
    assert weights.shape == (len(arrays["seed_1/edge_layers"]), 16, 16) and np.allclose(weights.sum(axis=-1), 1)
    assert not np.array_equal(weights, arrays["seed_0/edge_weights"])
    mixture = metrics["seeds"][0]["mixture"]
    assert mixture["kernels"] == 5 and sum(mixture["mean_weights"]) == pytest.approx(1)
    # The figure's hypotheses are the loaded model's own.
    model = load_model("data/tiny/train_lifting/graphmdn/seed_0/checkpoint.pt")
    means = model.output(torch.from_numpy(arrays["example_keypoints_2d"]), 1000.0, 1002.0).means
    assert means.shape == (2, 5, 16, 3)


def test_errors_with_the_checkpoints_own_statistics_stand_beside_the_renewed_ones(few):
    small_lifting.narrow("semgcn", "channels: 16")
    metrics = trained("semgcn")
    test = np.load("data/tiny/motion/ground_truth/test.npz")
    keep = [joint for joint in range(17) if joint != 9]
    truth = test["joints_3d"][:, keep] - test["joints_3d"][:, :1]
    heights = torch.tensor([1002.0, 1000.0, 1000.0, 1002.0])[torch.from_numpy(test["camera"]).long(), None]
    for entry in metrics["seeds"]:
        model = load_model(f"data/tiny/train_lifting/semgcn/seed_{entry['seed']}/checkpoint.pt")
        poses = model.predict(torch.from_numpy(test["keypoints_2d"]), 1000.0, heights).detach().numpy()
        errors = np.linalg.norm(poses - truth, axis=-1).mean(axis=-1)
        by_action = np.mean([errors[test["action"] == action].mean() for action in (0, 1)])
        running = entry["running_statistics"]
        assert set(running) == {"point", "calibrated"} and set(running["point"]) == {"mpjpe", "p_mpjpe"}
        assert running["point"]["mpjpe"] == pytest.approx(by_action, rel=1e-4)
        assert abs(entry["predictions"]["point"]["mpjpe"]["action_average"] - by_action) > 0.01
        layers = entry["non_local"]
        assert layers["layers"] == 5 and layers["dead"] == len(layers["names"]) <= 5
        assert set(layers["names"]) <= {"input_non_local", *(f"non_locals.{number}" for number in range(4))}


def test_a_network_without_batch_norms_or_non_local_layers_has_neither_number(few):
    for entry in trained("mean_pose")["seeds"]:
        assert (entry["running_statistics"], entry["non_local"]) == (None, None)
    for entry in trained("resgcn")["seeds"]:
        assert entry["running_statistics"] and entry["non_local"] is None


def test_an_evaluation_that_was_killed_repeats_bit_for_bit(few, monkeypatch):
    """And it leaves the checkpoints as training left them."""
    small_lifting.narrow("graphmdn")
    trained("graphmdn")
    checkpoints = {path: path.read_bytes() for path in few.glob("data/tiny/train_lifting/graphmdn/*/*.pt")}
    results = [few / "results/tiny/metrics/graphmdn.json", few / "data/tiny/evaluate_lifting/graphmdn.npz"]
    kept = [path.read_bytes() for path in results]
    for path in results:
        path.unlink()
    calls = []

    def kill(*arguments, **more):
        calls.append(arguments)
        if len(calls) == 2:  # after the first seed's statistics were renewed
            raise SystemExit("killed")
        return evaluate_errors(*arguments, **more)

    evaluate_errors = evaluate.evaluate
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(evaluate, "evaluate", kill)
        planned.stage("evaluate_lifting", "--variant", "graphmdn")
    assert not any(path.exists() for path in results)
    torch.manual_seed(99)  # another process has other random numbers in store
    assert planned.stage("evaluate_lifting", "--variant", "graphmdn") == 0
    assert [path.read_bytes() for path in results] == kept
    assert len(checkpoints) == 4 and all(path.read_bytes() == content for path, content in checkpoints.items())


def test_a_variant_outside_the_preset_is_not_measured(folder, capsys):
    preset = folder / "params" / "tiny.yaml"
    preset.write_text(preset.read_text().replace("variants: all", "variants: core"))
    assert planned.stage("evaluate_lifting", "--variant", "graphmdn_wide") == 2
    reason = "not run: preset tiny trains the core variants only; see params/tiny.yaml"
    assert capsys.readouterr().err == f"error: evaluate_lifting --variant graphmdn_wide: {reason}\n"
    assert not (folder / "results").exists()


def test_a_missing_checkpoint_names_file_and_remedy(folder, capsys):
    trained("mean_pose")
    (folder / "data/tiny/train_lifting/mean_pose/seed_1/checkpoint.pt").unlink()
    assert planned.stage("evaluate_lifting", "--variant", "mean_pose") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "seed_1/checkpoint.pt: missing; train the variant first" in error
