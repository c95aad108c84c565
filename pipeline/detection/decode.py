"""From a network's heads to the objects that it found: peaks of the centre heatmap and what is regressed there.

As in the authors' code (CenterNet's, with mixtures): 3 x 3 max-pool suppression and the 100 highest peaks of a
image; a centre is its cell plus `center_offset`; keypoints are offsets from the peak's whole-numbered cell; a box is
its size around the centre. Of a mixture the component with the largest weight predicts, or the weighted mean of all
(`choice`). MDN offset, Section 3.3; Mixture Dense, Section 3.3.

With a flip test `mirrored` has the heads of the mirrored images. Heatmaps are averaged before peaks are found; the
component is chosen in each of the two before offsets and sizes are averaged; centre offsets, and all that is said of
single components, are the unmirrored image's. As in the code an offset from a whole-numbered cell is mirrored by its
sign alone, though in an image mirrored pixel by pixel it becomes 0.75 - offset: averaged keypoints lie 0.375 cells
(1.5 px of the input) to the left of where both networks see them, if no refinement moves them. With `aligned` the 0.75
is added: what two perfect networks see stays where it is.

All is batched and stays on the heads' device; `to_detections` is what leaves it.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.config import modules
from pipeline.config.detection import DetectionVariant
from pipeline.detection.detections import Detections
from pipeline.detection.head_rows import heads_at_centers, size_of_category
from pipeline.detection.models.centernet import STRIDE
from pipeline.detection.peaks import Heads, Peaks, find_peaks, mirrored_cells, positions, rows_at
from pipeline.detection.refinement import find_candidates, refine
from pipeline.geometry import coco_keypoints

Choice = Literal["largest", "mean"]
# Pixel x of S is S - 1 - x when mirrored, cell c of S / 4 is S / 4 - 1 - c: what lies between moves by this many cells.
MIRROR_SHIFT = (STRIDE - 1) / STRIDE


@dataclass(frozen=True, eq=False)
class Found:
    """The N best objects in each of B images, best first, all lengths in cells of the G x G grid; K components.

    An image with fewer peaks has rows of score 0 at its end.
    """

    grid: int
    score: Tensor  # [B, N]
    category: Tensor  # [B, N]
    center: Tensor  # [B, N, 2]
    boxes: Tensor  # [B, N, 4] x0 y0 x1 y1
    component: Tensor  # [B, N]
    weights: Tensor  # [B, N, K]
    sigmas: Tensor  # [B, N, K, 2]
    sizes: Tensor  # [B, N, K, 2]
    keypoints: Tensor | None = None  # [B, N, 17, 2]
    component_keypoints: Tensor | None = None  # [B, N, K, 17, 2]


def decode(
    heads: Heads,
    variant: DetectionVariant,
    sigma_factor: float = 1.0,
    choice: Choice = "largest",
    refined: bool = False,
    limit: int = 100,
    mirrored: Heads | None = None,
    aligned: bool = False,
) -> Found:
    """What a network found in B images. `refined`: keypoints are moved to heatmap peaks (poses only).

    `sigma_factor` as in training (`head_mixture.minimum_sigma`); it changes the sigmas, no prediction. `aligned`: the
    mirrored keypoints are brought to where they belong (above); of boxes nothing is out of place.
    """
    if variant.task == "pose":
        return decode_keypoints(heads, variant, sigma_factor, choice, refined, limit, mirrored, aligned)
    if refined:
        raise ValueError("boxes have no keypoints to refine")
    return decode_boxes(heads, variant, sigma_factor, choice, limit, mirrored)


def decode_keypoints(
    heads: Heads,
    variant: DetectionVariant,
    sigma_factor: float = 1.0,
    choice: Choice = "largest",
    refined: bool = False,
    limit: int = 100,
    mirrored: Heads | None = None,
    aligned: bool = False,
) -> Found:
    """`decode` for a variant of task pose."""
    peaks, read, other = _read_both(heads, variant, sigma_factor, limit, mirrored)
    grid = heads.maps()["center"].shape[-1]
    assert read.offsets is not None
    offsets = read.choose(read.offsets, choice)
    if other is not None:
        assert other.offsets is not None
        offsets = (offsets + _mirrored_offsets(other.choose(other.offsets, choice), aligned)) / 2
    cell = positions(peaks.cell, grid)
    keypoints = offsets + cell.unsqueeze(2)
    found = _found(grid, peaks, read, other, choice)
    if refined:
        heat = _heat("keypoint_heatmap", heads, mirrored, coco_keypoints.MIRRORED)
        keypoints = refine(keypoints, found.boxes, find_candidates(heat, heads))
    return replace(found, keypoints=keypoints, component_keypoints=read.offsets + cell[:, :, None, None])


def decode_boxes(
    heads: Heads,
    variant: DetectionVariant,
    sigma_factor: float = 1.0,
    choice: Choice = "largest",
    limit: int = 100,
    mirrored: Heads | None = None,
) -> Found:
    """`decode` for a variant of task boxes."""
    peaks, read, other = _read_both(heads, variant, sigma_factor, limit, mirrored)
    return _found(heads.maps()["center"].shape[-1], peaks, read, other, choice)


@dataclass(frozen=True, eq=False)
class _Read:
    """What one network says at N cells of each of B images."""

    center_offset: Tensor  # [B, N, 2]
    weights: Tensor  # [B, N, K]
    sigmas: Tensor  # [B, N, K, 2]
    sizes: Tensor  # [B, N, K, 2]
    offsets: Tensor | None  # [B, N, K, 17, 2]

    def choose(self, values: Tensor, choice: Choice) -> Tensor:
        """Of values [B, N, K, ...] of the components one, [B, N, ...]."""
        if choice == "mean":
            weights = self.weights.reshape(*self.weights.shape, *(1,) * (values.dim() - 3))
            return (weights * values).sum(dim=2)
        index = self.weights.argmax(dim=-1)
        return values.take_along_dim(index.reshape(*index.shape, *(1,) * (values.dim() - 2)), dim=2).squeeze(2)


def _read_both(
    heads: Heads, variant: DetectionVariant, sigma_factor: float, limit: int, mirrored: Heads | None
) -> tuple[Peaks, _Read, _Read | None]:
    """The centres' peaks, what is read there, and what is read there of the mirrored images."""
    heat = _heat("center", heads, mirrored)
    peaks = find_peaks(heat, limit)
    read = _read(heads, peaks.cell, peaks.channel, variant, sigma_factor)
    if mirrored is None:
        return peaks, read, None
    cell = mirrored_cells(peaks.cell, heat.shape[-1])
    return peaks, read, _read(mirrored, cell, peaks.channel, variant, sigma_factor)


