"""Mixture metrics against hand calculations, SciPy's densities and data that really come from the mixtures."""

import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import chi2, norm

from pipeline.geometry.camera import Camera
from pipeline.lifting import mixture_metrics as metrics
from pipeline.lifting import outputs
from pipeline.lifting.metrics import mpjpe
from pipeline.lifting.outputs import PoseMixture, closest_pose, main_prediction

JOINTS = 5
SCALE_SHAPES = {"shared": (1, 1), "per joint": (JOINTS, 1), "per axis": (1, 3), "per joint and axis": (JOINTS, 3)}


def make(count: int, kernels: int, level: str = "pose", sigma: str = "shared", seed: int = 0) -> PoseMixture:
    """Mixtures with random parameters; the root's means are not 0, as a network's are not."""
    generator = torch.Generator().manual_seed(seed)
    nodes = (JOINTS,) if level == "node" else ()
    scales = torch.rand(count, kernels, *SCALE_SHAPES["per joint" if level == "node" else sigma], generator=generator)
    return PoseMixture(
        means=torch.randn(count, kernels, JOINTS, 3, generator=generator).tanh(),
        scales=0.05 + 0.4 * scales,
        logits=torch.randn(count, *nodes, kernels, generator=generator),
        level=level,
    )


def draw(mixture: PoseMixture, seed: int = 1) -> torch.Tensor:
    """A pose from each mixture, without the project's own sampler; its root is at 0."""
    numbers = np.random.default_rng(seed)
    count, kernels, joints = mixture.means.shape[:3]
    weights = torch.softmax(mixture.logits.double(), dim=-1).numpy().reshape(count, -1, kernels)
    chosen = np.array([[numbers.choice(kernels, p=row / row.sum()) for row in rows] for rows in weights])  # [N, 1 or J]
    kernel, each = np.broadcast_to(chosen, (count, joints)), np.arange(count)[:, None]
    means = mixture.means.numpy()[each, kernel, np.arange(joints)]
    scales = mixture.scales.expand(count, kernels, joints, 3).numpy()[each, kernel, np.arange(joints)]
    return outputs.root_at_origin(torch.from_numpy(means + scales * numbers.standard_normal(means.shape)))


def by_hand(level: str = "pose") -> PoseMixture:
    """One pose of a root and one joint, two kernels weighing 0.75 and 0.25."""
    means = torch.tensor([[[[9.0, 9.0, 9.0], [0.0, 0.0, 0.0]], [[5.0, 5.0, 5.0], [4.0, 0.0, 8.0]]]])
    logits = torch.tensor([[0.75, 0.25]]).log()
    return PoseMixture(means, torch.ones(1, 2, 2 if level == "node" else 1, 1), per_level(logits, level, 2), level)


def per_level(logits: torch.Tensor, level: str, joints: int) -> torch.Tensor:
    return logits if level == "pose" else logits[:, None].expand(-1, joints, -1)


# --- single poses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["pose", "node"])
def test_predictions_by_hand(level):
    mixture = by_hand(level)
    root = [0.0, 0.0, 0.0]
    torch.testing.assert_close(outputs.mean_prediction(mixture), torch.tensor([[root, [1.0, 0.0, 2.0]]]))
    assert outputs.highest_prediction(mixture).tolist() == [[root, root]]
    assert closest_pose(mixture, torch.tensor([[root, [3.0, 0.0, 5.0]]])).tolist() == [[root, [4, 0, 8]]]


def test_the_root_is_put_to_zero_and_nothing_else_moves():
    poses = torch.randn(4, 3, JOINTS, 3)
    centred = outputs.root_at_origin(poses)
    assert (centred[:, :, 0] == 0).all() and torch.equal(centred[:, :, 1:], poses[:, :, 1:])


def test_the_main_prediction_is_a_mixtures_mean_and_a_point_models_output():
    mixture, poses = make(6, 3), torch.randn(6, JOINTS, 3)
    assert torch.equal(main_prediction(mixture), outputs.mean_prediction(mixture))
    assert torch.equal(main_prediction(poses), outputs.root_at_origin(poses))


