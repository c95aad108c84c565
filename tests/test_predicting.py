"""pipeline/tracking/predicting.py: what a registered model answers, by hand and against `load_model`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline import config, load_model
from pipeline.lifting.checkpoints import save_model, seeded_model
from pipeline.lifting.outputs import PoseMixture, PoseSamples
from pipeline.lifting.uncertainty import spread, weights
from pipeline.tracking.predicting import Predictor


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GraphMDN with random weights."""
    path = tmp_path_factory.mktemp("model") / "checkpoint.pt"
    variant = config.load("demo").variant("graphmdn")
    save_model(path, "graphmdn", variant, 0, 1, seeded_model(variant, 0).state_dict())
    return path


def test_the_answer_has_all_poses_their_weights_their_mean_and_the_spread(checkpoint: Path) -> None:
    keypoints = np.random.default_rng(0).uniform(0, 1000, (3, 17, 2)).astype(np.float32)
    answer = Predictor(checkpoint).predict(keypoints, np.array([1000, 800]))
    shapes = {name: value.shape for name, value in answer.items()}
    assert shapes == {"poses": (3, 5, 16, 3), "weights": (3, 5), "mean": (3, 16, 3), "spread_mm": (3, 16)}
    assert all(value.dtype == np.float32 for value in answer.values())
    expected = load_model(checkpoint).predict(torch.from_numpy(keypoints), 1000, 800)
    np.testing.assert_allclose(answer["mean"], expected.numpy(), rtol=1e-4, atol=1e-2)
    np.testing.assert_allclose(np.einsum("nk,nkjc->njc", answer["weights"], answer["poses"]), answer["mean"], atol=0.1)


@pytest.mark.parametrize("size", [[1000], [1000, 0], [1, 2, 3]])
def test_an_image_size_is_two_positive_numbers(checkpoint: Path, size: list[float]) -> None:
    with pytest.raises(ValueError, match="image_size: expected width and height"):
        Predictor(checkpoint).predict(np.zeros((1, 17, 2)), np.array(size))


def test_the_spread_of_a_mixture_is_that_of_its_samples() -> None:
    """Two kernels 2 m apart of weight 1/4 and 3/4: 3/4 m from their mean as a root of the mean square, and the kernels'
    own three variances. The root has none."""
    means = torch.zeros(1, 2, 2, 3)
    means[0, 1, 1, 0] = 2.0
    logits = torch.log(torch.tensor([[0.25, 0.75]]))
    mixture = PoseMixture(means, torch.full((1, 2, 1, 1), 0.1), logits, "pose")
    expected = (4 * 0.25 * 0.75 + 3 * 0.01) ** 0.5
    torch.testing.assert_close(spread(mixture), torch.tensor([[0.0, expected]], dtype=spread(mixture).dtype))
    torch.testing.assert_close(weights(mixture), torch.tensor([[0.25, 0.75]], dtype=torch.float64))


def test_samples_and_a_single_pose() -> None:
    samples = PoseSamples(torch.tensor([[[[0.0, 0, 0], [1, 0, 0]], [[0, 0, 0], [3, 0, 0]]]]))
    torch.testing.assert_close(spread(samples), torch.tensor([[0.0, 1.0]]))
    torch.testing.assert_close(weights(samples), torch.tensor([[0.5, 0.5]]))
    pose = torch.ones(2, 16, 3)
    assert spread(pose).abs().max() == 0 and weights(pose).tolist() == [[1.0], [1.0]]
