"""Validation images with what a detection network found in them: drawings over the pixels, without a script.

Images of others (COCO's) may not be redistributed, so they are in no page that is committed or shared.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.config import Run
from pipeline.geometry import coco_keypoints
from pipeline.report.figures import samples, style
from pipeline.report.figures.samples import Found, Sample

QUALITY = 86  # of WebP
MOST = 12  # images of a variant


@dataclass(frozen=True)
class Gallery:
    """A variant's images."""

    title: str
    note: str
    colors: list[tuple[str, str]]  # name and colour of each component that predicted something
    pictures: list[dict[str, Any]]


def galleries(run: Run) -> list[Gallery]:
    """People and objects that the first variant of each kind found. Raises InputError on a damaged file."""
    found = [_of_task(run, "People", samples.POSES), _of_task(run, "Objects", samples.BOXES)]
    return [gallery for gallery in found if gallery]


def are_ours(run: Run) -> bool:
    """Whether the images are rendered scenes, which anybody may have."""
    return run.preset.images is not None and run.preset.images.source == "synthetic"


def _of_task(run: Run, what: str, variants: Sequence[str]) -> Gallery | None:
    ran = [name for name in variants if name in run.detection_variants and not run.why_left_out(name)]
    name = next((name for name in ran if run.layout.detection_examples(name).exists()), None)
    if name is None:
        return None
    shown = samples.read(run, name)[:MOST]
    used = sorted({found.component for sample in shown for found in sample.found})
    return Gallery(
        f"{what}: {run.detection_variant(name).title}",
        "The images were drawn by lot, without looking at predictions. An ellipse is two standard deviations of the "
        "component that predicts the object.",
        [(f"component {one + 1}", style.component_color(one)) for one in used],
        [_picture(sample, index) for index, sample in enumerate(shown)],
    )


def _picture(sample: Sample, index: int) -> dict[str, Any]:
    size = len(sample.pixels)
    return {
        "size": size,
        "title": f"Image {index + 1}",
        "caption": _caption(sample),
        "pixels": data_uri(sample.pixels),
        "coarse": size < 128,
        "truth": _truth(sample),
        "found": [
            {
                "color": style.component_color(found.component),
                "box": _box(found.box),
                "bones": [] if found.keypoints is None else _bones(found.keypoints, np.ones(len(found.keypoints))),
                "ellipse": _ellipse(found),
            }
            for found in sample.found
        ],
    }


def _caption(sample: Sample) -> str:
    words = [f"component {found.component + 1} ({found.weight:.2f})" for found in sample.found]
    if len(words) > 3:
        parts = sorted({found.component + 1 for found in sample.found})
        return f"{len(words)} found, by component {', '.join(map(str, parts))}"
    return "; ".join(words) or "nothing found"


def _truth(sample: Sample) -> dict[str, Any]:
    if sample.truth_keypoints is None:
        return {"boxes": [_box(box) for box in sample.truth_boxes], "bones": []}
    people = [_bones(person[:, :2], person[:, 2]) for person in sample.truth_keypoints]
    return {"boxes": [], "bones": [line for person in people for line in person]}


def _box(box: NDArray) -> dict[str, str]:
    x0, y0, x1, y1 = map(float, box)
    return {"x": f"{x0:.1f}", "y": f"{y0:.1f}", "width": f"{x1 - x0:.1f}", "height": f"{y1 - y0:.1f}"}


def _bones(keypoints: NDArray, known: NDArray) -> list[dict[str, str]]:
    ends = [keypoints[list(bone)].reshape(-1) for bone in coco_keypoints.BONES if (known[list(bone)] > 0).all()]
    return [
        dict(zip(("x1", "y1", "x2", "y2"), (f"{float(value):.1f}" for value in line), strict=True)) for line in ends
    ]


def _ellipse(found: Found) -> dict[str, str]:
    values = (*found.center, *(samples.DEVIATIONS * found.deviation))
    return dict(zip(("cx", "cy", "rx", "ry"), (f"{float(value):.1f}" for value in values), strict=True))


def data_uri(pixels: NDArray) -> str:
    """Pixels uint8 [S, S, 3] as WebP inside an address."""
    output = io.BytesIO()
    Image.fromarray(pixels).save(output, "WEBP", quality=QUALITY, method=6)
    return f"data:image/webp;base64,{base64.b64encode(output.getvalue()).decode()}"
