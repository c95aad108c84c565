"""Pinhole cameras with lens distortion, as Human3.6M calibrates them, and the screen coordinates that networks read.

Axes: the camera looks along +z; in the image x points right and y down. A quaternion (w, x, y, z) rotates camera axes
to world axes. The translation is the camera's centre in the world. Any unit of length works; the data sets use mm.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Camera:
    """One calibrated camera: image size and intrinsics in pixels, centre in mm. Cameras with equal values are equal."""

    width: int
    height: int
    focal_length: tuple[float, float]
    center: tuple[float, float]
    radial_distortion: tuple[float, float, float]
    tangential_distortion: tuple[float, float]
    orientation: tuple[float, float, float, float]
    translation: tuple[float, float, float]
    id: str = ""

    def __post_init__(self) -> None:
        lengths = {"focal_length": 2, "center": 2, "radial_distortion": 3, "tangential_distortion": 2}
        for name, length in (lengths | {"orientation": 4, "translation": 3}).items():
            values = tuple(float(value) for value in getattr(self, name))
            if len(values) != length:
                raise ValueError(f"camera {self.id}: {name} needs {length} numbers, got {len(values)}")
            object.__setattr__(self, name, values)  # lists become tuples, so that cameras compare and hash

    def to_camera(self, points: Tensor) -> Tensor:
        """Transform world points [..., 3] to this camera's frame."""
        return world_to_camera(points, points.new_tensor(self.orientation), points.new_tensor(self.translation))

    def to_image(self, points: Tensor) -> Tensor:
        """Project points [..., 3] in this camera's frame to pixels [..., 2], with distortion."""
        constants = (self.focal_length, self.center, self.radial_distortion, self.tangential_distortion)
        return project(points, *(points.new_tensor(values) for values in constants))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Camera":
        """The inverse of `to_dict`, also through JSON. Raises TypeError for a missing or unknown key."""
        return cls(**values)


def rotation_matrix(quaternion: Tensor) -> Tensor:
    """Rotation matrices [..., 3, 3] of quaternions [..., 4] (w, x, y, z), which need not have unit length."""
    w, x, y, z = (quaternion / quaternion.norm(dim=-1, keepdim=True)).unbind(dim=-1)
    rows = (
        *(1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        *(2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        *(2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))


def multiply(first: Tensor, second: Tensor) -> Tensor:
    """Product of quaternions [..., 4]: the rotation that applies `second` first, then `first`."""
    a, u = first[..., :1], first[..., 1:]
    b, v = second[..., :1], second[..., 1:]
    scalar = a * b - (u * v).sum(dim=-1, keepdim=True)
    return torch.cat((scalar, a * v + b * u + torch.linalg.cross(*torch.broadcast_tensors(u, v))), dim=-1)


def world_to_camera(points: Tensor, orientation: Tensor, translation: Tensor) -> Tensor:
    """World points [..., 3] to the camera's frame; orientation [..., 4] and translation [..., 3] broadcast."""
    assert points.shape[-1] == 3, f"points must end in 3 coordinates, got shape {tuple(points.shape)}"
    # The inverse of a rotation is its transpose, and a row vector times R is R^T times the column.
    return torch.einsum("...i,...ij->...j", points - translation, rotation_matrix(orientation))


def camera_to_world(points: Tensor, orientation: Tensor, translation: Tensor) -> Tensor:
    """Points [..., 3] in the camera's frame to the world; orientation [..., 4] and translation [..., 3] broadcast."""
    assert points.shape[-1] == 3, f"points must end in 3 coordinates, got shape {tuple(points.shape)}"
    return torch.einsum("...i,...ji->...j", points, rotation_matrix(orientation)) + translation


def project(
    points: Tensor,
    focal_length: Tensor,
    center: Tensor,
    radial: Tensor | None = None,
    tangential: Tensor | None = None,
) -> Tensor:
    """Project points [..., 3] in the camera's frame to pixels [..., 2]; the other arguments [..., 2 or 3] broadcast.

    Without `radial` (k1, k2, k3) and `tangential` (p1, p2) the lens is ideal. With them, let X = (x / z, y / z),
    clamped to [-1, 1], and r = |X|. The distorted X is X (1 + k1 r^2 + k2 r^4 + k3 r^6 + p . X) + p r^2. Human3.6M's
    true 2D joints were made this way. The clamp keeps points beside the camera finite. The pixel of a point behind the
    camera (z <= 0) is meaningless, so check the depth first.
    """
    assert points.shape[-1] == 3, f"points must end in 3 coordinates, got shape {tuple(points.shape)}"
    slopes = (points[..., :2] / points[..., 2:]).clamp(-1.0, 1.0)
    squared = slopes.square().sum(dim=-1, keepdim=True)
    factor, shift = torch.ones_like(squared), torch.zeros_like(slopes)
    if radial is not None:
        powers = torch.cat((squared, squared**2, squared**3), dim=-1)
        factor = factor + (radial * powers).sum(dim=-1, keepdim=True)
    if tangential is not None:
        factor = factor + (tangential * slopes).sum(dim=-1, keepdim=True)
        shift = tangential * squared
    return focal_length * (slopes * factor + shift) + center


def normalize_screen(keypoints_2d: Tensor, width: float | Tensor, height: float | Tensor) -> Tensor:
    """Pixels [..., 2] to x / w * 2 - [1, h / w]: the width spans [-1, 1] and both axes have the same scale.

    `width` and `height` are numbers or tensors that broadcast with keypoints_2d[..., 0], such as [N, 1] for [N, J, 2].
    """
    assert keypoints_2d.shape[-1] == 2, f"keypoints_2d must end in 2, got shape {tuple(keypoints_2d.shape)}"
    x, y = keypoints_2d.unbind(dim=-1)
    return torch.stack((x / width * 2 - 1, y / width * 2 - height / width), dim=-1)


def denormalize_screen(normalized: Tensor, width: float | Tensor, height: float | Tensor) -> Tensor:
    """The inverse of `normalize_screen`, with the same `width` and `height`: pixels [..., 2]."""
    assert normalized.shape[-1] == 2, f"keypoints must end in 2, got shape {tuple(normalized.shape)}"
    x, y = normalized.unbind(dim=-1)
    return torch.stack(((x + 1) * width / 2, (y + height / width) * width / 2), dim=-1)
