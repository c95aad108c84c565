"""Batches for CenterNet: images cropped, scaled, mirrored and recoloured like in its authors' code, with annotations.

CenterNet's code for COCO (arXiv 1904.07850, Section 5): a square crop of 0.6 to 1.3 times the image's longer side
around a random point, mirrored with probability 1/2; then brightness, contrast and saturation change in a random order,
and AlexNet's lighting noise is added. Every change of colour is affine in a pixel's colour, so all of them and the
normalisation are one 3 x 3 matrix and one shift per image. All random numbers come from torch's CPU generator, so a
resumed training repeats them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.config.presets import Augmentation
from pipeline.detection.image_set import ImageSet
from pipeline.detection.targets import Annotations, affine_transform
from pipeline.geometry import coco_keypoints

# Colours are R, G, B from 0 to 1. The authors' code has these values in the order B, G, R.
MEAN = (0.470, 0.447, 0.408)
STD = (0.278, 0.274, 0.289)
GREY = (0.299, 0.587, 0.114)
# Principal components of ImageNet's colours: their standard deviations, and their directions as columns.
PCA_VALUES = (0.2141788, 0.01817699, 0.00341571)
PCA_VECTORS = (
    (-0.56089297, 0.71832671, 0.41158938),
    (-0.5832747, 0.00994535, -0.81221408),
    (-0.58752847, -0.69563484, 0.41340352),
)
JITTER = 0.4  # of brightness, contrast and saturation: factors 1 - 0.4 to 1 + 0.4
LIGHTING = 0.1  # standard deviation of the noise along each principal component
BORDER = 128  # px that a crop's centre stays away from the image's border


@dataclass(frozen=True)
class Drawn:
    """The random numbers of a training batch: its crops and, where colours change, `draw_colours`."""

    center: NDArray[np.float64]
    side: NDArray[np.float64]
    mirrored: NDArray[np.bool_]
    colours: tuple[Tensor, Tensor, Tensor] | None = None


def training_batch(
    data: ImageSet, images: Tensor, size: int, augment: Augmentation, device: str | torch.device
) -> tuple[Tensor, Annotations]:
    """Normalised pixels [B, 3, size, size] of the images with indices `images` [B], and their objects; on the device.

    `augment`: `full` as described above; `mirror`: whole images, as in `test_batch`, mirrored with probability 1/2;
    `none`: whole images. Crowds are kept, as in the authors' code.
    """
    index = images.cpu().numpy()
    drawn = draw(data.sizes[index], augment)
    pixels, annotations = cropped(data, index, drawn, size)
    return coloured(pixels.to(device), drawn), annotations.to(device)


def draw(sizes: NDArray[np.int64], augment: Augmentation) -> Drawn:
    """All random numbers for images of sizes [B, 2], in the order in which they have always been drawn."""
    if augment == "full":
        return Drawn(*draw_crops(sizes), draw_colours(len(sizes)))
    chance = 0.5 if augment == "mirror" else 0.0
    return Drawn(*whole_images(sizes), torch.rand(len(sizes)).numpy() < chance)


def cropped(data: ImageSet, index: NDArray, drawn: Drawn, size: int) -> tuple[Tensor, Annotations]:
    """What the host makes of images `index` [B]: pixels [B, size, size, 3] from 0 to 255, and their objects."""
    matrices = crop_matrices(drawn.center, drawn.side, drawn.mirrored, size)
    pixels = torch.from_numpy(data.images.warped(index, matrices, size))
    return pixels, annotations_of(data, index, matrices, drawn.mirrored, size)


def coloured(pixels: Tensor, drawn: Drawn) -> Tensor:
    """Pixels as the network's input, with the batch's changes of colour; where the pixels are."""
    return normalized(pixels) if drawn.colours is None else recolour(pixels, *drawn.colours)


def test_batch(data: ImageSet, images: Tensor, size: int) -> tuple[Tensor, NDArray[np.float64]]:
    """Whole images, normalised, [B, 3, size, size], and the matrices [B, 2, 3] from their px to px of the input.

    An image keeps its aspect ratio and is centred; its longer side fills the input.
    """
    index = images.cpu().numpy()
    matrices = crop_matrices(*whole_images(data.sizes[index]), np.zeros(len(index), bool), size)
    return normalized(torch.from_numpy(data.images.warped(index, matrices, size))), matrices


def whole_images(sizes: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres [B, 2] and sides [B] of the squares around images of sizes [B, 2]."""
    return sizes / 2, sizes.max(axis=1).astype(np.float64)