@pytest.mark.parametrize("level", ["pose", "node"])
def test_one_kernel_is_every_prediction(level):
    mixture, target = make(6, 1, level), torch.randn(6, JOINTS, 3)
    only = outputs.root_at_origin(mixture.means[:, 0])
    torch.testing.assert_close(outputs.mean_prediction(mixture), only)
    assert torch.equal(outputs.highest_prediction(mixture), only)
    assert torch.equal(closest_pose(mixture, target), only)


def test_the_oracle_is_the_best_hypothesis_of_every_pose():
    mixture = make(200, 4)
    target = draw(mixture)
    errors = mpjpe(outputs.hypotheses(mixture), target[:, None], per_pose=True)
    oracle = mpjpe(closest_pose(mixture, target), target, per_pose=True)
    assert torch.equal(oracle, errors.min(dim=1).values)
    assert (oracle <= mpjpe(outputs.highest_prediction(mixture), target, per_pose=True)).all()


def test_the_mean_errs_at_most_as_much_as_the_hypotheses_on_average():
    mixture = make(200, 4)
    target = draw(mixture)
    errors = mpjpe(outputs.hypotheses(mixture), target[:, None], per_pose=True)
    expected = (metrics.hypothesis_weights(mixture) * errors).sum(dim=1)
    assert (mpjpe(outputs.mean_prediction(mixture), target, per_pose=True) <= expected + 1e-6).all()


def test_the_mean_can_beat_the_oracle():
    mixture = by_hand()
    target = outputs.mean_prediction(mixture)
    assert mpjpe(closest_pose(mixture, target), target) > 1


def test_node_level_chooses_the_highest_joint_by_joint_and_the_oracle_among_whole_poses():
    means = torch.zeros(1, 2, 3, 3)
    means[0, 0, 1:], means[0, 1, 1:] = 1.0, 2.0
    logits = torch.tensor([[[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]]])  # joint 1 prefers kernel 0, joint 2 kernel 1
    mixture = PoseMixture(means, torch.ones(1, 2, 3, 1), logits, "node")
    highest = outputs.highest_prediction(mixture)
    assert highest[0, :, 0].tolist() == [0, 1, 2]
    oracle = closest_pose(mixture, highest)
    assert oracle[0, :, 0].tolist() in ([0, 1, 1], [0, 2, 2])
    assert mpjpe(oracle, highest) > 0  # so "highest" wins here, which pose level rules out


def test_node_level_with_equal_weights_at_every_joint_predicts_what_pose_level_does():
    pose, target = make(50, 4), torch.randn(50, JOINTS, 3)
    node = PoseMixture(pose.means, pose.scales, per_level(pose.logits, "node", JOINTS), "node")
    torch.testing.assert_close(outputs.mean_prediction(node), outputs.mean_prediction(pose))
    assert torch.equal(outputs.highest_prediction(node), outputs.highest_prediction(pose))
    assert torch.equal(closest_pose(node, target), closest_pose(pose, target))
    torch.testing.assert_close(metrics.hypothesis_weights(node), metrics.hypothesis_weights(pose))
    torch.testing.assert_close(metrics.hypothesis_variance(node), metrics.hypothesis_variance(pose))


@pytest.mark.parametrize("level", ["pose", "node"])
def test_the_order_of_kernels_does_not_matter(level):
    mixture, order = make(30, 4, level), torch.tensor([2, 0, 3, 1])
    other = PoseMixture(mixture.means[:, order], mixture.scales[:, order], mixture.logits[..., order], level)
    target = draw(mixture)
    torch.testing.assert_close(outputs.mean_prediction(other), outputs.mean_prediction(mixture))
    assert torch.equal(outputs.highest_prediction(other), outputs.highest_prediction(mixture))
    assert torch.equal(closest_pose(other, target), closest_pose(mixture, target))
    nll = metrics.negative_log_likelihood(other, target)
    torch.testing.assert_close(nll, metrics.negative_log_likelihood(mixture, target))


# --- density ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", list(SCALE_SHAPES))
def test_pose_level_likelihood_equals_scipy(sigma):
    mixture = make(20, 3, sigma=sigma)
    target = draw(mixture)
    means, scales = mixture.means.double(), mixture.scales.expand_as(mixture.means).double()
    densities = norm.logpdf(target[:, None, 1:], means[:, :, 1:], scales[:, :, 1:]).sum(axis=(2, 3))
    expected = -logsumexp(densities + mixture.logits.double().log_softmax(dim=-1).numpy(), axis=1)
    torch.testing.assert_close(metrics.negative_log_likelihood(mixture, target), torch.from_numpy(expected))


