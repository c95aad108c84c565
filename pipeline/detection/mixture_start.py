"""Initial means of a mixture at clusters of the training data, instead of random ones as in the papers.

From random means a small mixture may collapse to one component. K-means initialisation imposes a split, so the split is
no evidence that training found it. For a fair comparison, a network without a mixture starts at the training data's
mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.config import DetectionVariant
from pipeline.detection import STRIDE
from pipeline.detection.image_set import ImageSet
from pipeline.geometry import coco_keypoints
from pipeline.training.clusters import MOST, clusters

if TYPE_CHECKING:
    from pipeline.detection.models import CenterNet


@torch.no_grad()
def start_at_clusters(model: CenterNet, variant: DetectionVariant, data: ImageSet, input_size: int, seed: int) -> None:
    """Set the biases of the head that regresses keypoints or sizes to clusters of `data`, one per component.

    Clusters are in cells, of whole images. Without a mixture the one cluster is the mean. For boxes the logarithms of
    sizes are clustered, because sizes differ by factors. Raises ValueError for fewer objects than components.
    """
    if variant.task == "pose":
        name, centers = "keypoint_offsets", clusters(offsets(data, input_size), variant.head.total_components, seed)
    else:
        name, centers = "size", np.exp(clusters(log_sizes(data, input_size), variant.head.total_components, seed))
    for stack in range(model.stacks):
        bias = model.head(name, stack).output.bias
        assert bias is not None
        repeats = len(bias) // centers.size  # sizes of every category start equal
        bias.copy_(torch.from_numpy(np.tile(centers.ravel(), repeats)))


def offsets(data: ImageSet, input_size: int) -> NDArray[np.float64]:
    """Offsets [N, 34] in cells from the centre to the keypoints of people with all 17."""
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
    """Rows of the first objects, at most `MOST`, and the cells per pixel of each one's image."""
    rows, place = data.objects_of(np.arange(len(data)))
    rows, place = rows[:MOST], place[:MOST]
    return rows, input_size / STRIDE / data.sizes[place].max(axis=1)
