"""Which heads are read where an object's centre is, and how sizes are read."""

from __future__ import annotations

from torch import Tensor

from pipeline.config.detection import DetectionHead

MIXTURE_HEADS = ("sigma", "logits")


def heads_at_centers(task: str, head: DetectionHead) -> tuple[str, ...]:
    """Names of the heads that are needed where an object's centre is."""
    mixture = MIXTURE_HEADS if head.components else ()
    classifier = ("classifier",) if head.regressors == 2 else ()
    offsets = ("keypoint_offsets",) if task == "pose" else ()
    return ("center_offset", "size", *offsets, *mixture, *classifier)


def size_of_category(sizes: Tensor, category: Tensor) -> Tensor:
    """Of sizes for every category [P, 2 C] those of the objects' own [P]: [P, 2]."""
    sizes = sizes.unflatten(-1, (-1, 2))
    return sizes.take_along_dim(category[:, None, None], dim=1).squeeze(1)
