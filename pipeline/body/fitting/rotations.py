"""Rotations for fitting bodies: vectors, quaternions and frames, for many poses at once.

A rotation vector is the axis times the angle in radians. Quaternions are (w, x, y, z), as in geometry.camera. All
functions are finite for finite input: a direction of length zero gives an arbitrary rotation, not NaN.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

TINY = 1e-12


def exponential(vectors: Tensor) -> Tensor:
    """Unit quaternions [..., 4] of rotation vectors [..., 3]."""
    half = vectors.norm(dim=-1, keepdim=True) / 2
    return torch.cat((half.cos(), torch.sinc(half / torch.pi) / 2 * vectors), dim=-1)


def logarithm(quaternions: Tensor) -> Tensor:
    """Rotation vectors [..., 3], at most pi long, of unit quaternions [..., 4]; q and -q are the same rotation."""
    scalar, vector = quaternions[..., :1], quaternions[..., 1:]
    length = vector.norm(dim=-1, keepdim=True)
    half = torch.atan2(length, scalar.abs())
    sign = torch.where(scalar < 0, -1.0, 1.0).to(scalar)
    return vector * (sign * 2 * half / length.clamp_min(TINY))


def quaternion_of(matrices: Tensor) -> Tensor:
    """Unit quaternions [..., 4] of rotation matrices [..., 3, 3].

    Each of the four components has a formula that divides by it; the largest component is never near zero (Shepperd
    1978).
    """
    rows = matrices.flatten(-2).unbind(dim=-1)
    xx, xy, xz, yx, yy, yz, zx, zy, zz = rows
    table = (
        *(1 + xx + yy + zz, zy - yz, xz - zx, yx - xy),
        *(zy - yz, 1 + xx - yy - zz, yx + xy, xz + zx),
        *(xz - zx, yx + xy, 1 - xx + yy - zz, zy + yz),
        *(yx - xy, xz + zx, zy + yz, 1 - xx - yy + zz),
    )
    candidates = torch.stack(table, dim=-1).unflatten(-1, (4, 4))  # row i: the quaternion times 4 q_i
    largest = candidates.diagonal(dim1=-2, dim2=-1).argmax(dim=-1)
    chosen = candidates.gather(-2, largest[..., None, None].expand(*largest.shape, 1, 4))[..., 0, :]
    return normalize(chosen, dim=-1, eps=TINY)


def frames(first: Tensor, second: Tensor) -> Tensor:
    """Right-handed frames [..., 3, 3]: column 0 along `first`, column 1 as near to `second` as possible; both [..., 3].

    If `second` is zero or parallel to `first`, column 1 is any perpendicular direction; a zero `first` counts as x.
    """
    x = _unit_or(first, _axis_like(first, 0))
    across = second - (second * x).sum(dim=-1, keepdim=True) * x
    # The coordinate axis with the smallest component of `first` is never parallel to it.
    least = torch.nn.functional.one_hot(x.abs().argmin(dim=-1), 3).to(x)
    spare = normalize(least - (least * x).sum(dim=-1, keepdim=True) * x, dim=-1)
    floor = 1e-6 * second.norm(dim=-1, keepdim=True).clamp_min(1e-6)
    y = torch.where(across.norm(dim=-1, keepdim=True) > floor, normalize(across, dim=-1, eps=TINY), spare)
    return torch.stack((x, y, torch.linalg.cross(x, y)), dim=-1)


def swing(start: Tensor, end: Tensor) -> Tensor:
    """The smallest rotation, a quaternion [..., 4], that turns direction `start` into `end` (both [..., 3])."""
    start, end = torch.broadcast_tensors(_unit_or(start, _axis_like(start, 0)), _unit_or(end, _axis_like(end, 0)))
    cosine = (start * end).sum(dim=-1, keepdim=True)
    turned = torch.cat((1 + cosine, torch.linalg.cross(start, end)), dim=-1)
    # Opposite directions: half a turn about any perpendicular axis.
    across = frames(start, torch.zeros_like(start))[..., 1]
    reversal = torch.cat((torch.zeros_like(cosine), across), dim=-1)
    return normalize(torch.where(cosine < -1 + 1e-6, reversal, turned), dim=-1, eps=TINY)


def inverse(quaternions: Tensor) -> Tensor:
    """The opposite rotations of unit quaternions [..., 4]."""
    return quaternions * quaternions.new_tensor((1.0, -1.0, -1.0, -1.0))


def _unit_or(vectors: Tensor, spare: Tensor) -> Tensor:
    length = vectors.norm(dim=-1, keepdim=True)
    return torch.where(length > 1e-9, vectors / length.clamp_min(TINY), spare)


def _axis_like(vectors: Tensor, axis: int) -> Tensor:
    unit = torch.zeros_like(vectors)
    unit[..., axis] = 1
    return unit
