"""Measurements of a mixture over poses: its density, its kernels, and the part of a metrics file about them.

Training needs nothing of this. With 200 kernels the mixtures of half a million poses do not fit into memory, so
`MixtureDescription` takes a chunk of poses at a time and keeps a few numbers per pose.

Densities leave the root out, joint 0, where the truth is exactly 0: at a point that never varies a small sigma would
buy any likelihood, and three dimensions that are always hit would make every mixture look less sure than it is. Kernels
are diagonal, so dropping the root's dimensions is the exact marginal. `loss` in the metrics file keeps the root, as
training does.

At node level (GraphMDN, Section 3.1), where every joint is a mixture of its own, a hypothesis weighs the average of its
weights over the joints, and its spread uses each joint's own weights. `lifting.outputs` defines a hypothesis.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from pipeline.geometry.camera import Camera, project
from pipeline.lifting.data import MILLIMETRES, LiftingData
from pipeline.lifting.outputs import PoseMixture, distribution, hypotheses, mixing_weights
from pipeline.lifting.results import ComponentsUsed, Mixture, Reprojection

CALIBRATION_PERCENT = range(10, 100, 10)
CALIBRATION_POSES = 2000
CALIBRATION_SAMPLES = 99  # 100 equally likely ranks, of which every tenth is a whole number
CALIBRATION_NUMBERS_AT_ONCE = 500_000  # coordinates, so that a chunk stays in a processor's cache
PAIRS_AT_ONCE = 2_000_000  # of kernels, so that 200 of them do not fill the memory
USED_WEIGHT = 0.05  # a kernel with more weight than this counts as used
COLLAPSED_WEIGHT = 0.95  # one kernel with more than this on average: the mixture has collapsed to it


# --- density ----------------------------------------------------------------------------------------------------------


def negative_log_likelihood(mixture: PoseMixture, target: Tensor) -> Tensor:
    """Of each target [N, J, 3] in metres, without its root: nats per pose, [N] float64."""
    return -log_density(without_root(mixture), target[:, 1:].double())


def without_root(mixture: PoseMixture) -> PoseMixture:
    """The mixture over the joints but the root, in float64: the exact marginal, since kernels are diagonal."""
    per_joint = mixture.scales.shape[2] > 1
    return replace(
        mixture,
        means=mixture.means[:, :, 1:].double(),
        scales=(mixture.scales[:, :, 1:] if per_joint else mixture.scales).double(),
        logits=(mixture.logits[:, 1:] if mixture.level == "node" else mixture.logits).double(),
    )


def log_density(mixture: PoseMixture, poses: Tensor) -> Tensor:
    """Log-density of poses [..., N, J, 3], one for each of the N mixtures, [..., N]."""
    if mixture.level == "node":  # joints are independent
        return distribution(mixture).log_prob(poses).sum(dim=-1)
    return distribution(mixture).log_prob(poses.flatten(start_dim=-2))


def calibration(
    mixture: PoseMixture,
    target: Tensor,
    seed: int = 0,
    poses: int = CALIBRATION_POSES,
    samples: int = CALIBRATION_SAMPLES,
) -> dict[str, float]:
    """Share of targets [N, J, 3] inside the p % highest-density region of their mixture: {"0.1": ..., "0.9": ...}.

    Equal to p where the mixture is calibrated, below it where it is too sure of itself. The region of content p holds
    the densest poses (Hyndman, "Computing and graphing highest density regions", 1996), so the truth lies inside when
    a pose of the mixture is denser than the truth with a probability below p. That probability is estimated by
    `samples` draws. The truth of a calibrated mixture is one draw more, whose rank among all of them has
    `samples` + 1 equally likely values: its expected share is p exactly, with few samples as with many.

    At most `poses` poses are used, chosen and sampled by `seed`; with 2000 of them a share's standard error is
    1.1 % at most (if they were independent; neighbouring frames are not).
    """
    generator = torch.Generator(device=target.device).manual_seed(seed)
    chosen = torch.randperm(len(target), generator=generator, device=target.device)[:poses]
    at_once = max(1, CALIBRATION_NUMBERS_AT_ONCE // (samples * mixture.means[0].numel()))
    denser = torch.cat(
        [
            _denser_samples(without_root(mixture.select(rows)), target[rows, 1:].double(), samples, generator)
            for rows in chosen.split(at_once)
        ]
    )
    return {f"{p / 100:.1f}": float((denser * 100 < p * (samples + 1)).double().mean()) for p in CALIBRATION_PERCENT}


def _denser_samples(mixture: PoseMixture, target: Tensor, samples: int, generator: torch.Generator) -> Tensor:
    """How many of `samples` poses drawn from each mixture have a higher density than its target, [N] int64."""
    drawn = distribution(mixture).sample(samples, generator)
    drawn = drawn if mixture.level == "node" else drawn.unflatten(-1, target.shape[-2:])
    return (log_density(mixture, drawn) > log_density(mixture, target)).sum(dim=0)


# --- kernels ----------------------------------------------------------------------------------------------------------


def hypothesis_weights(mixture: PoseMixture) -> Tensor:
    """One weight per hypothesis, [N, K] float64; at node level the average over the joints, the root left out."""
    return _weights_beside_root(mixture).mean(dim=1)


def component_use(mixture: PoseMixture) -> dict[str, float | list[float]]:
    """How many kernels the mixture uses, averaged over poses (and over the joints but the root, at node level).

    `mean_effective`: exp of the weights' entropy, from 1 (a single kernel) to K (all alike).
    `over_5_percent_on_average`: how many kernels weigh more than 5 %.
    `selected_share`: share of poses (and joints) whose highest kernel is k, [K].
    """
    weights = _weights_beside_root(mixture).flatten(end_dim=1)  # [N or N (J - 1), K]
    effective = torch.special.entr(weights).sum(dim=-1).exp()
    selected = torch.bincount(weights.argmax(dim=-1), minlength=weights.shape[-1]).double() / len(weights)
    return {
        "mean_effective": float(effective.mean()),
        "over_5_percent_on_average": float((weights > USED_WEIGHT).sum(dim=-1).double().mean()),
        "selected_share": selected.tolist(),
    }


def mean_weights(mixture: PoseMixture) -> Tensor:
    """Weight of each kernel, averaged over poses (and joints), [K] float64."""
    return _weights_beside_root(mixture).mean(dim=(0, 1))


def pairwise_distance(mixture: PoseMixture) -> Tensor:
    """Mean distance of a joint in two kernels, over all pairs of different kernels and all joints: [N] float64, metres.

    0 with one kernel. Weights play no part: it says how far apart the hypotheses are (claim GM-24).
    """
    joints = hypotheses(mixture).transpose(1, 2).double()  # [N, J, K, 3]
    kernels = joints.shape[2]
    at_once = max(1, PAIRS_AT_ONCE // (joints.shape[1] * kernels**2))
    sums = [torch.cdist(some, some).sum(dim=(-2, -1)).mean(dim=1) for some in joints.split(at_once)]
    return torch.cat(sums) / max(1, kernels * (kernels - 1))


def has_collapsed(weights: Sequence[float]) -> bool:
    """Whether one of the kernels' mean weights is more than 95 %: the mixture is a point model in disguise."""
    return max(weights) > COLLAPSED_WEIGHT


