"""The images of a split and their annotations as arrays, read from COCO's own format."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from pipeline.artifacts import InputError, map_arrays, read_json
from pipeline.detection.image_store import ImageStore
from pipeline.geometry import coco_keypoints
from pipeline.layout import Task


@dataclass(frozen=True)
class ImageSet:
    """N images and M objects; the objects of one image are consecutive."""

    task: Task
    image_ids: NDArray[np.int64]  # [N]
    sizes: NDArray[np.int64]  # [N, 2] width, height in px
    first: NDArray[np.int64]  # [N + 1]: the objects of image i are rows first[i]:first[i + 1]
    boxes: NDArray[np.float32]  # [M, 4] x0 y0 x1 y1 px
    category: NDArray[np.int64]  # [M] index into category_ids
    crowd: NDArray[np.bool_]  # [M] many people under one box; their keypoints are not annotated
    area: NDArray[np.float32]  # [M] px^2, as COCO has it: of the segment, not of the box
    keypoints: NDArray[np.float32]  # [M, 17, 3] x, y, visibility: 0 not annotated, 1 hidden, 2 visible; 0 of boxes
    back_view: NDArray[np.bool_] | None  # [M] seen from the back; None if the data do not say
    category_ids: tuple[int, ...]
    category_names: tuple[str, ...]
    annotations: Path  # the JSON file, of the whole split
    images: ImageStore

    def __len__(self) -> int:
        return len(self.image_ids)

    def objects_of(self, images: NDArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of the objects of these images, image by image, and each one's position in `images`."""
        counts = self.first[images + 1] - self.first[images]
        place = np.repeat(np.arange(len(images)), counts)
        begins = np.cumsum(counts) - counts
        return np.arange(len(place)) + (self.first[images] - begins)[place], place

    def subset(self, images: NDArray) -> ImageSet:
        """Some of the images, by index, in this order. `annotations` still names the file of all."""
        images = np.asarray(images, np.int64)
        rows, place = self.objects_of(images)
        return replace(
            self,
            image_ids=self.image_ids[images],
            sizes=self.sizes[images],
            first=_starts(place, len(images)),
            boxes=self.boxes[rows],
            category=self.category[rows],
            crowd=self.crowd[rows],
            area=self.area[rows],
            keypoints=self.keypoints[rows],
            back_view=None if self.back_view is None else self.back_view[rows],
            images=self.images.select(images),
        )


