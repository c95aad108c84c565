"""Images by number, cropped and scaled as asked: from one array of made images, or from files.

opencv is imported where it is used, so that modules that only pass images on (networks, tasks) do not need it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.artifacts import InputError

START_OF_SCAN, END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"  # of a JPEG


class Store(Protocol):
    def image(self, row: int) -> NDArray[np.uint8]:
        """[H, W, 3] RGB."""
        ...


class PixelStore:
    """Images of one size in an array [N, H, W, 3], which may be memory-mapped."""

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self.pixels = np.asarray(pixels)

    def image(self, row: int) -> NDArray[np.uint8]:
        return self.pixels[row]


class FileStore:
    """Images in files. Decoded images stay in memory until the budget is used up; the others are decoded each time.

    None is replaced by another: an epoch reads every image once, so all are equally useful.
    """

    def __init__(self, paths: Sequence[Path], sizes: NDArray[np.int64], memory_bytes: int) -> None:
        self.paths, self.sizes = paths, sizes
        self.kept: dict[int, NDArray[np.uint8]] = {}
        self.free = memory_bytes
        self.lock = threading.Lock()

    def image(self, row: int) -> NDArray[np.uint8]:
        found = self.kept.get(row)
        if found is not None:
            return found
        pixels = decode(self.paths[row])
        width, height = self.sizes[row]
        if pixels.shape[:2] != (height, width):
            raise InputError(
                f"{self.paths[row]}: {pixels.shape[1]} x {pixels.shape[0]} px, annotated as {width} x {height}; "
                "delete it and download it again"
            )
        with self.lock:
            if row not in self.kept and pixels.nbytes <= self.free:
                self.kept[row] = pixels
                self.free -= pixels.nbytes
        return pixels


def decode(path: Path) -> NDArray[np.uint8]:
    """An image's stored pixels [H, W, 3] RGB. The orientation in EXIF is ignored, as in COCO's annotations.

    Raises InputError for a file that is missing, not an image, or not whole.
    """
    import cv2

    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); download it again") from None
    # opencv before 5 fills what is cut off a JPEG with grey; 5 refuses it.
    whole = data.rfind(END_OF_IMAGE) > data.rfind(START_OF_SCAN) if data.startswith(b"\xff\xd8") else bool(data)
    try:
        flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if whole else None
    except cv2.error:
        pixels = None
    if pixels is None:
        raise InputError(f"{path}: not a whole image; delete it and download it again")
    return np.asarray(pixels, np.uint8)


class ImageStore:
    """N images of a store, which selections share. Uses as many threads as torch is set to."""

    def __init__(self, store: Store, rows: NDArray[np.int64]) -> None:
        import cv2

        cv2.setNumThreads(1)  # the threads here work on one image each
        self.store, self.rows = store, rows

    @classmethod
    def of_pixels(cls, pixels: NDArray[np.uint8]) -> ImageStore:
        return cls(PixelStore(pixels), np.arange(len(pixels)))

    @classmethod
    def of_files(cls, paths: Sequence[Path], sizes: NDArray[np.int64], memory_bytes: int) -> ImageStore:
        """`sizes` [N, 2]: the width and height that each file must have."""
        return cls(FileStore(paths, sizes, memory_bytes), np.arange(len(paths)))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, image: int) -> NDArray[np.uint8]:
        """One unchanged image, [H, W, 3] RGB. Callers must not write into it."""
        return self.store.image(int(self.rows[image]))

    def select(self, images: NDArray) -> ImageStore:
        return ImageStore(self.store, self.rows[images])

    def warped(self, images: NDArray, matrices: NDArray[np.float64], size: int | tuple[int, int]) -> NDArray[np.uint8]:
        """B images [B, height, width, 3] RGB, with bilinear interpolation and 0 outside an image.

        `matrices` [B, 2, 3] map px of an image to px of the result; `size`: the result's side, or (width, height).
        """
        import cv2

        assert matrices.shape == (len(images), 2, 3), matrices.shape
        width, height = (size, size) if isinstance(size, int) else size
        out = np.empty((len(images), height, width, 3), np.uint8)

        def warp(index: int) -> None:
            cv2.warpAffine(
                self[images[index]], matrices[index], (width, height), dst=out[index], flags=cv2.INTER_LINEAR
            )

        _run_all(warp, range(len(images)))
        return out


def _run_all(work: Callable[[int], None], items: Iterable[int]) -> None:
    threads = torch.get_num_threads()
    if threads == 1:
        for item in items:
            work(item)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, items))
