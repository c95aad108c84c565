"""A seed's metrics: their exact shape, averages by hand, and how a mixture's parts hang together."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from evaluated_poses import AVERAGES, BODY, evaluate, examples, flat, mixture_about, wrong_by

from pipeline.artifacts import InputError, read_arrays, write_arrays
from pipeline.geometry.skeleton import HUMAN36M_16
from pipeline.lifting.data import LiftingData
from pipeline.lifting.errors import action_averages, all_errors
from pipeline.lifting.outputs import PoseMixture
from pipeline.lifting.results import Prediction

# --- point models -----------------------------------------------------------------------------------------------------


def test_averages_of_an_unbalanced_set_by_hand(data):
    off = torch.tensor([10.0, 40.0, 0.0, 100.0])[data.action]
    found = evaluate(wrong_by(data, off), data)["predictions"]["point"]["mpjpe"]
    assert found["per_action"] == pytest.approx(
        {"Walking": 10 * BODY, "Sitting": 40 * BODY, "Eating": 100 * BODY}, rel=1e-4
    )
    assert found["action_average"] == pytest.approx(50 * BODY, rel=1e-4)  # (10 + 40 + 100) / 3
    assert found["frame_average"] == pytest.approx(25 * BODY, rel=1e-4)  # (40 * 10 + 15 * 40 + 5 * 100) / 60
    assert found["per_subject"] == pytest.approx({"S9": BODY * 600 / 45, "S11": BODY * 900 / 15}, rel=1e-4)


def test_errors_by_joint(data):
    poses = data.targets.clone()
    poses[:, 15, 0] += 0.032
    found = evaluate(poses, data)["predictions"]["point"]["mpjpe"]
    assert list(found["per_joint"]) == list(HUMAN36M_16.names)
    assert found["per_joint"].pop("RWrist") == pytest.approx(32, rel=1e-4)
    assert set(found["per_joint"].values()) == {0.0}
    assert found["frame_average"] == pytest.approx(2, rel=1e-4)


def test_the_joints_average_to_the_frames(data):
    predictions = evaluate(mixture_about(data), data)["predictions"]
    for name, protocols in predictions.items():
        for protocol, found in protocols.items():
            average = sum(found["per_joint"].values()) / 16
            assert average == pytest.approx(found["frame_average"], rel=1e-12), (name, protocol)


def test_the_predicted_root_does_not_count(data):
    poses = data.targets + 0.1 * torch.randn(60, 16, 3, generator=torch.Generator().manual_seed(0))
    elsewhere = poses.clone()
    elsewhere[:, 0] += 5
    assert evaluate(poses, data) == evaluate(elsewhere, data)


def test_protocol_2_forgives_scale_and_rotation_of_body_and_root_together(data):
    turn = torch.tensor([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    found = evaluate(1.3 * data.targets @ turn, data)["predictions"]["point"]
    assert found["p_mpjpe"]["frame_average"] < 0.01 < 100 < found["mpjpe"]["frame_average"]


def test_the_entry_of_a_point_model_has_exactly_the_agreed_shape(data):
    entry = evaluate(data.targets, data)
    assert set(entry) == {"predictions", "mixture", "meshes", "depth"}
    assert entry["mixture"] is None and entry["meshes"] is None
    assert set(entry["depth"]) == {"visible_mm", "occluded_mm", "occluded_share"}
    assert {k: set(v) for k, v in entry["predictions"].items()} == {"point": {"mpjpe", "p_mpjpe"}}
    assert all(set(found) == AVERAGES for found in entry["predictions"]["point"].values())
    json.dumps(entry, allow_nan=False)


# --- mixtures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["pose", "node"])
def test_the_entry_of_a_mixture_has_exactly_the_agreed_shape(data, level):
    entry = evaluate(mixture_about(data, level=level), data)
    both = {"mpjpe", "p_mpjpe"}
    expected = {"mean": both, "highest": both, "oracle": both, "oracle_closest": {"p_mpjpe"}}
    assert {name: set(found) for name, found in entry["predictions"].items()} == expected
    assert all(set(found) == AVERAGES for found in entry["predictions"]["oracle"].values())
    mixture = entry["mixture"]
    assert set(mixture) == {
        *("kernels", "level", "nll", "calibration", "components_used", "mean_weights", "collapsed"),
        *("spread_mm", "pairwise_distance_mm", "ambiguous_share", "depth_ratio", "reprojection_px"),
    }
    assert (mixture["kernels"], mixture["level"]) == (4, level)
    assert set(mixture["components_used"]) == {"mean_effective", "over_5_percent_on_average", "selected_share"}
    assert set(mixture["reprojection_px"]) == {"mean", "worst", "truth", "depth_spread_px"}
    json.dumps(entry, allow_nan=False)


def test_oracle_bounds(data):
    found = evaluate(mixture_about(data), data)["predictions"]
    for action in found["oracle"]["mpjpe"]["per_action"]:
        for protocol in ("mpjpe", "p_mpjpe"):
            oracle = found["oracle"][protocol]["per_action"][action]
            assert oracle <= found["highest"][protocol]["per_action"][action]
        assert oracle <= found["oracle_closest"]["p_mpjpe"]["per_action"][action]


def test_the_two_protocol_2_oracles_by_hand(data):
    """Kernel 0 is near but bent, kernel 1 is the truth turned away: closest before, and best after alignment."""
    bent = data.targets.clone()
    bent[:, 3] += 0.1
    turned = data.targets @ torch.tensor([[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]])
    mixture = PoseMixture(torch.stack((bent, turned), dim=1), torch.ones(60, 2, 1, 1), torch.zeros(60, 2), "pose")
    found = evaluate(mixture, data)["predictions"]
    assert found["oracle"]["mpjpe"]["frame_average"] == pytest.approx(100 * math.sqrt(3) / 16, rel=1e-4)
    assert found["oracle"]["p_mpjpe"]["frame_average"] < 0.01
    alone = evaluate(bent, data)["predictions"]["point"]["p_mpjpe"]
    assert found["oracle_closest"]["p_mpjpe"]["per_action"] == pytest.approx(alone["per_action"])


@pytest.mark.parametrize("level", ["pose", "node"])
def test_results_do_not_depend_on_the_chunk_size(data, level):
    mixture = mixture_about(data, level=level)
    whole, pieces = evaluate(mixture, data), evaluate(mixture, data, hypotheses_at_once=4 * 7)
    assert flat(pieces) == pytest.approx(flat(whole), rel=1e-12)
    poses = mixture.means[:, 0]
    assert flat(evaluate(poses, data, hypotheses_at_once=7)) == pytest.approx(flat(evaluate(poses, data)), rel=1e-12)


def test_one_kernel_is_a_point_model(data):
    mixture = mixture_about(data, kernels=1)
    entry, point = evaluate(mixture, data), evaluate(mixture.means[:, 0], data)["predictions"]["point"]
    for name in ("mean", "highest", "oracle"):
        assert flat(entry["predictions"][name]) == pytest.approx(flat(point), rel=1e-6), name
    assert flat(entry["predictions"]["oracle_closest"]["p_mpjpe"]) == pytest.approx(flat(point["p_mpjpe"]), rel=1e-6)
    assert entry["mixture"]["collapsed"] is True
    assert entry["mixture"]["components_used"]["mean_effective"] == pytest.approx(1)
    assert (entry["mixture"]["ambiguous_share"], entry["mixture"]["depth_ratio"]) == (0, None)
    assert entry["mixture"]["spread_mm"] == {"x": 0, "y": 0, "depth": 0}


def test_the_action_average_of_every_prediction(data):
    mixture = mixture_about(data)
    for output in (mixture, mixture.means[:, 0]):
        long = evaluate(output, data)["predictions"]
        expected = {name: {p: found["action_average"] for p, found in both.items()} for name, both in long.items()}
        assert action_averages({name: Prediction(**both) for name, both in long.items()}) == expected


def along_rays(data: LiftingData, factors: list[float]) -> torch.Tensor:
    """Hypotheses [N, K, 16, 3] that move every joint but the root along its own viewing ray: the picture stays."""
    absolute = torch.from_numpy(data.pose_set.joints_3d).double() / 1000
    roots = absolute[:, :1]
    absolute = torch.cat((absolute[:, :9], absolute[:, 10:]), dim=1)
    moved = torch.stack([factor * absolute for factor in factors], dim=1) - roots[:, None]
    moved[:, :, 0] = 0
    return moved


def test_hypotheses_that_differ_only_in_depth(data):
    means = along_rays(data, [0.97, 1.03])
    entry = evaluate(PoseMixture(means, torch.ones(60, 2, 1, 1), torch.zeros(60, 2), "pose"), data)["mixture"]
    pixels = entry["reprojection_px"]
    assert pixels["mean"] < 0.01 and pixels["worst"] < 0.01 and pixels["truth"] < 0.01
    depth = torch.from_numpy(data.pose_set.joints_3d[:, :, 2]).double()
    body = torch.cat((depth[:, 1:9], depth[:, 10:]), dim=1)
    expected = (1144 * 0.03 * body.mean(dim=1) / depth[:, 0]).mean()  # two kernels 0.97 and 1.03: 0.03 z from the mean
    assert pixels["depth_spread_px"] == pytest.approx(float(expected), rel=1e-5)
    assert entry["spread_mm"]["depth"] == pytest.approx(0.03 * float(body.square().mean().sqrt()), rel=1e-5)


def test_depth_ratio_looks_only_at_frames_with_a_much_better_oracle(data):
    """Half the frames: a kernel 60 mm in depth and 20 mm aside of the truth, and one on it. The others do not count."""
    means = data.targets[:, None].repeat(1, 2, 1, 1)
    means[:30, 0, 1:] += torch.tensor([0.0, 0.02, 0.06])
    means[30:, 0, 1:] += torch.tensor([1.0, 0.0, 0.0])
    means[30:, 1, 1:] += torch.tensor([-0.9, 0.0, 0.0])  # the mean is closer than either kernel
    means[50:] = data.targets[50:, None]
    means[50:, 0, 1:, 0] += 0.10
    means[50:, 1, 1:, 0] += 0.09  # closer than the mean, but not by much
    mixture = PoseMixture(means, torch.ones(60, 2, 1, 1), torch.zeros(60, 2), "pose")
    entry = evaluate(mixture, data)["mixture"]
    assert entry["ambiguous_share"] == 0.5
    assert entry["depth_ratio"] == pytest.approx(0.06**2 / (0.02**2 / 2), rel=1e-4)
    assert entry["depth_ratio"] == pytest.approx(18, rel=1e-4)


def test_kernels_with_little_weight_are_not_reprojected(data):
    means = data.targets[:, None].repeat(1, 3, 1, 1)
    means[:, 1, 1:] += 0.05
    means[:, 2, 1:] += 3.0  # far outside the picture, with 4 % of the weight
    logits = torch.tensor([0.48, 0.48, 0.04]).log().expand(60, -1)
    pixels = evaluate(PoseMixture(means, torch.ones(60, 3, 1, 1), logits, "pose"), data)["mixture"]["reprojection_px"]
    assert 5 < pixels["worst"] < 50
    assert pixels["mean"] == pytest.approx((pixels["worst"] + pixels["truth"]) / 2, rel=1e-6)


def test_many_even_kernels_leave_no_hypothesis_to_reproject(data):
    mixture = replace(mixture_about(data, kernels=30), logits=torch.zeros(60, 30))
    entry = evaluate(mixture, data)
    json.dumps(entry, allow_nan=False)
    assert entry["mixture"]["reprojection_px"]["mean"] is None
    assert entry["mixture"]["components_used"]["over_5_percent_on_average"] == 0


def test_likelihood_is_in_nats_of_a_pose_in_metres(data):
    mixture = PoseMixture(data.targets[:, None], torch.full((60, 1, 1, 1), 0.1), torch.zeros(60, 1), "pose")
    expected = 45 * (math.log(0.1) + 0.5 * math.log(2 * math.pi))  # 15 joints; the root is left out
    assert evaluate(mixture, data)["mixture"]["nll"] == pytest.approx(expected, rel=1e-6)


def test_without_a_description_only_errors_are_given(data):
    mixture = mixture_about(data)
    found = evaluate(mixture, data, describe=False)
    assert found["mixture"] is None
    assert found["predictions"] == evaluate(mixture, data)["predictions"]


def test_the_kernels_distance_in_millimetres(data):
    means = data.targets[:, None].repeat(1, 3, 1, 1)
    means[:, 1, 1:, 0] += 0.03
    means[:, 2, 1:, 1] += 0.04  # 30, 40 and 50 mm apart
    entry = evaluate(PoseMixture(means, torch.ones(60, 3, 1, 1), torch.zeros(60, 3), "pose"), data)["mixture"]
    assert entry["pairwise_distance_mm"] == pytest.approx(40 * BODY, rel=1e-4)


# --- refused input ----------------------------------------------------------------------------------------------------


def test_diverged_predictions_are_refused_in_one_line(data):
    poses = data.targets.clone()
    poses[17, 3, 1], poses[20, 0, 0] = torch.nan, torch.inf
    with pytest.raises(InputError, match=r"2 of 60 test poses .first: 17.*learning rate") as refused:
        evaluate(poses, data)
    assert "\n" not in str(refused.value)
    mixture = mixture_about(data)
    mixture.logits[3, 0] = torch.nan
    with pytest.raises(InputError, match="first: 3"):
        evaluate(mixture, data)


def test_predictions_for_other_poses_are_refused(data):
    with pytest.raises(AssertionError, match=r"expected poses \(60, 16, 3\), got \(59, 16, 3\)"):
        evaluate(data.targets[1:], data)


# --- examples ---------------------------------------------------------------------------------------------------------


def test_examples_are_the_frames_where_the_oracle_gains_most(data, tmp_path):
    means = data.targets[:, None].repeat(1, 2, 1, 1)
    means[:, 0, 1:, 2] += 0.01
    for row, gain in {33: 0.2, 44: 0.6, 57: 0.4}.items():  # one frame each of Walking, Sitting and Eating
        means[row, 0, 1:, 2] += gain
    found = examples(PoseMixture(means, torch.ones(60, 2, 1, 1), torch.zeros(60, 2), "pose"), data)
    assert found["example_action"].tolist() == ["Sitting", "Eating", "Walking"]
    assert found["example_subject"].tolist() == ["S9", "S11", "S9"]
    assert found["example_mpjpe_mean"] == pytest.approx(np.array([610, 410, 210]) / 2 * BODY, rel=1e-4)
    assert found["example_mpjpe_oracle"] == pytest.approx(np.zeros(3), abs=1e-4)
    rows = [44, 57, 33]
    np.testing.assert_allclose(found["example_truth"], 1000 * data.targets[rows].numpy(), rtol=1e-6)
    np.testing.assert_allclose(found["example_hypotheses"][:, 1], found["example_truth"], rtol=1e-6)
    assert found["example_weights"].tolist() == [[0.5, 0.5]] * 3
    assert found["example_keypoints_2d"].shape == (3, 16, 2)
    np.testing.assert_array_equal(found["example_keypoints_2d"][:, 9], data.pose_set.keypoints_2d[rows, 10])  # head
    write_arrays(tmp_path / "examples.npz", found)
    assert read_arrays(tmp_path / "examples.npz")["example_action"].tolist() == ["Sitting", "Eating", "Walking"]


def test_examples_of_a_point_model_are_typical_frames(data):
    off = torch.arange(60.0)
    found = examples(wrong_by(data, off), data)
    assert found["example_action"].tolist() == ["Walking", "Sitting", "Eating"]
    assert found["example_mpjpe_mean"] == pytest.approx(np.array([20, 47, 57]) * BODY, rel=1e-4)  # the medians
    assert found["example_hypotheses"].shape == (3, 1, 16, 3)
    assert found["example_weights"].tolist() == [[1.0]] * 3
    np.testing.assert_array_equal(found["example_mpjpe_mean"], found["example_mpjpe_oracle"])


def test_there_are_no_more_examples_than_actions(data):
    assert len(examples(mixture_about(data), data, count=9)["example_action"]) == 3
    assert len(examples(mixture_about(data), data, count=2)["example_action"]) == 2


def test_examples_of_a_node_level_mixture(data):
    found = examples(mixture_about(data, level="node"), data)
    assert found["example_weights"].shape == (3, 4)
    assert found["example_weights"].sum(axis=1) == pytest.approx(np.ones(3), rel=1e-5)


def test_errors_lie_on_the_cpu_in_float64(data):
    errors = all_errors(mixture_about(data), data.targets)
    assert all(e.dtype == torch.float64 and e.shape == (60, 16) for found in errors.values() for e in found.values())
