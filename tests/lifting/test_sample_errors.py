"""lifting.errors: the errors of samples of a pose's distribution, by hand."""

import json
import math

import numpy as np
import pytest
import torch
from evaluated_poses import BODY, evaluate, examples, flat, wrong_by

from pipeline.artifacts import InputError
from pipeline.lifting import errors
from pipeline.lifting.data import LiftingData
from pipeline.lifting.outputs import PoseSamples, select


def samples_off_by(data: LiftingData, millimetres: list[float]) -> PoseSamples:
    """Samples whose joints but the root are off by so much, all the same way."""
    return PoseSamples(torch.stack([wrong_by(data, torch.full((60,), off)) for off in millimetres], dim=1))


def test_samples_by_hand(data):
    """200 samples, 40, 30, 20, 30, 40 and then 100 mm, but for one that is 8 mm off: the 123rd."""
    millimetres = [40.0, 30.0, 20.0, 30.0, 40.0] + 195 * [100.0]
    millimetres[122] = 8.0
    found = evaluate(samples_off_by(data, millimetres), data)
    assert found["mixture"] is None
    predictions = found["predictions"]
    assert {name: set(protocols) for name, protocols in predictions.items()} == {
        name: {"mpjpe", "p_mpjpe"} for name in ("mean", "oracle_5", "oracle_200")
    }
    averages = {name: protocols["mpjpe"]["frame_average"] for name, protocols in predictions.items()}
    expected = {"mean": BODY * sum(millimetres) / 200, "oracle_5": BODY * 20, "oracle_200": BODY * 8}
    assert averages == pytest.approx(expected, rel=1e-3)
    json.dumps(found, allow_nan=False)


def test_samples_protocol_2_takes_the_best_of_the_aligned_samples(data):
    """Sample 1 is closest, but bent; sample 2 is the truth turned and enlarged, which alignment undoes."""
    bent = data.targets.clone()
    bent[:, 3] += 0.1
    turn = torch.tensor([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    poses = [3 * data.targets.flip(1), bent, 1.5 * data.targets @ turn, -data.targets, 2 * bent]
    found = evaluate(PoseSamples(torch.stack(poses, dim=1)), data)["predictions"]
    assert set(found) == {"mean", "oracle_5"}  # there are no 200
    assert found["oracle_5"]["mpjpe"]["frame_average"] == pytest.approx(100 * math.sqrt(3) / 16, rel=1e-4)
    assert found["oracle_5"]["p_mpjpe"]["frame_average"] < 0.01


def test_the_best_of_the_first_five_leaves_the_sixth_out(data):
    found = evaluate(samples_off_by(data, [50.0, 50.0, 50.0, 50.0, 50.0, 1.0]), data)["predictions"]
    assert found["oracle_5"]["mpjpe"]["frame_average"] == pytest.approx(50 * BODY, rel=1e-3)


def test_samples_do_not_depend_on_the_chunk_size_and_are_judged_by_their_mean(data):
    numbers = torch.Generator().manual_seed(2)
    samples = PoseSamples(data.targets[:, None] + 0.05 * torch.randn(60, 6, 16, 3, generator=numbers))
    whole, pieces = evaluate(samples, data), evaluate(samples, data, hypotheses_at_once=6 * 7)
    assert flat(pieces) == pytest.approx(flat(whole), rel=1e-12)
    made = errors.evaluate(lambda rows: select(samples, rows), data)
    as_point = evaluate(samples.poses.mean(dim=1), data)["predictions"]["point"]
    assert flat(whole["predictions"]["mean"]) == pytest.approx(flat(as_point), rel=1e-6)
    assert float(made.main_error.mean()) == pytest.approx(as_point["mpjpe"]["frame_average"], rel=1e-6)
    best = whole["predictions"]["oracle_5"]["mpjpe"]["frame_average"]
    assert float(made.closest_error.mean()) == pytest.approx(best)
    found = examples(samples, data)
    assert found["example_hypotheses"].shape == (3, 6, 16, 3)
    np.testing.assert_allclose(found["example_weights"], 1 / 6)


def test_samples_that_are_not_finite_are_refused(data):
    samples = samples_off_by(data, [1.0, 2.0, 3.0, 4.0, 5.0])
    samples.poses[41, 4, 2, 0] = torch.nan
    with pytest.raises(InputError, match=r"1 of 60 test poses .first: 41"):
        evaluate(samples, data)


def test_the_row_of_a_broken_pose_is_counted_over_all_chunks(data):
    poses = data.targets.clone()
    poses[41] = torch.nan
    with pytest.raises(InputError, match=r"first: 41"):
        evaluate(poses, data, hypotheses_at_once=7)