def hypothesis_variance(mixture: PoseMixture) -> Tensor:
    """Weighted variance of the hypotheses along the camera's x, y and z (depth), [N, J - 1, 3] float64, m^2."""
    means = mixture.means[:, :, 1:].double()
    weights = _weights_beside_root(mixture).transpose(1, 2)[..., None]  # [N, K, 1 or J - 1, 1]
    center = (weights * means).sum(dim=1, keepdim=True)
    return (weights * (means - center).square()).sum(dim=1)


def depth_ratio(variance: Tensor, ambiguous: Tensor) -> float | None:
    """How much further hypotheses lie apart along depth than across it (claim GM-27); None where nothing can be said.

    Variance along depth over the mean of those along x and y, each averaged over the `ambiguous` [N] poses of
    `variance` [N, 3], the joints' mean `hypothesis_variance`. Poses are averaged before the division, so that a pose
    with hardly any spread does not rule.
    """
    x, y, depth = variance[ambiguous].mean(dim=0).tolist()
    across = (x + y) / 2
    return depth / across if across > 0 else None  # an average over no pose is NaN, and no NaN is above 0


def reprojection_errors(poses: Tensor, keypoints_2d: Tensor, cameras: Sequence[Camera], camera: Tensor) -> Tensor:
    """Distance between poses [N, K, J, 3], seen by their camera, and keypoints_2d [N, J, 2] px: [N, K] float64, px.

    The poses are in the camera's frame with their true root position, in any unit; `camera` [N] holds indices into
    `cameras`. Averaged over the joints but the root, which lies in its true place whatever the hypothesis says.
    """
    lenses = (
        [lens.focal_length for lens in cameras],
        [lens.center for lens in cameras],
        [lens.radial_distortion for lens in cameras],
        [lens.tangential_distortion for lens in cameras],
    )
    constants = [poses.new_tensor(values, dtype=torch.float64)[camera][:, None, None] for values in lenses]
    pixels = project(poses.double(), *constants)
    return (pixels - keypoints_2d[:, None]).norm(dim=-1)[..., 1:].mean(dim=-1)


def _weights_beside_root(mixture: PoseMixture) -> Tensor:
    """`mixing_weights` less the root's, whose mixture at node level has nothing to tell apart."""
    weights = mixing_weights(mixture)
    return weights[:, 1:] if mixture.level == "node" else weights


