"""Images from files, as they are meant to be seen: turned as their EXIF data say, with 8 bits of each colour."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from pipeline.artifacts import InputError
from pipeline.predict import pictures
from pipeline.predict.pictures.decoders import quiet
from pipeline.user_files import require_name

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF", "AVIF")
DEEP = ("I", "F")  # begin the names of modes with more than 8 bits


class Images:
    """Image files in the order of their names. The size of each is checked at once, its pixels when they are read."""

    sequence: bool = False
    frames_per_second: float | None = None

    def __init__(self, path: Path, files: Sequence[Path]) -> None:
        self.path, self._files = path, list(files)
        self.count = len(self._files)

    @classmethod
    def of_file(cls, path: Path) -> Images | None:
        """The image in a file, or None if it has none. Raises InputError for one that is too large."""
        return cls(path, [path]) if _is_image(path) else None

    @classmethod
    def of_folder(cls, path: Path) -> Images | None:
        """The images in a folder, or None if it has none. Raises InputError if it has keypoints beside them."""
        files = sorted(file for file in path.iterdir() if file.is_file() and _is_image(file))
        if not files:
            return None
        for file in files:
            require_name(file)
        keypoints = sorted(path.glob("*.json"))
        if keypoints:
            raise InputError(
                f"{path}: has images and files that could be keypoints ({keypoints[0].name}); keep them in two folders"
            )
        return cls(path, files)

    def __iter__(self) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        for file in self._files:
            yield file.name, read(file)


def _is_image(path: Path) -> bool:
    try:
        with quiet(), warnings.catch_warnings():  # what PIL warns of comes before the error here
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image:
                pictures.check_size(path, *image.size)
                return True
    except UnidentifiedImageError:
        return False
    except Image.DecompressionBombError:
        raise InputError(
            f"{path}: has more than {pictures.LARGEST // 1_000_000} million px, which is too large; scale it down"
        ) from None
    except InputError:
        raise
    except Exception as error:  # PIL's decoders trust their files, so anything may come of a damaged one
        raise InputError(f"{path}: not a whole image ({_words(error)}); get it again, or take it away") from None


def read(path: Path) -> NDArray[np.uint8]:
    """The pixels [H, W, 3] RGB of an image file. Raises InputError for one that is not whole."""
    try:
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image:
                if image.mode.startswith(DEEP):
                    raise InputError(f"{path}: has more than 8 bits of each colour; save it as an image with 8 bits")
                return np.array(ImageOps.exif_transpose(image).convert("RGB"))
    except InputError:
        raise
    except Exception as error:  # as above
        raise InputError(f"{path}: not a whole image ({_words(error)}); get it again, or take it away") from None


def _words(error: Exception) -> str:
    return " ".join(str(error).split()[:12])
