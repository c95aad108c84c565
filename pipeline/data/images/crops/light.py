"""How bright a body's triangles are. The light tells depth: which way a limb points, and how near it is.

Three lights: a soft one from everywhere, stronger from above; lamps under the ceiling; and a lamp in front of the
person, between them and the camera, whose light falls with the square of the distance. A hand that is stretched towards
the camera is lit twice as brightly by it as one at the body's side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

SOFT, CEILING, LAMP = 0.3, 0.25, 0.6  # shares of the lights on a triangle that faces them
SOFT_BELOW = 0.6  # of the soft light, on a triangle that faces the floor
LEAN = 0.5  # standard deviation of the ceiling lamps' direction from the vertical, along both axes of the floor
AWAY = 2.0  # m, of the lamp from the person's pelvis; there it has its stated share


@dataclass(frozen=True)
class Lights:
    """The lamps of T takes."""

    ceiling: Tensor  # [T, 3] unit vectors towards the lamps, in the world
    lamp: Tensor  # [T] share of the lamp in front of the person

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


def shade(vertices: Tensor, faces: Tensor, root: Tensor, up: Tensor, ceiling: Tensor, lamp: Tensor) -> Tensor:
    """The brightness [B, F] of triangles; 1 is the surface's own colour.

    In each camera's axes: vertices [B, V, 3] m, the pelvis `root` [B, 3] m, and the unit vectors `up` and `ceiling`
    [B, 3]; faces [F, 3], counter-clockwise seen from outside; lamp [B].
    """
    corners = vertices[:, faces]  # [B, F, 3, 3]
    first, second = corners[:, :, 1] - corners[:, :, 0], corners[:, :, 2] - corners[:, :, 0]
    normal = functional.normalize(torch.linalg.cross(first, second), dim=-1)
    above, to_ceiling = (normal @ torch.stack((up, ceiling), dim=-1)).unbind(dim=-1)
    place = root - AWAY * functional.normalize(root, dim=-1)
    to_lamp = place[:, None] - corners.mean(dim=2)
    distance = to_lamp.norm(dim=-1)
    soft = SOFT * (1 + SOFT_BELOW + (1 - SOFT_BELOW) * above) / 2
    facing = (normal * to_lamp).sum(dim=-1).clamp(min=0) / distance
    return soft + CEILING * to_ceiling.clamp(min=0) + lamp[:, None] * facing * (AWAY / distance).square()