def draw_crops(sizes: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Centres [B, 2] in whole px and sides [B] of random crops of images of sizes [B, 2]; whether mirrored [B].

    Along each axis a centre is at least 128 px from the border; that distance is halved until the image has room for
    it: in an image of 64 px it is 16.
    """
    factor, across, down, mirror = torch.rand(len(sizes), 4, dtype=torch.float64).numpy().T
    side = sizes.max(axis=1) * (6 + np.floor(8 * factor)) / 10
    borders = BORDER >> np.arange(9)
    border = borders[(sizes[:, :, None] - borders > borders).argmax(axis=2)]  # [B, 2]: the first that fits
    center = border + np.floor(np.stack([across, down], axis=1) * (sizes - 2 * border))
    return center, side, mirror < 0.5


def crop_matrices(center: NDArray, side: NDArray, mirrored: NDArray[np.bool_], size: int) -> NDArray[np.float64]:
    """Matrices [B, 2, 3] that map square crops (centre [B, 2], side [B], in px) to size x size px, some mirrored."""
    scale = size / side
    matrices = np.zeros((len(side), 2, 3))
    matrices[:, 0, 0] = matrices[:, 1, 1] = scale
    matrices[:, :, 2] = size / 2 - scale[:, None] * center
    matrices[mirrored, 0] *= -1
    matrices[mirrored, 0, 2] += size - 1  # the last column of pixels becomes the first
    return matrices


def annotations_of(
    data: ImageSet,
    images: NDArray,
    matrices: NDArray[np.float64],
    mirrored: NDArray[np.bool_],
    size: int,
) -> Annotations:
    """The objects of images [B] in px of the input, without those outside of it.

    `mirrored` [B]: in these images left and right keypoints are exchanged.
    """
    rows, place = data.objects_of(images)
    matrix = torch.from_numpy(matrices[place])[:, None]  # [P, 1, 2, 3]
    boxes = affine_transform(torch.from_numpy(data.boxes[rows]).double().view(-1, 2, 2), matrix)
    boxes = torch.cat([boxes.amin(dim=1), boxes.amax(dim=1)], dim=1)
    inside = ((boxes[:, :2] < size) & (boxes[:, 2:] > 0)).all(dim=1)

    keypoints = torch.from_numpy(data.keypoints[rows])
    renamed = torch.from_numpy(mirrored[place])[:, None, None]
    keypoints = torch.where(renamed, keypoints[:, list(coco_keypoints.MIRRORED)], keypoints)
    positions = affine_transform(keypoints[..., :2].double(), matrix).float()
    flagged = keypoints[..., 2] > 0
    visible = flagged & ((positions >= 0) & (positions < size)).all(dim=-1)
    annotated = flagged.any(dim=1) if data.task == "pose" else torch.ones_like(inside)
    category = torch.from_numpy(data.category[rows])
    parts = (torch.from_numpy(place), category, boxes.float(), positions, visible, annotated)
    return Annotations(*(part[inside] for part in parts))


def normalized(pixels: Tensor) -> Tensor:
    """Pixels [B, H, W, 3] from 0 to 255 as the network's input [B, 3, H, W]."""
    batch = len(pixels)
    return _changed(pixels, torch.eye(3).expand(batch, 3, 3), torch.zeros(batch, 3))


def draw_colours(batch: int) -> tuple[Tensor, Tensor, Tensor]:
    """Factors [B, 3] of brightness, contrast and saturation; their order [B, 3]; a shift of R, G, B [B, 3]."""
    factors = 1 + JITTER * (2 * torch.rand(batch, 3) - 1)
    turns = torch.rand(batch, 3).argsort(dim=1)
    shift = (LIGHTING * torch.randn(batch, 3) * torch.tensor(PCA_VALUES)) @ torch.tensor(PCA_VECTORS).T
    return factors, turns, shift


def recolour(pixels: Tensor, factors: Tensor, turns: Tensor, shift: Tensor) -> Tensor:
    """`normalized` with changed colours: contrast scales about the image's mean grey, saturation about a pixel's grey.

    Both greys are those of the unchanged image. A later factor also scales the result of the earlier ones.
    """
    later = torch.where(turns[:, None] > turns[:, :, None], factors[:, None], 1.0).prod(dim=2)  # [B, 3]
    everything = factors.prod(dim=1)
    mean_grey, own_grey = ((1 - factors[:, 1:]) * later[:, 1:]).unbind(dim=1)
    grey = torch.tensor(GREY)
    matrix = everything[:, None, None] * torch.eye(3) + own_grey[:, None, None] * grey
    if pixels.device.type == "cpu":
        import cv2

        means = torch.tensor([cv2.mean(image)[:3] for image in pixels.numpy()])
    else:
        means = pixels.flatten(1, 2).float().mean(dim=1)
    mean = means @ _sent(grey, pixels) / 255
    return _changed(pixels, matrix, _sent(shift, pixels) + (_sent(mean_grey, pixels) * mean)[:, None])


def _changed(pixels: Tensor, matrix: Tensor, shift: Tensor) -> Tensor:
    """(matrix [B, 3, 3] x colour + shift [B, 3] - mean) / std, [B, 3, H, W], of colours from 0 to 1."""
    std = torch.tensor(STD)
    matrix = matrix / (255 * std[:, None])
    shift = (shift - _sent(torch.tensor(MEAN), shift)) / _sent(std, shift)
    return (_one_by_one if pixels.device.type == "cpu" else _at_once)(pixels, matrix, shift)


def _one_by_one(pixels: Tensor, matrix: Tensor, shift: Tensor) -> Tensor:
    """matrix x colour + shift on a CPU. opencv takes a fifth of the matrix product's time and less memory."""
    import cv2

    batch, height, width, _ = pixels.shape
    out = torch.empty(batch, 3, height, width)
    changes = torch.cat([matrix, shift[:, :, None]], dim=2).numpy()
    for image, change, planes in zip(pixels.numpy(), changes, out.numpy(), strict=True):
        cv2.split(cv2.transform(image.astype(np.float32), change), list(planes))
    return out


def _at_once(pixels: Tensor, matrix: Tensor, shift: Tensor) -> Tensor:
    """The same on any device."""
    batch, height, width, _ = pixels.shape
    colours = pixels.flatten(1, 2).float().transpose(1, 2)
    matrix, shift = _sent(matrix, pixels), _sent(shift, pixels)
    return torch.baddbmm(shift[:, :, None], matrix, colours).view(batch, 3, height, width)


def _sent(few: Tensor, like: Tensor) -> Tensor:
    """A few numbers on the device of `like`. A copy that waited would wait for the whole step before this batch."""
    return few.to(like.device, non_blocking=True)
