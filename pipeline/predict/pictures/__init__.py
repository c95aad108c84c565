"""A user's images or video, told from keypoints by their content.

files.py     an image, or a folder of images
video.py     a video: its frames in, and WebM out
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError

LARGEST = 100_000_000  # px of an image or a frame: 300 MB in memory
# How files begin that are videos; ? is any byte. ISO's (mp4, mov), Matroska's (mkv, webm), AVI, ASF's (wmv), FLV, Ogg,
# and MPEG's program and transport streams.
VIDEOS = (
    *(b"????ftyp", b"????moov", b"????mdat", b"????wide", b"\x1aE\xdf\xa3", b"RIFF????AVI ", b"0&\xb2u\x8ef\xcf\x11"),
    *(b"FLV\x01", b"OggS", b"\x00\x00\x01\xba", b"G@"),
)
STILLS = (b"heic", b"heix", b"mif1", b"msf1", b"avif")  # images in ISO's format, by the brand after `ftyp`


class Pictures(Protocol):
    """Images in an order. Those of a video are a `sequence`; `count` is how many they are expected to be."""

    path: Path
    count: int
    sequence: bool
    frames_per_second: float | None

    def __iter__(self) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        """Name and pixels [H, W, 3] RGB of each image. Raises InputError for one that cannot be read."""
        ...


def find(path: Path) -> Pictures | None:
    """The images or the video at a path; None if it has neither, as a file of keypoints. Raises InputError."""
    from pipeline.predict.pictures.files import Images
    from pipeline.predict.pictures.video import Video

    if path.is_dir():
        return Images.of_folder(path)
    if not path.is_file():
        return None
    try:
        start = path.open("rb").read(16)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if is_video(start):
        return Video(path)
    return Images.of_file(path)


def is_video(start: bytes) -> bool:
    """Whether a file with these first bytes is a video."""
    if start[4:8] == b"ftyp" and start[8:12] in STILLS:
        return False
    return any(
        len(start) >= len(kind) and all(byte in (b"?"[0], own) for byte, own in zip(kind, start, strict=False))
        for kind in VIDEOS
    )


def check_size(path: Path, width: int, height: int) -> None:
    """Raise InputError for pictures that are too large to be worked with."""
    if width * height > LARGEST:
        raise InputError(
            f"{path}: {width} x {height} px is too large (at most {LARGEST // 1_000_000} million px); scale it down"
        )
