"""What CenterNet learns from annotated images: heatmaps, and values at the objects' centres.

The targets of CenterNet (arXiv 1904.07850, Sections 3 and 4), which both papers share. The grid has a quarter of the
input's resolution. As in the authors' code, and not in the text: a box is clipped to the grid's cells before its centre
is computed; a Gaussian is cut off at its radius; all quadratics of the radius use the same root (CornerNet's slip); a
keypoint's Gaussian has the radius of its person; people without keypoints have a centre peak, but no size and no
offsets. The code's limit of 32 people (128 objects) per image is not kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pipeline.detection import STRIDE
from pipeline.geometry import coco_keypoints
from pipeline.layout import Task


@dataclass(frozen=True)
class Annotations:
    """P objects of a batch of images, in px of the network's input."""

    image: Tensor  # [P] int64, index in the batch
    category: Tensor  # [P] int64
    boxes: Tensor  # [P, 4] x0 y0 x1 y1; may extend beyond the image
    keypoints: Tensor  # [P, 17, 2]
    visible: Tensor  # [P, 17] bool: annotated, and inside the image
    annotated: Tensor | None = None  # [P] bool: has keypoints, or is of boxes; None: all

    def __len__(self) -> int:
        return len(self.image)

    def to(self, device: str | torch.device) -> Annotations:
        return replace(self, **_each(self, lambda part: part.to(device)))

    def mirrored(self, size: int) -> Annotations:
        """The annotations of the mirrored images of `size` px: left and right are exchanged, in place and in name."""
        boxes = self.boxes.clone()
        boxes[:, 0::2] = size - 1 - self.boxes[:, [2, 0]]
        keypoints = self.keypoints[:, list(coco_keypoints.MIRRORED)]
        keypoints[..., 0] = size - 1 - keypoints[..., 0]
        visible = self.visible[:, list(coco_keypoints.MIRRORED)]
        return Annotations(self.image, self.category, boxes, keypoints, visible, self.annotated)


@dataclass(frozen=True)
class Targets:
    """P objects and Q keypoints on a grid of G x G cells. Lengths are in cells, [x, y]."""

    center_heatmap: Tensor  # [B, C, G, G]
    keypoint_heatmap: Tensor | None  # [B, 17, G, G]; None for boxes
    image: Tensor  # [P] int64
    cell: Tensor  # [P] int64, y * G + x of the centre
    category: Tensor  # [P] int64
    center_offset: Tensor  # [P, 2] of the centre from its cell
    size: Tensor  # [P, 2] width and height
    keypoint_offset: Tensor  # [P, 17, 2] from the centre's cell; 0 where the mask is False
    keypoint_mask: Tensor  # [P, 17] bool
    point_image: Tensor  # [Q] int64; points are all visible keypoints of the batch
    point_cell: Tensor  # [Q] int64
    point_joint: Tensor  # [Q] int64
    point_offset: Tensor  # [Q, 2] from its cell
    regressed: Tensor | None = None  # [P] bool: size and centre offset are learned; False for people without keypoints

    def to(self, device: str | torch.device) -> Targets:
        """On a device. From pinned memory without waiting."""
        return replace(self, **_each(self, lambda part: part.to(device, non_blocking=True)))

    def pinned(self) -> Targets:
        """In memory that a GPU can read by itself."""
        return replace(self, **_each(self, Tensor.pin_memory))


