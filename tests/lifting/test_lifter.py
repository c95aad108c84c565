"""`pipeline.load_model`: every shape that docs/api.md documents, on every network of params.yaml."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import mesh_files
import numpy as np
import pytest
import torch
from repository import ROOT

import pipeline
from pipeline import config
from pipeline.lifting.checkpoints import save_model, seeded_model
from pipeline.lifting.lifter import Lifter
from pipeline.predict import weights

RUN = config.load("demo", ROOT)
DRAWS_SAMPLES = ("variational_autoencoder_sh", "variational_autoencoder_cpn")
CLIPS = np.random.default_rng(0).uniform(0, 1000, (2, 5, 17, 2))


@pytest.fixture
def model(tmp_path: Path) -> Callable[[str], Lifter]:
    """A function from a variant's name to its network with random weights, read from a file."""

    def read(name: str) -> Lifter:
        variant = RUN.variant(name)
        graphs = mesh_files.graphs() if variant.targets == "meshes" else None
        state = seeded_model(variant, 0, graphs).state_dict()
        state = {key: values.nan_to_num() for key, values in state.items()}  # baselines that were not fitted have NaN
        save_model(tmp_path / "model.pt", name, variant, 0, 1, state, graphs)
        return pipeline.load_model(tmp_path / "model.pt")

    return read


@pytest.mark.parametrize("name", [name for name in RUN.lifting_variants if not RUN.variant(name).pixels])
def test_leading_dimensions_stay_and_the_poses_are_those_of_one_by_one(
    name: str, model: Callable[[str], Lifter]
) -> None:
    lifter = model(name)
    joints = lifter.skeleton.joint_count
    poses = lifter.predict(torch.from_numpy(CLIPS))
    assert poses.shape == (2, 5, joints, 3) and poses.isfinite().all()
    one = lifter.predict(CLIPS[1, 3])
    assert one.shape == (joints, 3)
    assert lifter.predict(CLIPS[:0]).shape == (0, 5, joints, 3)
    assert lifter.predict(np.zeros((0, 17, 2))).shape == (0, joints, 3)
    found = lifter.lift(CLIPS)
    count = found.weights.shape[-1]
    assert found.hypotheses.shape == (2, 5, count, joints, 3) and found.weights.shape == (2, 5, count)
    assert found.mean.shape == (2, 5, joints, 3) and found.spread_mm.shape == (2, 5, joints)
    assert lifter.lift(CLIPS[:0]).hypotheses.shape == (0, 5, count, joints, 3)
    np.testing.assert_allclose(found.weights.sum(axis=-1), 1.0, rtol=1e-5)
    if name not in DRAWS_SAMPLES:  # whose samples depend on how many poses there are
        torch.testing.assert_close(one, poses[1, 3], rtol=1e-3, atol=0.05)
        np.testing.assert_allclose(found.mean, poses.numpy(), rtol=1e-3, atol=0.05)
        np.testing.assert_allclose(lifter.lift(CLIPS[1, 3]).spread_mm, found.spread_mm[1, 3], rtol=1e-3, atol=0.05)


@pytest.mark.parametrize("name", DRAWS_SAMPLES)
def test_samples_are_the_same_every_time_and_leave_torchs_generator_alone(
    name: str, model: Callable[[str], Lifter]
) -> None:
    lifter = model(name)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, again = lifter.lift(CLIPS), lifter.lift(CLIPS)
    np.testing.assert_array_equal(first.hypotheses, again.hypotheses)
    assert torch.equal(lifter.predict(CLIPS), lifter.predict(CLIPS))
    assert torch.equal(torch.get_rng_state(), before)


def test_arrays_tensors_and_lists_are_the_same(model: Callable[[str], Lifter]) -> None:
    lifter = model("graphmdn")
    expected = lifter.predict(CLIPS)
    for same in (torch.from_numpy(CLIPS), CLIPS.tolist(), np.asfortranarray(CLIPS)):
        assert torch.equal(lifter.predict(same), expected)
    single = lifter.predict(CLIPS.astype(np.float32))
    torch.testing.assert_close(single, expected, rtol=1e-4, atol=0.01)
    sixteen = np.delete(CLIPS, 9, axis=-2)
    assert torch.equal(lifter.predict(sixteen), expected)


def test_each_pose_can_have_its_own_image_size(model: Callable[[str], Lifter]) -> None:
    """A picture twice as large shows the same pose."""
    lifter = model("semgcn")
    width, height = np.array([1000.0, 2000.0]), np.array([800.0, 1600.0])
    poses = lifter.predict(CLIPS[0, :1] * np.array([1.0, 2.0])[:, None, None], width, height)
    torch.testing.assert_close(poses[0], poses[1])
    torch.testing.assert_close(poses[0], lifter.predict(CLIPS[0, 0], 1000, 800), rtol=1e-4, atol=0.01)


@pytest.mark.parametrize(
    ("keypoints", "words"),
    [
        (np.zeros((8, 17, 3)), r"found \[8, 17, 3\]; it has a third number for each joint: if that is a score, drop"),
        (np.zeros((8, 15, 2)), r"expected 16 joints \(Hip, RHip, .*\) or Human3.6M's 17, found 15"),
        (np.zeros(34), r"expected \[..., joints, 2\] in pixels, found \[34\]$"),
        (np.zeros((8, 34)), r"expected \[..., joints, 2\] in pixels, found \[8, 34\]$"),
        (np.where(np.arange(34).reshape(17, 2) == 9, np.nan, np.zeros((3, 17, 2))), r"number in pose \[0\] is not fin"),
        ("walk.npz", "keypoints_2d: expected numbers, found str"),
    ],
)
def test_other_shapes_are_refused_in_one_line(
    model: Callable[[str], Lifter], keypoints: np.ndarray, words: str
) -> None:
    lifter = model("graphmdn")
    for method in (lifter.predict, lifter.output, lifter.lift):
        with pytest.raises(ValueError, match=words) as caught:
            method(keypoints)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("width", "words"),
    [(0, "width: expected pixels above 0"), (np.ones(3), r"width: \[3\] does not go with keypoints_2d \[2, 5, 17, 2")],
)
def test_a_size_that_is_none_is_refused(model: Callable[[str], Lifter], width: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        model("semgcn").predict(CLIPS, width)


def test_weights_are_loaded_like_checkpoints(
    model: Callable[[str], Lifter], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A safetensors file by its path, or by its name in the checkout's weights/."""
    lifter = model("graphmdn")
    weights.write_weights(tmp_path / "weights" / "mine.safetensors", lifter, 0)
    by_path = pipeline.load_model(tmp_path / "weights" / "mine.safetensors")
    monkeypatch.setattr(weights, "CHECKOUT", tmp_path)
    for same in (by_path, pipeline.load_model("mine")):
        assert torch.equal(same.predict(CLIPS), lifter.predict(CLIPS))
        assert same.variant_name == "graphmdn"