def read(folder: Path, split: str, task: Task, raw: Path, memory_bytes: int = 2 << 30) -> ImageSet:
    """Read `<split>.json` of a folder that prepare_images wrote, and its images: `<split>.npz`, or files below `raw`.

    Boxes without width or height are left out. `memory_bytes`: how much memory decoded files may take. Raises
    InputError for values that are missing, of the wrong length or type, not finite, or refer to something missing.
    """
    path = folder / f"{split}.json"
    content = read_json(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: not a JSON object; run prepare_images again")
    images, annotations, categories = (Records(path, name, content) for name in ("images", "annotations", "categories"))
    image_ids, category_ids = images.ids(), categories.ids()
    sizes = np.stack([images.whole("width"), images.whole("height")], axis=1)
    images.refuse((sizes <= 0).any(axis=1), "width", "a width and a height are above 0")

    image, category = annotations.known("image_id", image_ids), annotations.known("category_id", category_ids)
    boxes = annotations.numbers("bbox", 4)
    annotations.refuse((boxes[:, 2:] < 0).any(axis=1), "bbox", "a width or height below 0")
    order = np.argsort(image, kind="stable")
    order = order[(boxes[order, 2:] > 0).all(axis=1)]  # the image's own order
    keypoints = np.zeros((len(boxes), coco_keypoints.COUNT, 3))
    if task == "pose":
        keypoints = annotations.numbers("keypoints", 3 * coco_keypoints.COUNT).reshape(keypoints.shape)
        annotations.refuse(~np.isin(keypoints[..., 2], (0, 1, 2)).all(axis=1), "keypoints", "a visibility is 0, 1 or 2")
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
    return ImageSet(
        task=task,
        image_ids=image_ids,
        sizes=sizes,
        first=_starts(image[order], len(images)),
        boxes=corners[order].astype(np.float32),
        category=category[order],
        crowd=annotations.whole("iscrowd")[order] > 0,
        area=annotations.numbers("area")[order].astype(np.float32),
        keypoints=keypoints[order].astype(np.float32),
        back_view=annotations.whole("back_view")[order] > 0 if annotations.has("back_view") else None,
        category_ids=tuple(category_ids.tolist()),
        category_names=tuple(str(name) for name in categories.values("name")),
        annotations=path,
        images=_images(folder / f"{split}.npz", images, sizes, raw, memory_bytes),
    )


def _images(path: Path, images: Records, sizes: NDArray[np.int64], raw: Path, memory_bytes: int) -> ImageStore:
    if not path.exists():
        names = images.values("file_name")
        images.refuse([not isinstance(name, str) for name in names], "file_name", "not a text")
        return ImageStore.of_files([raw / name for name in names], sizes, memory_bytes)
    pixels = map_arrays(path).get("pixels")
    if pixels is None:
        raise InputError(f"{path}: pixels: missing; run prepare_images again")
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or len(pixels) != len(sizes) or pixels.shape[3] != 3:
        raise InputError(
            f"{path}: pixels: {pixels.dtype} {list(pixels.shape)}, expected uint8 [{len(sizes)}, H, W, 3]; "
            "run prepare_images again"
        )
    images.refuse((sizes != pixels.shape[2:0:-1]).any(axis=1), "width", f"not the size of the images in {path.name}")
    return ImageStore.of_pixels(pixels)


def _starts(image: NDArray[np.int64], images: int) -> NDArray[np.int64]:
    """The first row of each image's objects, [images + 1], from the sorted images [M] of all objects."""
    return np.searchsorted(image, np.arange(images + 1))


class Records:
    """A list of a COCO file, read field by field. Every error names the file, the record and the field."""

    def __init__(self, path: Path, name: str, content: dict[str, Any]) -> None:
        self.path, self.name = path, name
        records = content.get(name)
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise InputError(f"{path}: {name}: not a list of objects; run prepare_images again")
        self.records: list[dict[str, Any]] = records

    def __len__(self) -> int:
        return len(self.records)

    def refuse(self, wrong: ArrayLike, field: str, reason: str) -> None:
        """Raise InputError for the first record that is `wrong`."""
        if np.any(wrong):
            where = int(np.argmax(wrong))
            raise InputError(f"{self.path}: {self.name}[{where}].{field}: {reason}; run prepare_images again")

    def has(self, field: str) -> bool:
        return any(field in record for record in self.records)

    def values(self, field: str) -> list[Any]:
        try:
            return [record[field] for record in self.records]
        except KeyError:
            self.refuse([field not in record for record in self.records], field, "missing")
            raise

    def numbers(self, field: str, count: int | None = None) -> NDArray[np.float64]:
        """Finite numbers: [n], or [n, count] where each record has a list of them."""
        values = self.values(field)
        reason = "not a number" if count is None else f"not a list of {count} numbers"
        array = self._array(values, (len(values),) if count is None else (len(values), count), np.float64)
        if array is None:
            shape = () if count is None else (count,)
            self.refuse([self._array(value, shape, np.float64) is None for value in values], field, reason)
            raise InputError(f"{self.path}: {self.name}: {field}: {reason}; run prepare_images again")
        self.refuse(~np.isfinite(array).all(axis=tuple(range(1, array.ndim))), field, "not finite")
        return array

    def whole(self, field: str) -> NDArray[np.int64]:
        """Whole numbers [n]; true and false count as 1 and 0."""
        numbers = self.numbers(field)
        self.refuse((numbers != np.round(numbers)) | (np.abs(numbers) > 2**53), field, "not a whole number")
        return numbers.astype(np.int64)

    def ids(self) -> NDArray[np.int64]:
        """The records' own numbers, which must be unique."""
        ids = self.whole("id")
        first = np.zeros(len(ids), bool)
        first[np.unique(ids, return_index=True)[1]] = True
        self.refuse(~first, "id", "twice in the file")
        return ids

    def known(self, field: str, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Whole numbers [n], which must be among `ids`, as indices into these."""
        wanted = self.whole(field)
        order = np.argsort(ids, kind="stable")
        place = np.searchsorted(ids[order], wanted)
        found = order[np.minimum(place, len(ids) - 1)] if len(ids) else np.zeros(len(wanted), np.int64)
        self.refuse(ids[found] != wanted if len(ids) else np.ones(len(wanted), bool), field, "not in the file")
        return found

    @staticmethod
    def _array(values: Any, shape: tuple[int, ...], kind: DTypeLike) -> NDArray | None:
        """The values as an array of numbers of this shape, or None."""
        try:
            array = np.array(values) if values != [] else np.zeros(shape)
        except (ValueError, OverflowError):
            return None
        if array.dtype.kind not in "biuf" or array.shape != shape:
            return None
        return array.astype(kind)
