"""From a network's heads to the objects that it found: peaks of the centre heatmap and what is regressed there.

As in the authors' code (CenterNet's, with mixtures): 3 x 3 max-pool suppression and the 100 highest peaks of an image;
a centre is its cell plus `center_offset`; keypoints are offsets from the peak's whole-numbered cell; a box is its size
around the centre. Of a mixture the component with the largest weight predicts, or the weighted mean of all (`choice`).
MDN offset, Section 3.3; Mixture Dense, Section 3.3.

With a flip test, `mirrored` gives the heads of the mirrored images. Heatmaps are averaged before peaks are found. The
component is chosen in each of the two before offsets and sizes are averaged. Centre offsets, and the values of single
components, are those of the unmirrored image. The authors' code mirrors an offset from a whole-numbered cell by
changing its sign alone, although in an image mirrored pixel by pixel it becomes 0.75 - offset. So averaged keypoints
lie 0.375 cells (1.5 px of the input) too far left, unless refinement moves them. `aligned` adds the missing 0.75.

Everything is batched and stays on the heads' device, up to `to_detections`. Shapes: B images, N peaks per image, J = 17
joints, K components, G x G cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.config import modules
from pipeline.config.detection import DetectionVariant
from pipeline.detection import STRIDE
from pipeline.detection.detections import Detections
from pipeline.detection.models.centernet import heads_at_centers, size_of_category
from pipeline.detection.peaks import Heads, Peaks, find_peaks, mirrored_cells, positions, rows_at
from pipeline.geometry import coco_keypoints

Choice = Literal["largest", "mean"]
# Mirrored, pixel x of S becomes S - 1 - x and cell c of S / 4 becomes S / 4 - 1 - c: the difference in cells.
MIRROR_SHIFT = (STRIDE - 1) / STRIDE
LOWEST_SCORE = 0.1  # of a heatmap peak that a keypoint may be moved to
LARGEST_MOVE = 0.3  # times the longer side of the box


@dataclass(frozen=True, eq=False)
class Found:
    """The N best objects of each image, best first; all lengths are in cells.

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

    `sigma_factor` is that of the training (`minimum_sigma`); it changes the sigmas and no prediction. `aligned`:
    mirrored keypoints are shifted to their true place (see above); boxes need no shift. Raises ValueError for refined
    boxes.
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
    """The heads' values at N cells of each image."""

    center_offset: Tensor  # [B, N, 2]
    weights: Tensor  # [B, N, K]
    sigmas: Tensor  # [B, N, K, 2]
    sizes: Tensor  # [B, N, K, 2]
    offsets: Tensor | None  # [B, N, K, 17, 2]

    def choose(self, values: Tensor, choice: Choice) -> Tensor:
        """From values [B, N, K, ...] of the components, the chosen one's or the weighted mean, [B, N, ...]."""
        if choice == "mean":
            weights = self.weights.reshape(*self.weights.shape, *(1,) * (values.dim() - 3))
            return (weights * values).sum(dim=2)
        index = self.weights.argmax(dim=-1)
        return values.take_along_dim(index.reshape(*index.shape, *(1,) * (values.dim() - 2)), dim=2).squeeze(2)


def _read_both(
    heads: Heads, variant: DetectionVariant, sigma_factor: float, limit: int, mirrored: Heads | None
) -> tuple[Peaks, _Read, _Read | None]:
    """The centres' peaks, and what is read there in the images and in the mirrored images."""
    heat = _heat("center", heads, mirrored)
    peaks = find_peaks(heat, limit)
    read = _read(heads, peaks.cell, peaks.channel, variant, sigma_factor)
    if mirrored is None:
        return peaks, read, None
    cell = mirrored_cells(peaks.cell, heat.shape[-1])
    return peaks, read, _read(mirrored, cell, peaks.channel, variant, sigma_factor)


def _heat(name: str, heads: Heads, mirrored: Heads | None, channels: Sequence[int] | None = None) -> Tensor:
    """Probabilities [B, C, G, G], averaged with the mirrored images', of which channel channels[c] is c here."""
    heat = heads.maps()[name].float().sigmoid()
    if mirrored is None:
        return heat
    other = mirrored.maps()[name].float().sigmoid().flip(-1)
    return (heat + (other if channels is None else other[:, channels])) / 2