def test_node_level_likelihood_equals_scipy():
    mixture = make(20, 3, "node")
    target = draw(mixture)
    scales = mixture.scales.expand_as(mixture.means).double()
    densities = norm.logpdf(target[:, None, 1:], mixture.means[:, :, 1:].double(), scales[:, :, 1:]).sum(axis=3)
    weights = mixture.logits[:, 1:].double().log_softmax(dim=-1).transpose(1, 2).numpy()  # [N, K, J - 1]
    expected = -logsumexp(densities + weights, axis=1).sum(axis=1)
    torch.testing.assert_close(metrics.negative_log_likelihood(mixture, target), torch.from_numpy(expected))


@pytest.mark.parametrize("level", ["pose", "node"])
def test_likelihood_does_not_see_the_root(level):
    mixture = make(10, 3, level, sigma="per joint")
    target = draw(mixture)
    before = metrics.negative_log_likelihood(mixture, target)
    mixture.scales[:, :, 0] = 1e-9  # sure of the root, which would be worth 60 nats
    mixture.means[:, :, 0] = 0
    if level == "node":
        mixture.logits[:, 0] = 7
    assert torch.equal(metrics.negative_log_likelihood(mixture, target), before)


@pytest.mark.parametrize(("level", "sigma"), [("pose", "shared"), ("pose", "per joint and axis"), ("node", "shared")])
def test_truths_drawn_from_the_mixtures_are_calibrated(level, sigma):
    mixture = make(2000, 3, level, sigma)
    shares = metrics.calibration(mixture, draw(mixture))
    assert list(shares) == ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9"]
    for name, share in shares.items():
        assert share == pytest.approx(float(name), abs=4 * math.sqrt(0.25 / 2000)), name


def test_calibration_needs_no_large_samples():
    mixture = make(2000, 2)
    shares = metrics.calibration(mixture, draw(mixture), samples=9)
    for name, share in shares.items():
        assert share == pytest.approx(float(name), abs=4 * math.sqrt(0.25 / 2000)), name


@pytest.mark.parametrize(("factor", "too_sure"), [(1.25, True), (0.8, False)])
def test_calibration_of_a_wrong_sigma_has_a_closed_form(factor, too_sure):
    """With one kernel the region is a ball; truths `factor` times as far out are inside with a chi-square's chance."""
    mixture = make(2000, 1)
    truths = draw(PoseMixture(mixture.means, factor * mixture.scales, mixture.logits, "pose"))
    dimensions = 3 * (JOINTS - 1)
    for name, share in metrics.calibration(mixture, truths).items():
        expected = chi2.cdf(chi2.ppf(float(name), dimensions) / factor**2, dimensions)
        assert (expected < float(name)) == too_sure
        assert share == pytest.approx(expected, abs=0.05), name


def test_the_region_of_two_separate_kernels_has_a_closed_form():
    """A truth at the centre of the lesser kernel is inside once the level passes the mass that is denser than there."""
    weight, small, large, dimensions = 0.5, 0.02, 0.03, 3
    means = torch.zeros(400, 2, 2, 3)
    means[:, 1, 1] = 10.0
    scales = torch.tensor([small, large]).reshape(1, 2, 1, 1).expand(400, -1, -1, -1)
    mixture = PoseMixture(means, scales, torch.tensor([weight, 1 - weight]).log().expand(400, -1), "pose")
    radius_squared = 2 * math.log(weight / small**dimensions / ((1 - weight) / large**dimensions))
    mass = weight * chi2.cdf(radius_squared, dimensions)
    assert 0.2 < mass < 0.3
    shares = metrics.calibration(mixture, means[:, 1], samples=1999)
    assert list(shares.values()) == [0.0] * 2 + [1.0] * 7


def test_calibration_is_repeatable_and_looks_at_a_subset():
    mixture = make(300, 2)
    target = draw(mixture)
    first = metrics.calibration(mixture, target, poses=100, samples=19)
    assert first == metrics.calibration(mixture, target, poses=100, samples=19)
    assert first != metrics.calibration(mixture, target, seed=1, poses=100, samples=19)
    assert {round(share * 100, 9) % 1 for share in first.values()} == {0.0}  # hundredths: 100 poses were looked at


