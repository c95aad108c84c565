"""Where the means of a mixture begin: at random as the papers', or at clusters of the training data.

From a random start a small mixture may leave everything to one component. Starting the components at k-means' centres
builds a division in, so that what the components then divide by is no finding of the training's; and to be fair, a
network without a mixture gets the same: the training data's mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

from pipeline.config import DetectionVariant
from pipeline.detection.image_set import ImageSet
from pipeline.detection.models.centernet import STRIDE
from pipeline.geometry import coco_keypoints

if TYPE_CHECKING:
    from pipeline.detection.models import CenterNet

MOST = 20000  # objects that are looked at


@torch.no_grad()
def start_at_clusters(model: CenterNet, variant: DetectionVariant, data: ImageSet, input_size: int, seed: int) -> None:
    """Set the biases of the heads that regress keypoints or sizes to clusters of `data`, one a component.

    In cells, of whole images. Without a mixture there is one cluster, the mean; of boxes logarithms are clustered,
    since sizes differ by factors. Raises ValueError if there are fewer objects than components.
    """
    if variant.task == "pose":
        name, centers = "keypoint_offsets", clusters(offsets(data, input_size), variant.head.total_components, seed)
    else:
        name, centers = "size", np.exp(clusters(log_sizes(data, input_size), variant.head.total_components, seed))
    for stack in range(model.stacks):
        bias = model.head(name, stack).output.bias
        assert bias is not None
        repeats = len(bias) // centers.size  # sizes of every category begin alike
        bias.copy_(torch.from_numpy(np.tile(centers.ravel(), repeats)))


def clusters(targets: NDArray[np.float64], count: int, seed: int) -> NDArray[np.float64]:
    """K-means' centres [count, D] of rows [N, D], which the seed decides; the mean for one."""
    if len(targets) < count:
        raise ValueError(f"{len(targets)} objects with all that is asked for are too few for {count} components")
    if count == 1:
        return targets.mean(axis=0, keepdims=True)
    centers, _ = kmeans2(targets, count, minit="++", rng=np.random.default_rng(seed))
    return centers


def offsets(data: ImageSet, input_size: int) -> NDArray[np.float64]:
    """Offsets [N, 34] in cells from the centre to all keypoints, of people who have them all."""
    rows, scale = _rows_and_scale(data, input_size)
    known = (data.keypoints[rows, :, 2] > 0).all(axis=1)
    center = (data.boxes[rows, :2] + data.boxes[rows, 2:]) / 2
    found = (data.keypoints[rows, :, :2] - center[:, None]) * scale[:, None, None]
    return found[known].reshape(-1, 2 * coco_keypoints.COUNT).astype(np.float64)


def log_sizes(data: ImageSet, input_size: int) -> NDArray[np.float64]:
    """Logarithms of widths and heights [N, 2] in cells."""
    rows, scale = _rows_and_scale(data, input_size)
    sizes = (data.boxes[rows, 2:] - data.boxes[rows, :2]) * scale[:, None]
    return np.log(sizes.astype(np.float64))


def _rows_and_scale(data: ImageSet, input_size: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Objects, not too many, and for each how many cells a pixel of its image has."""
    rows, place = data.objects_of(np.arange(len(data)))
    rows, place = rows[:MOST], place[:MOST]
    return rows, input_size / STRIDE / data.sizes[place].max(axis=1)
