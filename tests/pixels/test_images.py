"""JPEGs in place of pixels: a training reads the same images at the same rows, and one that is not whole is named."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from pipeline.artifacts import InputError
from pipeline.pixels.images import JpegImages

SIDE, COUNT = 32, 5


def smooth(number: int) -> np.ndarray:
    """An image that JPEG changes little, and that no other one is like: [S, S, 3] RGB."""
    ramp = np.linspace(0, 200, SIDE)
    red = np.broadcast_to(ramp, (SIDE, SIDE))
    return np.stack((red, red.T, np.full((SIDE, SIDE), 40 * number)), axis=2).astype(np.uint8)


@pytest.fixture
def images() -> JpegImages:
    coded = [
        cv2.imencode(".jpg", smooth(number)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 100])[1] for number in range(COUNT)
    ]
    first = np.cumsum([0, *(len(one) for one in coded)])
    return JpegImages(np.concatenate(coded), first, SIDE, "cpu", Path("train.npz"))


@pytest.mark.parametrize("rows", [torch.tensor([3, 0, 3]), slice(1, None, 2), torch.tensor([4])], ids=str)
def test_rows_are_those_of_an_array_of_the_pixels(images: JpegImages, rows: torch.Tensor | slice) -> None:
    pixels = torch.from_numpy(np.stack([smooth(number) for number in range(COUNT)]))
    assert (len(images), images.shape) == (len(pixels), pixels.shape)
    found, expected = images[rows], pixels[rows]
    assert found.dtype == torch.uint8 and found.shape == expected.shape
    assert (found.int() - expected.int()).abs().max() <= 6


def test_one_that_is_not_whole_is_named(images: JpegImages) -> None:
    images.jpegs[images.first[2] : images.first[2] + 4] = 0
    assert len(images[torch.tensor([0, 1])]) == 2
    with pytest.raises(InputError, match=r"^train\.npz: jpegs: image 2 is not whole; delete it and run prepare_crops"):
        images[torch.tensor([0, 2])]