def _each(parts: Annotations | Targets, change: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
    """The tensors of a batch by name, changed; those that are None stay so."""
    return {name: change(part) for name, part in vars(parts).items() if part is not None}


def affine_transform(points: Tensor, matrices: Tensor) -> Tensor:
    """Points [..., 2] transformed by matrices [..., 2, 3]; leading axes broadcast."""
    return (matrices[..., :2] @ points[..., None])[..., 0] + matrices[..., 2]


def gaussian_radius(size: Tensor, overlap: float = 0.7) -> Tensor:
    """How far corners may move before a box's IoU falls below `overlap`: radii [...] of sizes [..., 2], in cells.

    CornerNet (arXiv 1808.01244, Section 3.2) as in CenterNet's code: the larger root of three quadratics, divided by 2
    instead of twice the leading coefficient.
    """
    total, area = size.sum(dim=-1), size.prod(dim=-1)
    quadratics = (  # a, b, c
        (1.0, total, area * (1 - overlap) / (1 + overlap)),  # one corner in, one out
        (4.0, 2 * total, area * (1 - overlap)),  # both in
        (4 * overlap, -2 * overlap * total, area * (overlap - 1)),  # both out
    )
    roots = [(b + (b * b - 4 * a * c).sqrt()) / 2 for a, b, c in quadratics]
    return torch.stack(roots).amin(dim=0)


def draw_gaussian(maps: Tensor, plane: Tensor, x: Tensor, y: Tensor, radius: Tensor) -> Tensor:
    """Draw n Gaussians into maps [M, G, G], in place; where they overlap the larger value counts. Returns the maps.

    `plane`, `x`, `y`, `radius` are [n] int64: the map, the cell (inside it), and where the Gaussian is cut off. Its
    standard deviation is (2 radius + 1) / 6 and its peak exactly 1. Gaussians of one radius are drawn together. Their
    cells beyond the border are drawn on the border, where the same Gaussian is larger, so they change nothing.
    """
    height, width = maps.shape[1:]
    for reach in radius.unique().tolist():
        chosen = (radius == reach).nonzero()[:, 0]
        steps = torch.arange(-reach, reach + 1, device=maps.device)
        profile = torch.exp(steps.to(maps.dtype) ** 2 * (-18 / (2 * reach + 1) ** 2))  # -1 / (2 sigma^2)
        shape = (profile * profile[:, None]).expand(len(chosen), -1, -1)
        rows = plane[chosen, None] * height + (y[chosen, None] + steps).clamp(0, height - 1)
        columns = (x[chosen, None] + steps).clamp(0, width - 1)
        cells = rows[:, :, None] * width + columns[:, None]
        maps.view(-1).scatter_reduce_(0, cells.view(-1), shape.reshape(-1), "amax")
    return maps


def make_targets(annotations: Annotations, task: Task, categories: int, batch: int, grid: int) -> Targets:
    """The targets of `batch` images of 4 `grid` px width and height. Objects outside the images have none."""
    boxes = (annotations.boxes.double() / STRIDE).clamp(0, grid - 1)
    size = boxes[:, 2:] - boxes[:, :2]
    kept = (size > 0).all(dim=1)
    boxes, size = boxes[kept], size[kept]
    image, category, visible = annotations.image[kept], annotations.category[kept], annotations.visible[kept]
    keypoints = annotations.keypoints[kept].double() / STRIDE

    center = (boxes[:, :2] + boxes[:, 2:]) / 2
    corner = center.floor()
    x, y = corner.long().unbind(dim=1)
    radius = gaussian_radius(size.ceil()).long()
    heatmap = boxes.new_zeros(batch * categories, grid, grid, dtype=torch.float32)
    draw_gaussian(heatmap, image * categories + category, x, y, radius)

    person, joint = visible.nonzero(as_tuple=True)
    point = keypoints[person, joint]
    point_corner = point.floor()
    point_x, point_y = point_corner.long().unbind(dim=1)
    keypoint_heatmap = None
    if task == "pose":
        joints = coco_keypoints.COUNT
        keypoint_heatmap = boxes.new_zeros(batch * joints, grid, grid, dtype=torch.float32)
        draw_gaussian(keypoint_heatmap, image[person] * joints + joint, point_x, point_y, radius[person])
        keypoint_heatmap = keypoint_heatmap.view(batch, joints, grid, grid)
    offset = torch.where(visible[..., None], keypoints - corner[:, None], 0.0)
    annotated = torch.ones_like(kept) if annotations.annotated is None else annotations.annotated
    return Targets(
        center_heatmap=heatmap.view(batch, categories, grid, grid),
        keypoint_heatmap=keypoint_heatmap,
        image=image,
        cell=y * grid + x,
        category=category,
        center_offset=(center - corner).float(),
        size=size.float(),
        keypoint_offset=offset.float(),
        keypoint_mask=visible,
        point_image=image[person],
        point_cell=point_y * grid + point_x,
        point_joint=joint,
        point_offset=(point - point_corner).float(),
        regressed=annotated[kept],
    )
