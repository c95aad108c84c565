"""What a metrics file says of a mixture beside its errors, gathered a chunk of poses at a time.

With 200 kernels the mixtures of half a million poses do not fit into memory, so nothing here keeps more of a pose than
a few numbers.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pipeline.lifting import mixture_metrics as mixtures
from pipeline.lifting.data import MILLIMETRES, LiftingData
from pipeline.lifting.mixture_poses import hypotheses, select
from pipeline.lifting.output_types import PoseMixture

REPROJECTION = ("mean", "worst", "truth", "depth_spread_px")


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
        self.first = self.first or select(mixture, slice(0, 1))
        use = mixtures.component_use(mixture)
        averages = {name: torch.tensor(value, dtype=torch.float64) for name, value in use.items()}
        averages["mean_weights"] = mixtures.mean_weights(mixture).cpu()
        averages["nll"] = mixtures.negative_log_likelihood(mixture, data.targets_of(rows)).mean().cpu()
        count = len(mixture.means)
        for name, value in averages.items():
            self.sums[name] = self.sums.get(name, torch.zeros_like(value)) + count * value
        self.count += count
        self.variance.append(mixtures.hypothesis_variance(mixture).mean(dim=1).cpu())
        self.seen.append(reprojection(mixture, data, rows).cpu())

    def result(self, ambiguous: Tensor, sample: PoseMixture, truth: Tensor) -> dict[str, Any]:
        """The entry. `ambiguous` [N] marks the poses on which the depth ratio is taken.

        Calibration and the kernels' distances are costly, so a `sample` of the mixtures with its `truth` [n, J, 3]
        gives them. `spread_mm` is the hypotheses' standard deviation along the camera's axes, over all poses.
        """
        assert self.first is not None, "nothing was added"
        variance = torch.cat(self.variance)
        average = {name: (total / self.count).tolist() for name, total in self.sums.items()}
        spread = MILLIMETRES * variance.mean(dim=0).sqrt()
        used = ("mean_effective", "over_5_percent_on_average", "selected_share")
        return {
            "kernels": self.first.means.shape[1],
            "level": self.first.level,
            "nll": average["nll"],
            "calibration": mixtures.calibration(sample, truth),
            "components_used": {name: average[name] for name in used},
            "mean_weights": average["mean_weights"],
            "collapsed": mixtures.has_collapsed(average["mean_weights"]),
            "spread_mm": dict(zip(("x", "y", "depth"), spread.tolist(), strict=True)),
            "pairwise_distance_mm": MILLIMETRES * float(mixtures.pairwise_distance(sample).mean()),
            "ambiguous_share": float(ambiguous.double().mean()),
            "depth_ratio": mixtures.depth_ratio(variance, ambiguous),
            "reprojection_px": _average_reprojection(torch.cat(self.seen)),
        }


def reprojection(mixture: PoseMixture, data: LiftingData, rows: slice) -> Tensor:
    """How well hypotheses explain the picture (claim GM-28), the four REPROJECTION figures of each pose, [n, 4] px.

    The average and the worst error over the hypotheses above 5 % weight (NaN where there is none), each put at the
    root's true place; the truth's own error, 0 unless the keypoints come from a detector; and, as the yardstick, the
    hypotheses' standard deviation along depth in the pixels that it would cover if it lay across the view.
    """
    keypoints_2d = data.keypoints_2d[rows].index_select(1, data.joints)
    roots = data.joints_3d[rows][:, None, :1].double()  # [n, 1, 1, 3] mm
    camera, cameras = data.camera[rows], data.pose_set.cameras

    everything = torch.cat((hypotheses(mixture), data.targets_of(rows)[:, None]), dim=1)
    errors = mixtures.reprojection_errors(MILLIMETRES * everything.double() + roots, keypoints_2d, cameras, camera)
    errors, truth = errors[:, :-1], errors[:, -1]
    used = mixtures.hypothesis_weights(mixture) > mixtures.USED_WEIGHT
    worst = errors.masked_fill(~used, -math.inf).amax(dim=1)
    mean = (errors * used).sum(dim=1) / used.sum(dim=1)
    focal_length = torch.tensor(
        np.array([lens.focal_length for lens in cameras]), dtype=torch.float64, device=mixture.means.device
    )
    depth_spread = MILLIMETRES * mixtures.hypothesis_variance(mixture)[..., 2].sqrt().mean(dim=1)
    depth_spread_px = depth_spread * focal_length.mean(dim=1)[camera] / roots[:, 0, 0, 2]
    return torch.stack((mean, worst.where(used.any(dim=1), torch.nan), truth, depth_spread_px), dim=1)


def _average_reprojection(seen: Tensor) -> dict[str, float | None]:
    """Averages over the poses that have a used hypothesis; None where no pose has one."""
    averages = seen.nanmean(dim=0).tolist()
    return {name: None if math.isnan(value) else value for name, value in zip(REPROJECTION, averages, strict=True)}
