"""A body in SMPL's format: a mesh with ten shape coefficients and 24 joint rotations.

Loper et al., "SMPL: A Skinned Multi-Person Linear Model", 2015. Rest vertices are linear in the shape's `betas`; rest
joints are linear in the rest vertices. Each vertex moves with a weighted mean of the joints' rigid motions (linear
blend skinning). If the body has pose blend shapes (`posedirs`), they are added to the rest vertices before skinning.

The open body and SMPL both use SMPL's axes: metres, y up, facing +z, x to the person's left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline import artifacts
from pipeline.artifacts import InputError

JOINT_NAMES = (
    *("pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle"),
    *("spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head"),
    *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
    *("left_hand", "right_hand"),
)
PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21)
JOINT_COUNT = len(JOINT_NAMES)
ROOT_PARENT = 4294967295  # in SMPL's files the root's parent is -1 as uint32
SUM_TOLERANCE = 1e-3  # of a vertex's skinning weights, which sum to 1


@dataclass(frozen=True)
class BodyModel:
    """V vertices, F triangles, 24 joints, B shape components. All tensors but `faces` are float32, on one device."""

    v_template: Tensor  # [V, 3] m, the T-pose at betas 0
    shapedirs: Tensor  # [V, 3, B] m per unit of a beta
    posedirs: Tensor | None  # [V, 3, 207] m per entry of the 23 rotations minus identity; None if all are 0
    j_regressor: Tensor  # [24, V] rest joints from rest vertices
    weights: Tensor  # [V, 24] skinning weights
    faces: Tensor  # [F, 3] int64, counter-clockwise seen from outside
    parents: tuple[int, ...] = PARENTS

    @property
    def vertex_count(self) -> int:
        return len(self.v_template)

    @property
    def shape_count(self) -> int:
        return self.shapedirs.shape[2]

    def to(self, device: str | torch.device) -> BodyModel:
        tensors = {name: value.to(device) for name, value in vars(self).items() if isinstance(value, Tensor)}
        return replace(self, **tensors)  # type: ignore[arg-type]  # mypy takes `parents` for one of them

    def rest_vertices(self, betas: Tensor) -> Tensor:
        """T-poses [S, V, 3] in metres for the shapes betas [S, B]."""
        assert betas.ndim == 2 and betas.shape[1] == self.shape_count, f"betas {tuple(betas.shape)}"
        return self.v_template + torch.einsum("vdb,sb->svd", self.shapedirs, betas)

    def joints(self, betas: Tensor) -> Tensor:
        """Rest joints [S, 24, 3] in metres for the shapes betas [S, B]."""
        assert betas.ndim == 2 and betas.shape[1] == self.shape_count, f"betas {tuple(betas.shape)}"
        directions = torch.einsum("jv,vdb->jdb", self.j_regressor, self.shapedirs)
        return self.j_regressor @ self.v_template + torch.einsum("jdb,sb->sjd", directions, betas)

    def skin(self, betas: Tensor, rotations: Tensor, translation: Tensor) -> tuple[Tensor, Tensor]:
        """Posed vertices [N, V, 3] and joints [N, 24, 3] in metres.

        betas [N, B], or [1, B] for one person; rotations [N, 24, 3, 3] relative to the parent joint, for the root in
        the world; translation [N, 3] m. As in SMPL, the root rotates about its own joint, whose rest place is
        J_0(betas) and not the origin.
        """
        count = len(rotations)
        assert rotations.shape == (count, JOINT_COUNT, 3, 3), f"rotations {tuple(rotations.shape)}"
        assert translation.shape == (count, 3) and len(betas) in (1, count), f"translation {tuple(translation.shape)}"
        rest = self.rest_vertices(betas).expand(count, -1, -1)
        turned, joints = self.chain(self.joints(betas).expand(count, -1, -1), rotations)
        if self.posedirs is not None:
            bends = rotations[:, 1:] - torch.eye(3, dtype=rotations.dtype, device=rotations.device)
            rest = rest + torch.einsum("vdp,np->nvd", self.posedirs, bends.reshape(count, -1))
        # Each joint moves a rest point x to turned x + shift; a vertex moves by the weighted mean of these motions.
        shift = joints - torch.einsum("njab,njb->nja", turned, self.joints(betas).expand(count, -1, -1))
        motion = torch.cat([turned, shift[..., None]], dim=-1)  # [N, 24, 3, 4]
        blended = (self.weights @ motion.reshape(count, JOINT_COUNT, 12)).reshape(count, -1, 3, 4)  # [N, V, 3, 4]
        vertices = (blended[..., :3] * rest[..., None, :]).sum(dim=-1) + blended[..., 3]
        return vertices + translation[:, None], joints + translation[:, None]

    def chain(self, rest_joints: Tensor, rotations: Tensor) -> tuple[Tensor, Tensor]:
        """World rotations [N, 24, 3, 3] and joints [N, 24, 3] from rest joints [N, 24, 3] and local rotations.

        There is no translation: joint 0 stays at its rest place.
        """
        turned, joints = [rotations[:, 0]], [rest_joints[:, 0]]
        for joint, parent in enumerate(self.parents[1:], start=1):
            bone = rest_joints[:, joint] - rest_joints[:, parent]
            joints.append(joints[parent] + (turned[parent] @ bone[..., None]).squeeze(-1))
            turned.append(turned[parent] @ rotations[:, joint])
        return torch.stack(turned, dim=1), torch.stack(joints, dim=1)

    def to_arrays(self) -> dict[str, NDArray]:
        """Plain arrays under SMPL's keys, for an npz."""
        parents = np.array([ROOT_PARENT, *self.parents[1:]], dtype=np.uint32)
        arrays = {
            "v_template": self.v_template,
            "shapedirs": self.shapedirs,
            "J_regressor": self.j_regressor,
            "weights": self.weights,
        }
        if self.posedirs is not None:
            arrays["posedirs"] = self.posedirs
        return {
            **{key: value.cpu().numpy() for key, value in arrays.items()},
            "kintree_table": np.stack([parents, np.arange(JOINT_COUNT, dtype=np.uint32)]),
            "f": self.faces.cpu().numpy().astype(np.uint32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray], where: str) -> BodyModel:
        """The inverse of `to_arrays`; other keys are ignored. Raises InputError, one line that begins with `where`.

        Numbers become float32. Pose blend shapes that are all 0 are dropped, because they only cost time.
        """
        for key in ("v_template", "shapedirs", "J_regressor", "weights", "kintree_table", "f"):
            if key not in arrays:
                raise InputError(f"{where}: {key}: missing; a body file has SMPL's own keys, take a whole one")
        v_template = _numbers(arrays["v_template"], (None, 3), "v_template", where)
        count = len(v_template)
        posedirs = None
        if "posedirs" in arrays:
            posedirs = _numbers(arrays["posedirs"], (count, 3, 9 * (JOINT_COUNT - 1)), "posedirs", where)
        body = cls(
            v_template=torch.from_numpy(v_template),
            shapedirs=torch.from_numpy(_numbers(arrays["shapedirs"], (count, 3, None), "shapedirs", where)),
            posedirs=torch.from_numpy(posedirs) if posedirs is not None and posedirs.any() else None,
            j_regressor=torch.from_numpy(_numbers(arrays["J_regressor"], (JOINT_COUNT, count), "J_regressor", where)),
            weights=torch.from_numpy(_numbers(arrays["weights"], (count, JOINT_COUNT), "weights", where)),
            faces=torch.from_numpy(_faces(arrays["f"], count, where)),
        )
        sums = body.weights.sum(dim=1)
        if (sums - 1).abs().max() > SUM_TOLERANCE:
            worst = int((sums - 1).abs().argmax())
            raise InputError(f"{where}: weights: those of vertex {worst} sum to {sums[worst]:.4f} and not 1; {REMEDY}")
        _check_tree(arrays["kintree_table"], where)
        return body


