"""Dense variants and small networks for tests."""

from __future__ import annotations

from typing import Any

from pipeline.params.dense import DenseVariant
from pipeline.params.presets import SmallNetworks

ARCHITECTURES = ("large_hourglass", "small_hourglass", "extra_small_hourglass", "dla_34")
SMALL = SmallNetworks(
    stacks=2, widths=(32, 34, 36), modules=2, map_width=5, center_width=7, dla_widths=(4, 4, 6, 8, 8, 10)
)


def dense_variant(
    task: str = "pose", architecture: str = "large_hourglass", components: int = 0, **head: Any
) -> DenseVariant:
    settings = {"paper": "mixture_dense", "title": "x", "task": task, "architecture": architecture}
    return DenseVariant.model_validate({**settings, "head": {"components": components, **head}})