# --- what a metrics file says -----------------------------------------------------------------------------------------


class MixtureDescription:
    """Adds up the `mixture` part of a seed's entry. Every chunk counts by its number of poses."""

    def __init__(self) -> None:
        self.count = 0
        self.sums: dict[str, Tensor] = {}
        self.variance: list[Tensor] = []
        self.seen: list[Tensor] = []
        self.first: PoseMixture | None = None

    def add(self, mixture: PoseMixture, data: LiftingData, rows: slice) -> None:
        """The mixtures of the poses in `rows` of the data."""
        self.first = self.first or mixture.select(slice(0, 1))
        use = component_use(mixture)
        averages = {name: torch.tensor(value, dtype=torch.float64) for name, value in use.items()}
        averages["mean_weights"] = mean_weights(mixture).cpu()
        averages["nll"] = negative_log_likelihood(mixture, data.targets_of(rows)).mean().cpu()
        count = len(mixture.means)
        for name, value in averages.items():
            self.sums[name] = self.sums.get(name, torch.zeros_like(value)) + count * value
        self.count += count
        self.variance.append(hypothesis_variance(mixture).mean(dim=1).cpu())
        self.seen.append(reprojection(mixture, data, rows).cpu())

    def result(self, ambiguous: Tensor, sample: PoseMixture, truth: Tensor) -> Mixture:
        """The part of the metrics file. `ambiguous` [N] marks the poses on which the depth ratio is taken.

        Calibration and the kernels' distances are costly, so a `sample` of the mixtures with its `truth` [n, J, 3]
        gives them. `spread_mm` is the hypotheses' standard deviation along the camera's axes, over all poses.
        """
        assert self.first is not None, "nothing was added"
        variance = torch.cat(self.variance)
        average = {name: (total / self.count).tolist() for name, total in self.sums.items()}
        spread = MILLIMETRES * variance.mean(dim=0).sqrt()
        return Mixture(
            kernels=self.first.means.shape[1],
            level=self.first.level,
            nll=average["nll"],
            calibration=calibration(sample, truth),
            components_used=ComponentsUsed(**{name: average[name] for name in ComponentsUsed.model_fields}),
            mean_weights=average["mean_weights"],
            collapsed=has_collapsed(average["mean_weights"]),
            spread_mm=dict(zip(("x", "y", "depth"), spread.tolist(), strict=True)),
            pairwise_distance_mm=MILLIMETRES * float(pairwise_distance(sample).mean()),
            ambiguous_share=float(ambiguous.double().mean()),
            depth_ratio=depth_ratio(variance, ambiguous),
            reprojection_px=_average_reprojection(torch.cat(self.seen)),
        )


def reprojection(mixture: PoseMixture, data: LiftingData, rows: slice) -> Tensor:
    """How well hypotheses explain the image (claim GM-28): the four numbers of `Reprojection` for each pose, [n, 4] px.

    The average and the worst error over the hypotheses above 5 % weight (NaN where there is none), each put at the
    root's true place; the truth's own error, 0 unless the keypoints come from a detector; and, as the yardstick, the
    hypotheses' standard deviation along depth in the pixels that it would cover if it lay across the view.
    """
    keypoints_2d = data.keypoints_2d[rows].index_select(1, data.joints)
    roots = data.joints_3d[rows][:, None, :1].double()  # [n, 1, 1, 3] mm
    camera, cameras = data.camera[rows], data.pose_set.cameras

    everything = torch.cat((hypotheses(mixture), data.targets_of(rows)[:, None]), dim=1)
    errors = reprojection_errors(MILLIMETRES * everything.double() + roots, keypoints_2d, cameras, camera)
    errors, truth = errors[:, :-1], errors[:, -1]
    used = hypothesis_weights(mixture) > USED_WEIGHT
    worst = errors.masked_fill(~used, -math.inf).amax(dim=1)
    mean = (errors * used).sum(dim=1) / used.sum(dim=1)
    focal_length = torch.tensor(
        np.array([lens.focal_length for lens in cameras]), dtype=torch.float64, device=mixture.means.device
    )
    depth_spread = MILLIMETRES * hypothesis_variance(mixture)[..., 2].sqrt().mean(dim=1)
    depth_spread_px = depth_spread * focal_length.mean(dim=1)[camera] / roots[:, 0, 0, 2]
    return torch.stack((mean, worst.where(used.any(dim=1), torch.nan), truth, depth_spread_px), dim=1)


def _average_reprojection(seen: Tensor) -> Reprojection:
    """Averages over the poses that have a used hypothesis; None where no pose has one."""
    averages = seen.nanmean(dim=0).tolist()
    found = (None if math.isnan(value) else value for value in averages)
    return Reprojection(**dict(zip(Reprojection.model_fields, found, strict=True)))
