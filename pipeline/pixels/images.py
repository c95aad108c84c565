"""A split's images as JPEGs, decoded when they are asked for: pixels of whole films would not fit into memory.

opencv is imported where it is used, so that networks and tasks do not need it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.artifacts import InputError
from pipeline.lifting.data import Rows


@dataclass(frozen=True, eq=False)
class JpegImages:
    """N square images, one JPEG after the other. It is indexed like an array of their pixels [N, S, S, 3], RGB."""

    jpegs: NDArray[np.uint8]  # [bytes]
    first: NDArray[np.int64]  # [N + 1] where each begins; at last, the end
    side: int  # px
    device: str
    path: Path  # for messages

    def __len__(self) -> int:
        return len(self.first) - 1

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return len(self), self.side, self.side, 3

    def __getitem__(self, rows: Rows) -> Tensor:
        """Pixels [n, S, S, 3] uint8 on the device. Raises InputError for an image that is not whole."""
        wanted = np.arange(len(self))[rows if isinstance(rows, slice) else rows.cpu().numpy()]
        pixels = np.stack(list(self._threads.map(self._decode, wanted)))
        return torch.from_numpy(pixels).to(self.device)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        """As many as torch is set to; opencv's own would work on one image together."""
        import cv2

        cv2.setNumThreads(1)
        return ThreadPoolExecutor(torch.get_num_threads())

    def _decode(self, row: int) -> NDArray[np.uint8]:
        import cv2

        found = cv2.imdecode(self.jpegs[self.first[row] : self.first[row + 1]], cv2.IMREAD_COLOR_RGB)
        if found is None or found.shape != self.shape[1:]:
            raise InputError(f"{self.path}: jpegs: image {row} is not whole; delete it and run prepare_crops again")
        return np.asarray(found, np.uint8)