# --- kernels ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["pose", "node"])
def test_component_use_by_hand(level):
    weights = torch.tensor([[0.25, 0.25, 0.25, 0.25], [0.0, 1.0, 0.0, 0.0], [0.5, 0.46, 0.04, 0.0]])
    logits = per_level(weights.log().clamp_min(-1e3), level, JOINTS)
    mixture = PoseMixture(torch.zeros(3, 4, JOINTS, 3), torch.ones(3, 4, JOINTS, 1), logits, level)
    use = metrics.component_use(mixture)
    entropy = -(0.5 * math.log(0.5) + 0.46 * math.log(0.46) + 0.04 * math.log(0.04))
    assert use["mean_effective"] == pytest.approx((4 + 1 + math.exp(entropy)) / 3)
    assert use["over_5_percent_on_average"] == pytest.approx((4 + 1 + 2) / 3)
    assert use["selected_share"] == pytest.approx([2 / 3, 1 / 3, 0, 0])
    assert metrics.mean_weights(mixture).tolist() == pytest.approx(weights.mean(dim=0).tolist())


def test_the_root_has_no_say_in_node_level_component_use():
    mixture = make(10, 3, "node")
    before = metrics.component_use(mixture), metrics.mean_weights(mixture).tolist()
    mixture.logits[:, 0] = torch.tensor([100.0, 0.0, 0.0])
    assert (metrics.component_use(mixture), metrics.mean_weights(mixture).tolist()) == before


@pytest.mark.parametrize(("weight", "collapsed"), [(0.94, False), (0.96, True)])
def test_a_mixture_with_nearly_all_weight_on_one_kernel_has_collapsed(weight, collapsed):
    logits = torch.tensor([weight, 1 - weight]).log().expand(7, -1)
    mixture = PoseMixture(torch.zeros(7, 2, JOINTS, 3), torch.ones(7, 2, 1, 1), logits, "pose")
    assert metrics.has_collapsed(metrics.mean_weights(mixture).tolist()) is collapsed


def test_a_mixture_that_uses_one_kernel_a_pose_but_not_always_the_same_has_not_collapsed():
    logits = 100 * torch.eye(3)
    mixture = PoseMixture(torch.zeros(3, 3, JOINTS, 3), torch.ones(3, 3, 1, 1), logits, "pose")
    assert metrics.component_use(mixture)["mean_effective"] == pytest.approx(1)
    assert not metrics.has_collapsed(metrics.mean_weights(mixture).tolist())


@pytest.mark.parametrize("level", ["pose", "node"])
def test_pairwise_distance_by_hand(level):
    """The root, at 0 in every kernel, and a joint; its weights do not count."""
    assert metrics.pairwise_distance(by_hand(level)).tolist() == pytest.approx([math.sqrt(4**2 + 8**2) / 2])
    means = torch.zeros(1, 3, 2, 3)
    means[0, :, 0] = torch.randn(3, 3)
    means[0, 1, 1, 0], means[0, 2, 1, 1] = 3, 4  # a triangle of 3, 4 and 5
    logits = per_level(torch.tensor([[0.9, 0.1, 0.0]]).log(), level, 2)
    scales = torch.ones(1, 3, 2 if level == "node" else 1, 1)
    assert metrics.pairwise_distance(PoseMixture(means, scales, logits, level)).tolist() == pytest.approx([4 / 2])


def test_pairwise_distance_against_all_pairs_one_by_one(monkeypatch):
    mixture = make(7, 4)
    poses = outputs.hypotheses(mixture).double()
    pairs = [(a, b) for a in range(4) for b in range(4) if a != b]
    expected = torch.stack([(poses[:, a] - poses[:, b]).norm(dim=-1).mean(dim=1) for a, b in pairs]).mean(dim=0)
    torch.testing.assert_close(metrics.pairwise_distance(mixture), expected)
    monkeypatch.setattr(metrics, "PAIRS_AT_ONCE", 2 * JOINTS * 4**2)  # two poses at a time
    torch.testing.assert_close(metrics.pairwise_distance(mixture), expected)
    monkeypatch.setattr(metrics, "PAIRS_AT_ONCE", 1)
    torch.testing.assert_close(metrics.pairwise_distance(mixture), expected)


