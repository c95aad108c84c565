"""Made people and boxes, and the heads of a network that predicts them perfectly: the targets as full maps."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from pipeline.config.detection import DetectionHead, DetectionVariant
from pipeline.detection.targets import Annotations, Targets
from pipeline.geometry import coco_keypoints

GARBAGE = 7.0  # what stands where the truth has no say


def variant(task: Literal["pose", "boxes"], **head: object) -> DetectionVariant:
    return DetectionVariant(paper="mdn_offset", title="made", task=task, head=DetectionHead.model_validate(head))


def people(batch: int = 3, size: int = 128, seed: int = 0, categories: int = 1, spacing: int = 64) -> Annotations:
    """One person (object) in the middle part of every square of `spacing` px: all visible, nobody near another.

    A person's keypoints lie more than 4 px apart, so that no two share a cell.
    """
    generator = torch.Generator().manual_seed(seed)
    places = size // spacing
    count = batch * places * places
    index = torch.arange(count)
    image, square = index // (places * places), index % (places * places)
    corner = torch.stack([square % places, square // places], dim=1) * float(spacing)
    low = corner + 4 + 8 * torch.rand(count, 2, generator=generator)
    high = corner + spacing - 4 - 8 * torch.rand(count, 2, generator=generator)
    joint = torch.arange(coco_keypoints.COUNT)
    part = 0.3 + 0.4 * torch.rand(count, coco_keypoints.COUNT, 2, generator=generator)
    part = (part + torch.stack([joint % 5, joint // 5], dim=1)) / 5
    keypoints = low[:, None] + part * (high - low)[:, None]
    visible = torch.ones(count, coco_keypoints.COUNT, dtype=torch.bool)
    category = torch.randint(categories, (count,), generator=generator)
    return Annotations(image, category, torch.cat([low, high], dim=1), keypoints, visible)


def right_components(targets: Targets, components: int) -> Tensor:
    """The component that is right about each object, [P]: in turn."""
    return torch.arange(len(targets.image)) % components


def truth_maps(targets: Targets, variant: DetectionVariant) -> dict[str, Tensor]:
    """Full maps of every head. One component of a mixture is right and has most of the weight; the others are wrong."""
    batch, _, grid, _ = targets.center_heatmap.shape
    components = variant.head.total_components
    right, objects = right_components(targets, components), torch.arange(len(targets.image))

    def placed(rows: Tensor, image: Tensor = targets.image, cell: Tensor = targets.cell) -> Tensor:
        whole = torch.full((batch, grid * grid, rows.shape[1]), GARBAGE)
        whole[image, cell] = rows
        return whole.transpose(1, 2).unflatten(2, (grid, grid)).contiguous()

    def by_component(rows: Tensor) -> Tensor:
        whole = torch.full((len(rows), components, rows.shape[1]), GARBAGE)
        whole[objects, right] = rows
        return placed(whole.flatten(1))

    maps = {"center": _logits(targets.center_heatmap), "center_offset": placed(targets.center_offset)}
    if variant.mixture:
        logits = torch.zeros(len(objects), components)
        logits[objects, right] = 40.0
        maps |= {"logits": placed(logits), "sigma": placed(torch.zeros(len(objects), 2 * components))}
    if variant.task == "boxes":
        maps["size"] = by_component(targets.size)
        if variant.head.per_category:
            categories = targets.center_heatmap.shape[1]
            sizes = torch.full((len(objects), categories, 2), GARBAGE)
            sizes[objects, targets.category] = targets.size
            maps["size"] = placed(sizes.flatten(1))
        return maps
    assert targets.keypoint_heatmap is not None
    return maps | {
        "size": placed(targets.size),
        "keypoint_offsets": by_component(targets.keypoint_offset.flatten(1)),
        "keypoint_heatmap": _logits(targets.keypoint_heatmap),
        "keypoint_local_offset": placed(targets.point_offset, targets.point_image, targets.point_cell),
    }


def mirror_image(maps: dict[str, Tensor], components: int = 1, shift: float = 0.0) -> dict[str, Tensor]:
    """Full maps as a network gives them that sees exactly the mirror image, by the rule that decoding undoes.

    The authors' rule mirrors an offset by its sign; of an image mirrored pixel by pixel it is `shift` 0.75 more.
    """
    mirrored = {name: whole.flip(-1) for name, whole in maps.items()}
    if "keypoint_offsets" in maps:
        swap = list(coco_keypoints.MIRRORED)
        offsets = mirrored["keypoint_offsets"].unflatten(1, (components, coco_keypoints.COUNT, 2))[:, :, swap]
        sign, more = torch.tensor([-1.0, 1.0]), torch.tensor([shift, 0.0])
        mirrored["keypoint_offsets"] = (offsets * sign[:, None, None] + more[:, None, None]).flatten(1, 3)
        mirrored["keypoint_heatmap"] = mirrored["keypoint_heatmap"][:, swap]
    return mirrored


def _logits(heatmap: Tensor) -> Tensor:
    return torch.logit(heatmap.double().clamp(1e-6, 1 - 1e-6)).float()