REMEDY = "the file is damaged or no SMPL-format body, take another"


def read_body(path: Path) -> BodyModel:
    """The body in an npz that `to_arrays` made. Raises InputError, one line that names the file."""
    return BodyModel.from_arrays(artifacts.read_arrays(path), str(path))


def _numbers(values: NDArray, shape: tuple[int | None, ...], key: str, where: str) -> NDArray[np.float32]:
    """Finite float32 numbers of this shape (None: any size above 0); raises InputError for others."""
    fits = values.ndim == len(shape) and all(
        size > 0 if wanted is None else size == wanted for size, wanted in zip(values.shape, shape, strict=True)
    )
    if not fits or values.dtype.kind not in "fiu":
        wanted = " x ".join("any" if size is None else str(size) for size in shape)
        raise InputError(f"{where}: {key}: expected numbers, {wanted}, got {values.dtype} {values.shape}; {REMEDY}")
    numbers = np.ascontiguousarray(values, dtype=np.float32)
    if not np.isfinite(numbers).all():
        raise InputError(f"{where}: {key}: {(~np.isfinite(numbers)).sum()} numbers are not finite; {REMEDY}")
    return numbers


def _faces(values: NDArray, count: int, where: str) -> NDArray[np.int64]:
    if values.ndim != 2 or values.shape[1] != 3 or not len(values) or values.dtype.kind not in "iu":
        raise InputError(f"{where}: f: expected triangles of integers, got {values.dtype} {values.shape}; {REMEDY}")
    faces = values.astype(np.int64)
    if faces.min() < 0 or faces.max() >= count:
        raise InputError(f"{where}: f: names vertex {faces.max()} of {count}; {REMEDY}")
    return faces


def _check_tree(table: NDArray, where: str) -> None:
    """Raise InputError unless the tree is SMPL's: the joint names and Human3.6M's landmarks need it."""
    if table.shape != (2, JOINT_COUNT) or table.dtype.kind not in "iu":
        raise InputError(
            f"{where}: kintree_table: expected 2 x {JOINT_COUNT}, got {table.dtype} {table.shape}; {REMEDY}"
        )
    parents = [int(parent) for parent in table[0]]
    if parents[0] not in (-1, ROOT_PARENT) or parents[1:] != list(PARENTS[1:]):
        raise InputError(f"{where}: kintree_table: the tree of joints is not SMPL's (24 joints); {REMEDY}")