def _read(heads: Heads, cell: Tensor, category: Tensor, variant: DetectionVariant, sigma_factor: float) -> _Read:
    rows = rows_at(heads, cell, heads_at_centers(variant.task, variant.head))
    components = variant.head.total_components
    if variant.mixture:
        weights, sigmas = modules.load(modules.WEIGHTS_AND_SIGMAS)(rows, variant.head, sigma_factor)
    else:
        weights = torch.ones_like(rows["center_offset"][:, :1])
        sigmas = torch.zeros_like(rows["center_offset"]).unsqueeze(1)
    sizes = size_of_category(rows["size"], category.flatten()) if variant.head.per_category else rows["size"]
    sizes = sizes.unflatten(-1, (-1, 2)).expand(-1, components, -1)  # all components of a pose have one size
    offsets = rows["keypoint_offsets"].unflatten(-1, (components, -1, 2)) if variant.task == "pose" else None
    return _Read(
        center_offset=rows["center_offset"].unflatten(0, cell.shape),
        weights=weights.unflatten(0, cell.shape),
        sigmas=sigmas.unflatten(0, cell.shape),
        sizes=sizes.unflatten(0, cell.shape),
        offsets=None if offsets is None else offsets.unflatten(0, cell.shape),
    )


def _mirrored_offsets(offsets: Tensor, aligned: bool) -> Tensor:
    """Keypoint offsets [..., J, 2] of a mirrored image, turned back: by their sign alone, or `aligned`."""
    turned = offsets[..., coco_keypoints.MIRRORED, :] * offsets.new_tensor([-1.0, 1.0])
    return turned + turned.new_tensor([MIRROR_SHIFT, 0.0]) if aligned else turned


def _found(grid: int, peaks: Peaks, read: _Read, other: _Read | None, choice: Choice) -> Found:
    """What was found, without keypoints."""
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


# --- refinement -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Candidates:
    """Where the heatmaps see each joint: up to M peaks of each heatmap."""

    place: Tensor  # [B, J, M, 2] in cells
    counts: Tensor  # [B, J, M] bool: those whose score is high enough


def find_candidates(heat: Tensor, heads: Heads, limit: int = 100) -> Candidates:
    """The candidates in keypoint heatmaps [B, J, G, G] of probabilities: peaks that score above 0.1.

    Each lies at its cell plus `keypoint_local_offset`. With a flip test `heat` is the mean of both heatmaps, and the
    offsets are the unmirrored image's.
    """
    batch, joints, grid = heat.shape[:3]
    peaks = find_peaks(heat.flatten(0, 1).unsqueeze(1), limit)
    counts = peaks.score > LOWEST_SCORE
    place = positions(peaks.cell, grid)
    map_index, rank = counts.nonzero(as_tuple=True)
    offsets = heads.at(map_index // joints, peaks.cell[map_index, rank], ("keypoint_local_offset",))
    place[map_index, rank] += offsets["keypoint_local_offset"].float()
    return Candidates(place.unflatten(0, (batch, joints)), counts.unflatten(0, (batch, joints)))


def refine(keypoints: Tensor, boxes: Tensor, candidates: Candidates) -> Tensor:
    """Regressed keypoints [B, N, J, 2] moved to peaks of the heatmaps (MDN offset, Section 3.3; CenterNet); in cells.

    A keypoint moves to the nearest candidate if that is inside the object's box [B, N, 4] (x0 y0 x1 y1) and nearer than
    0.3 times the box's longer side, as in CenterNet's code; otherwise it stays.
    """
    exact = "donot_use_mm_for_euclid_dist"  # the product form errs by a tenth of a cell in float32
    distance = torch.cdist(keypoints.transpose(1, 2), candidates.place, compute_mode=exact)  # [B, J, N, M]
    distance = distance.masked_fill(~candidates.counts.unsqueeze(2), torch.inf)
    nearest, index = distance.min(dim=-1)
    place = candidates.place.take_along_dim(index.unsqueeze(-1), dim=2).transpose(1, 2)  # [B, N, J, 2]
    low, high = boxes[:, :, None, :2], boxes[:, :, None, 2:]
    inside = ((place >= low) & (place <= high)).all(dim=-1)
    near = nearest.transpose(1, 2) < LARGEST_MOVE * (high - low).amax(dim=-1)
    return torch.where((inside & near).unsqueeze(-1), place, keypoints)


# --- to pixels of the images ------------------------------------------------------------------------------------------


def to_detections(found: Found, matrices: NDArray | Tensor, first_image: int, input_size: int) -> Detections:
    """What was found, in px of the original images. Rows of score 0 are left out.

    `matrices` [B, 2, 3] map px of an image to px of the network's input of `input_size` px; they only scale and shift.
    `first_image`: the index of the first of the B images in its set.
    """
    matrices = np.asarray(matrices, dtype=np.float64)
    scale = np.stack([matrices[:, 0, 0], matrices[:, 1, 1]], axis=1) * found.grid / input_size  # cells per px, [B, 2]
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
