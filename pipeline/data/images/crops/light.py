"""How bright a body's triangles are. The light tells depth: which way a limb points, and how near it is.

Three lights: a soft one from everywhere, stronger from above; lamps under the ceiling; and a lamp beside the camera,
whose light falls with the square of the distance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

SOFT, CEILING, LAMP = 0.35, 0.4, 0.4  # shares of the lights on a triangle that faces them
SOFT_BELOW = 0.6  # of the soft light, on a triangle that faces the floor
LEAN = 0.5  # standard deviation of the ceiling lamps' direction from the vertical, along both axes of the floor
BEHIND = 4.5  # m, the distance at which the camera's lamp has its stated share: that of people in Human3.6M's studio


@dataclass(frozen=True)
class Lights:
    """The lamps of T takes."""

    ceiling: Tensor  # [T, 3] unit vectors towards the lamps, in the world
    lamp: Tensor  # [T] share of the lamp beside the camera

    @classmethod
    def draw(cls, count: int, random: np.random.Generator) -> Lights:
        lean = random.normal(0, LEAN, size=(count, 2))
        ceiling = (
            np.concatenate([lean, np.ones((count, 1))], axis=1) / np.hypot(1, np.linalg.norm(lean, axis=1))[:, None]
        )
        lamp = LAMP * random.uniform(0.7, 1.3, size=count)
        return cls(torch.from_numpy(ceiling).float(), torch.from_numpy(lamp).float())

    def of(self, takes: NDArray[np.integer]) -> Lights:
        return Lights(self.ceiling[takes], self.lamp[takes])


def shade(vertices: Tensor, faces: Tensor, up: Tensor, ceiling: Tensor, lamp: Tensor) -> Tensor:
    """The brightness [B, F] of triangles; 1 is the surface's own colour.

    In each camera's axes: vertices [B, V, 3] m, and the unit vectors `up` and `ceiling` [B, 3]; faces [F, 3],
    counter-clockwise seen from outside; lamp [B].
    """
    corners = vertices[:, faces]  # [B, F, 3, 3]
    first, second = corners[:, :, 1] - corners[:, :, 0], corners[:, :, 2] - corners[:, :, 0]
    normal = functional.normalize(torch.linalg.cross(first, second), dim=-1)
    middle = corners.mean(dim=2)
    distance = middle.norm(dim=-1)
    above, to_ceiling = (normal @ torch.stack((up, ceiling), dim=-1)).unbind(dim=-1)
    to_camera = -(normal * middle).sum(dim=-1) / distance
    soft = SOFT * (1 + SOFT_BELOW + (1 - SOFT_BELOW) * above) / 2
    near = lamp[:, None] * (BEHIND / distance).square()
    return soft + CEILING * to_ceiling.clamp(min=0) + near * to_camera.clamp(min=0)
