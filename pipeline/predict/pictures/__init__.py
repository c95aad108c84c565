"""A user's images or video, told from keypoints by their content.

finding.py   which of them is at a path
files.py     an image, or a folder of images
video.py     a video: its frames in, and WebM out
decoders.py  for both: decoders that print nothing of their own
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError

LARGEST = 100_000_000  # px of an image or a frame: 300 MB in memory


class Pictures(Protocol):
    """Images in an order. Those of a video are a `sequence`; `count` is how many they are expected to be."""

    path: Path
    count: int
    sequence: bool
    frames_per_second: float | None

    def __iter__(self) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        """Name and pixels [H, W, 3] RGB of each image. Raises InputError for one that cannot be read."""
        ...


def check_size(path: Path, width: int, height: int) -> None:
    """Raise InputError for pictures that are too large to be worked with."""
    if width * height > LARGEST:
        raise InputError(
            f"{path}: {width} x {height} px is too large (at most {LARGEST // 1_000_000} million px); scale it down"
        )