def _heat(name: str, heads: Heads, mirrored: Heads | None, channels: Sequence[int] | None = None) -> Tensor:
    """Probabilities [B, C, G, G], averaged with the mirrored images', whose channel channels[c] is c here."""
    heat = heads.maps()[name].float().sigmoid()
    if mirrored is None:
        return heat
    other = mirrored.maps()[name].float().sigmoid().flip(-1)
    return (heat + (other if channels is None else other[:, channels])) / 2


def _read(heads: Heads, cell: Tensor, category: Tensor, variant: DetectionVariant, sigma_factor: float) -> _Read:
    rows = rows_at(heads, cell, heads_at_centers(variant.task, variant.head))
    components = variant.head.total_components
    if variant.mixture:
        head_mixture = importlib.import_module(modules.HEAD_MIXTURE)
        weights, sigmas = head_mixture.weights_and_sigmas(rows, variant.head, sigma_factor)
    else:
        weights = torch.ones_like(rows["center_offset"][:, :1])
        sigmas = torch.zeros_like(rows["center_offset"]).unsqueeze(1)
    sizes = size_of_category(rows["size"], category.flatten()) if variant.head.per_category else rows["size"]
    sizes = sizes.unflatten(-1, (-1, 2)).expand(-1, components, -1)  # of a pose all components have the one size
    offsets = rows["keypoint_offsets"].unflatten(-1, (components, -1, 2)) if variant.task == "pose" else None
    return _Read(
        center_offset=rows["center_offset"].unflatten(0, cell.shape),
        weights=weights.unflatten(0, cell.shape),
        sigmas=sigmas.unflatten(0, cell.shape),
        sizes=sizes.unflatten(0, cell.shape),
        offsets=None if offsets is None else offsets.unflatten(0, cell.shape),
    )


def _mirrored_offsets(offsets: Tensor, aligned: bool) -> Tensor:
    """Keypoint offsets [..., 17, 2] of a mirrored image, as of the image itself: by their sign, or `aligned`."""
    turned = offsets[..., coco_keypoints.MIRRORED, :] * offsets.new_tensor([-1.0, 1.0])
    return turned + turned.new_tensor([MIRROR_SHIFT, 0.0]) if aligned else turned


def _found(grid: int, peaks: Peaks, read: _Read, other: _Read | None, choice: Choice) -> Found:
    """All but the keypoints."""
    size = read.choose(read.sizes, choice)
    if other is not None:
        size = (size + other.choose(other.sizes, choice)) / 2
    center = positions(peaks.cell, grid) + read.center_offset
    return Found(
        grid=grid,
        score=peaks.score,
        category=peaks.channel,
        center=center,
        boxes=torch.cat([center - size / 2, center + size / 2], dim=-1),
        component=read.weights.argmax(dim=-1),
        weights=read.weights,
        sigmas=read.sigmas,
        sizes=read.sizes,
    )


def to_detections(found: Found, matrices: NDArray | Tensor, first_image: int, input_size: int) -> Detections:
    """What was found, in px of the original images; rows of score 0 are left out.

    `matrices` [B, 2, 3] take px of an image to px of the network's input of `input_size` px; they scale and shift, no
    more. `first_image`: the index of the first of the B images in its set.
    """
    matrices = np.asarray(matrices, dtype=np.float64)
    scale = np.stack([matrices[:, 0, 0], matrices[:, 1, 1]], axis=1) * found.grid / input_size  # cells a px, [B, 2]
    shift = matrices[:, :, 2] * found.grid / input_size
    image, row = np.nonzero(found.score.cpu().numpy() > 0)

    def values(tensor: Tensor) -> NDArray:
        return tensor.cpu().numpy()[image, row]

    def length(tensor: Tensor) -> NDArray:
        array = values(tensor)
        return (array / scale[image].reshape(-1, *(1,) * (array.ndim - 2), 2)).astype(np.float32)

    def place(tensor: Tensor) -> NDArray:
        array = values(tensor)
        own = (-1, *(1,) * (array.ndim - 2), 2)
        return ((array - shift[image].reshape(own)) / scale[image].reshape(own)).astype(np.float32)

    return Detections(
        image=first_image + image.astype(np.int64),
        score=values(found.score),
        category=values(found.category),
        center=place(found.center),
        boxes=place(found.boxes.unflatten(-1, (2, 2))).reshape(-1, 4),
        component=values(found.component),
        weights=values(found.weights),
        sigmas=values(found.sigmas),
        sizes=length(found.sizes),
        keypoints=place(found.keypoints) if found.keypoints is not None else None,
        component_keypoints=place(found.component_keypoints) if found.component_keypoints is not None else None,
    )
