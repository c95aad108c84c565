"""Detection variants and small networks for tests."""

from __future__ import annotations

from typing import Any

from pipeline.config.detection import DetectionVariant
from pipeline.config.presets import SmallNetworks

ARCHITECTURES = ("large_hourglass", "small_hourglass", "extra_small_hourglass", "dla_34")
SMALL = SmallNetworks(
    stacks=2, widths=(32, 34, 36), modules=2, map_width=5, center_width=7, dla_widths=(4, 4, 6, 8, 8, 10)
)


def detection_variant(
    task: str = "pose", architecture: str = "large_hourglass", components: int = 0, **head: Any
) -> DetectionVariant:
    settings = {"paper": "mixture_dense", "title": "x", "task": task, "architecture": architecture}
    return DetectionVariant.model_validate({**settings, "head": {"components": components, **head}})
