"""What the readers give: rows of keypoints with their image, person and image size, before their layout is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.predict.keypoints.layouts import Layout

FASTEST = 10_000  # frames a second that a video may have
NOT_FOUND = "write (0, 0), or a confidence of 0, for a joint that was not found"


@dataclass(frozen=True)
class Table:
    """N rows as a file has them: one person in one image each.

    `values` [N, L, 3]: x and y in px and a confidence, 1 where the file has none. `size` [N, 2]: width and height of
    the image in px, NaN where the file does not say. `frame` numbers the images in the file's order, and rows of a
    `sequence` are frames of one video. `person` is the file's own number of a person, or -1.
    """

    values: NDArray  # [N, L, 3]
    images: tuple[str, ...]  # N names
    frame: NDArray  # [N]
    person: NDArray  # [N]
    size: NDArray  # [N, 2]
    source: str  # the format's name
    sequence: bool
    layout: Layout | None = None  # if the format says it
    notes: tuple[str, ...] = ()  # for the user: what was left out
    frames_per_second: float | None = None  # of a video, if the file says it

    @property
    def followed(self) -> bool:
        """Whether people can be followed over time: rows of a video, each person once in an image."""
        pairs = zip(self.frame.tolist(), self.person.tolist(), strict=True)
        return self.sequence and len(set(pairs)) == len(self)

    def __len__(self) -> int:
        return len(self.values)


def check(table: Table, path: object, highest: float = np.inf) -> Table:
    """The table if it can be used. Raises InputError if it has no rows, or a number that is none.

    `highest` is the highest confidence that the format can have.
    """
    if not len(table):
        raise InputError(f"{path}: no person in it ({table.source}); choose a file with keypoints")
    for name in dict.fromkeys(table.images):
        if any("\ud800" <= letter <= "\udfff" for letter in name):
            raise InputError(f"{path}: image {name!r}: its name is no Unicode text; rename it")
    broken = np.argwhere(~np.isfinite(table.values))
    if len(broken):
        row, joint, _ = broken[0]
        raise InputError(
            f"{path}: row {row} (image {table.images[row]}), joint {joint}: {table.values[row, joint].tolist()} is not "
            f"finite; {NOT_FOUND}"
        )
    third = table.values[..., 2]
    if third.min() < 0 or third.max() > highest:
        raise InputError(
            f"{path}: the third number of a joint is from {third.min():g} to {third.max():g}, which is no confidence; "
            "this command reads 2D joints: give x, y and a confidence, or x and y alone"
        )
    return table


def rows_of(numbers: list[list[float]], per_joint: int, path: object) -> NDArray:
    """Rows of flat numbers as [N, L, 3]; a confidence of 1 is added where `per_joint` is 2. Raises InputError."""
    if not numbers:
        return np.zeros((0, 0, 3))
    lengths = {len(row) for row in numbers}
    if len(lengths) > 1:
        raise InputError(f"{path}: its people have {min(lengths)} to {max(lengths)} numbers; all need the same joints")
    try:
        values = np.array(numbers, dtype=np.float64).reshape(len(numbers), -1, per_joint)
    except (ValueError, TypeError, OverflowError):
        raise InputError(
            f"{path}: a keypoint is not {per_joint} numbers; see `python -m pipeline predict --help`"
        ) from None
    return with_confidence(values)


def with_confidence(values: NDArray) -> NDArray:
    """Rows [N, L, 2 or 3] as [N, L, 3]."""
    if values.shape[-1] == 3:
        return values
    return np.concatenate((values, np.ones((*values.shape[:-1], 1))), axis=-1)