def test_kernels_that_are_one_have_no_distance():
    assert metrics.pairwise_distance(make(5, 1)).tolist() == [0.0] * 5
    alike = make(5, 1)
    many = PoseMixture(alike.means.expand(-1, 200, -1, -1), torch.ones(5, 200, 1, 1), torch.zeros(5, 200), "pose")
    assert metrics.pairwise_distance(many).max() < 1e-6


def test_variance_by_hand():
    variance = metrics.hypothesis_variance(by_hand())
    torch.testing.assert_close(variance, torch.tensor([[[3.0, 0.0, 12.0]]], dtype=torch.float64))  # 0.75 * 0.25 * d^2


def test_depth_ratio_by_hand():
    variance = torch.tensor([[1.0, 3.0, 8.0], [1.0, 1.0, 10.0], [1e6, 0.0, 0.0]])
    assert metrics.depth_ratio(variance, torch.tensor([True, True, False])) == pytest.approx(9 / 1.5)
    assert metrics.depth_ratio(variance, torch.tensor([False, False, False])) is None
    assert metrics.depth_ratio(torch.zeros(1, 3), torch.tensor([True])) is None


def test_depth_ratio_does_not_depend_on_how_the_camera_is_rolled():
    mixture = make(40, 3)
    turn = torch.tensor([[0.6, -0.8, 0.0], [0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])
    turned = PoseMixture(mixture.means @ turn, mixture.scales, mixture.logits, "pose")
    everywhere = torch.ones(40, dtype=torch.bool)
    ratios = [metrics.depth_ratio(metrics.hypothesis_variance(m).mean(dim=1), everywhere) for m in (mixture, turned)]
    assert ratios[0] == pytest.approx(ratios[1], rel=1e-5)


def lens(**changes: tuple[float, ...]) -> Camera:
    values = {"focal_length": (1000.0, 1000.0), "center": (500.0, 400.0)}
    nothing = {"radial_distortion": (0.0, 0.0, 0.0), "tangential_distortion": (0.0, 0.0)}
    place = {"orientation": (1.0, 0.0, 0.0, 0.0), "translation": (0.0, 0.0, 0.0)}
    return Camera(width=1000, height=1000, **(values | nothing | place | changes))  # type: ignore[arg-type]


def test_reprojection_by_hand():
    truth = torch.tensor([[[0.0, 0.0, 4000.0], [100.0, 0.0, 4000.0], [0.0, 200.0, 5000.0]]])
    keypoints_2d = torch.tensor([[[500.0, 400.0], [525.0, 400.0], [500.0, 440.0]]])
    shifted, nearer = truth.clone(), truth.clone()
    shifted[:, 1, 1] += 40  # 10 px
    nearer[:, 1] /= 2  # along its ray
    poses = torch.stack((truth, shifted, nearer), dim=1)
    errors = metrics.reprojection_errors(poses, keypoints_2d, [lens()], torch.tensor([0]))
    torch.testing.assert_close(errors, torch.tensor([[0.0, 5.0, 0.0]], dtype=torch.float64))  # over two joints


def test_every_pose_is_projected_by_its_own_camera_with_its_distortion():
    cameras = [
        lens(focal_length=(1100.0, 1150.0), radial_distortion=(-0.2, 0.24, -0.003)),
        lens(center=(512.0, 515.0), tangential_distortion=(-0.001, -0.0015)),
    ]
    poses = 500 * torch.randn(6, JOINTS, 3, generator=torch.Generator().manual_seed(0)).double()
    poses[..., 2] += 5000
    camera = torch.tensor([0, 1, 1, 0, 1, 0])
    keypoints_2d = torch.stack([cameras[c].to_image(pose) for pose, c in zip(poses, camera.tolist(), strict=True)])
    closer = 0.9 * poses  # every joint on its own ray
    stacked = torch.stack((poses, closer), dim=1)
    assert metrics.reprojection_errors(stacked, keypoints_2d, cameras, camera).max() < 1e-9
    assert metrics.reprojection_errors(stacked, keypoints_2d, cameras, 1 - camera).min() > 1
