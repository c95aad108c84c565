"""Videos through OpenCV, which brings ffmpeg: frames from any common format, and WebM (VP8), which browsers play."""

from __future__ import annotations

import errno
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.predict import pictures
from pipeline.predict.pictures.decoders import quiet

if TYPE_CHECKING:
    import cv2

FRAME_RATES = (1.0, 1000.0)  # what a file says outside of this is not believed


class Video:
    """The frames of a video file, named `frame 0`, `frame 1`, ...; turned as the file says."""

    sequence = True

    def __init__(self, path: Path) -> None:
        """Look at the first two frames. Raises InputError for a file without them."""
        import cv2

        self.path = path
        with quiet():
            capture = _opened(path)
            found = capture.isOpened()
            rate, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
            width, height = (int(capture.get(of)) for of in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        pictures.check_size(path, width, height)
        with quiet():
            frames = [found and capture.read()[0] for _ in range(2)]
            capture.release()
        if not frames[0]:
            raise InputError(f"{path}: not a readable video (no frame can be decoded); convert it to mp4 or WebM")
        if not frames[1]:
            raise InputError(f"{path}: a video of one frame; give the frame as an image")
        self.frames_per_second = rate if FRAME_RATES[0] <= rate <= FRAME_RATES[1] else None
        self.count = max(int(count), 0) if math.isfinite(count) else 0

    def __iter__(self) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        with quiet():
            capture = _opened(self.path)
        try:
            number = 0
            while True:
                with quiet():
                    there, frame = capture.read()
                if not there:
                    return
                yield f"frame {number}", np.ascontiguousarray(frame[..., ::-1])
                number += 1
        finally:
            capture.release()


class WebM:
    """A WebM video to write frames to in a `with` block, all of the first one's size."""

    def __init__(self, path: Path, frames_per_second: float) -> None:
        self._path, self._rate, self._count = path, frames_per_second, 0
        self._writer: cv2.VideoWriter | None = None

    def __enter__(self) -> WebM:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Finish the file. Raises OSError if not all frames are in it: OpenCV itself is silent about a full disk."""
        if self._writer is None:
            return
        count = 0
        with quiet():
            self._writer.release()
            written = _opened(self._path)
            while written.grab():
                count += 1
            written.release()
        if kind is None and count < self._count:
            what = f"only {count} of {self._count} frames could be written"
            raise OSError(errno.ENOSPC, what, str(self._path))

    def write(self, frame: NDArray[np.uint8]) -> None:
        """Add a frame [H, W, 3] RGB. Raises InputError if this OpenCV cannot write WebM."""
        import cv2

        if self._writer is None:
            with quiet():  # OpenCV says that WebM has no tag for VP8, and writes it
                code = cv2.VideoWriter.fourcc(*"VP80")
                self._writer = cv2.VideoWriter(str(self._path), code, self._rate, frame.shape[1::-1])
            if not self._writer.isOpened():
                raise InputError(f"{self._path}: this OpenCV writes no WebM; install opencv-python-headless again")
        with quiet():
            self._writer.write(np.ascontiguousarray(frame[..., ::-1]))
        self._count += 1


def _opened(path: Path) -> cv2.VideoCapture:
    import cv2

    return cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
