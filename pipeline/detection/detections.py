"""What a network finds in images, with the predictions of all components: the source of every metric and figure.

Pixels are those of the original images. Sigmas are in cells of the network's output grid, as in the loss (the papers
state no unit).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Detections:
    """D objects found in a set of images, sorted by image, then by falling score. K components, 1 without a mixture."""

    image: NDArray[np.int64]  # [D] index of the image in its set
    score: NDArray[np.float32]  # [D] 0 to 1
    category: NDArray[np.int64]  # [D] index of the category
    center: NDArray[np.float32]  # [D, 2] px
    boxes: NDArray[np.float32]  # [D, 4] x0 y0 x1 y1 px, as predicted finally
    component: NDArray[np.int64]  # [D] the chosen component
    weights: NDArray[np.float32]  # [D, K] mixing weights, summing to 1
    sigmas: NDArray[np.float32]  # [D, K, 2] cells; 0 without a mixture
    sizes: NDArray[np.float32]  # [D, K, 2] width and height by component, px; for poses all K are equal
    keypoints: NDArray[np.float32] | None = None  # [D, 17, 2] px, as predicted finally
    component_keypoints: NDArray[np.float32] | None = None  # [D, K, 17, 2] px, before any refinement

    def __len__(self) -> int:
        return len(self.image)

    @property
    def components(self) -> int:
        return self.weights.shape[1]

    def rows(self, chosen: NDArray) -> Detections:
        """Some of the rows, by a mask [D] or by indices."""
        return replace(
            self,
            **{field.name: value[chosen] for field in fields(self) if (value := getattr(self, field.name)) is not None},
        )

    def forced(self, component: int) -> Detections:
        """Every object predicted by one component."""
        half = self.sizes[:, component] / 2
        boxes = np.concatenate([self.center - half, self.center + half], axis=1)
        keypoints = None if self.component_keypoints is None else self.component_keypoints[:, component]
        chosen = np.full_like(self.component, component)
        return replace(self, boxes=boxes, keypoints=keypoints, component=chosen)

    def to_arrays(self) -> dict[str, NDArray]:
        """Its arrays by name; arrays that are None are left out."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> Detections:
        """The inverse. Raises KeyError on a missing array."""
        optional = ("keypoints", "component_keypoints")
        names = [field.name for field in fields(cls)]
        found: dict[str, Any] = {name: arrays.get(name) if name in optional else arrays[name] for name in names}
        return cls(**found)

    @classmethod
    def concatenate(cls, parts: Sequence[Detections]) -> Detections:
        """Detections of consecutive images joined; at least one part."""
        joined: dict[str, Any] = {}
        for name in (field.name for field in fields(cls)):
            arrays = [getattr(part, name) for part in parts]
            joined[name] = None if arrays[0] is None else np.concatenate(arrays)
        return cls(**joined)
