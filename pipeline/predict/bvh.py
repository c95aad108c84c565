"""A pose over time as BVH, which Blender and other animation programs import: a skeleton at rest and its rotations.

The skeleton at rest is a T-pose with the bone lengths of the prediction: the median over the frames, the same for left
and right. A joint that carries several bones is turned so that they fit best (Kabsch 1976). A joint that carries one is
turned by the smallest rotation from how its parent carries it: joints do not say how a limb is turned about itself.
Predicted bones change their length from frame to frame and differ between left and right; those of BVH do not, so
joints differ by that.

BVH has y up and the figure facing +z. The camera's axes (x right, y down, z away) are turned by half a turn about x, so
a person who faces the camera faces +z. Lengths are cm, as in most BVH files.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from pipeline.geometry.skeleton import Skeleton

CENTIMETRES = 0.1  # in a mm
ORDER = "ZXY"  # of the rotations in a line, each about the axes that the ones before have turned
_UP, _DOWN, _LEFT = (0.0, 1.0, 0.0), (0.0, -1.0, 0.0), (1.0, 0.0, 0.0)
_RIGHT = (-1.0, 0.0, 0.0)
REST = {  # the direction of the bone that ends in a joint; a person who faces +z has the left at +x
    **dict.fromkeys(("Spine", "Thorax", "Neck/Nose", "Head"), _UP),
    **dict.fromkeys(("RHip", "RShoulder", "RElbow", "RWrist"), _RIGHT),
    **dict.fromkeys(("LHip", "LShoulder", "LElbow", "LWrist"), _LEFT),
    **dict.fromkeys(("RKnee", "RAnkle", "LKnee", "LAnkle"), _DOWN),
}


def text(poses: NDArray, skeleton: Skeleton, frames_per_second: float, root: NDArray | None = None) -> str:
    """The BVH file of poses [F, J, 3] mm in the camera's axes; `root` [F, 3] mm moves the pelvis, which else stays."""
    world = _axes(poses.astype(np.float64)) * CENTIMETRES
    offsets = rest_offsets(world, skeleton)
    turns = rotations(world, offsets, skeleton)
    places = np.zeros((len(poses), 3)) if root is None else _axes(root.astype(np.float64)) * CENTIMETRES
    inner = [joint for joint in _depth_first(skeleton) if joint in skeleton.parents]
    with warnings.catch_warnings():  # where the second angle is a right one, scipy says that it chose the third
        warnings.simplefilter("ignore", UserWarning)
        angles = [Rotation.from_matrix(turns[:, joint]).as_euler(ORDER, degrees=True) for joint in inner]
    lines = ["HIERARCHY", *_hierarchy(0, offsets, skeleton, ""), "MOTION"]
    lines += [f"Frames: {len(poses)}", f"Frame Time: {1 / frames_per_second:.6f}"]
    lines += [" ".join(f"{value:.4f}" for value in row) for row in np.concatenate((places, *angles), axis=1)]
    return "\n".join(lines) + "\n"


def rest_offsets(world: NDArray, skeleton: Skeleton) -> NDArray:
    """Each joint's place relative to its parent in the T-pose, [J, 3], with the lengths of poses [F, J, 3]."""
    lengths = np.zeros(skeleton.joint_count)
    for parent, child in skeleton.edges:
        lengths[child] = np.median(np.linalg.norm(world[:, child] - world[:, parent], axis=-1))
    left, right = list(skeleton.left), list(skeleton.right)
    lengths[left] = lengths[right] = (lengths[left] + lengths[right]) / 2
    offsets = np.zeros((skeleton.joint_count, 3))
    for _, child in skeleton.edges:
        offsets[child] = lengths[child] * np.array(REST[skeleton.names[child]])
    return offsets


def rotations(world: NDArray, offsets: NDArray, skeleton: Skeleton) -> NDArray:
    """Each joint's rotation relative to its parent's, [F, J, 3, 3], that turns the rest pose into poses [F, J, 3]."""
    absolute = np.tile(np.eye(3), (len(world), skeleton.joint_count, 1, 1))
    relative = absolute.copy()
    for joint, parent in enumerate(skeleton.parents):
        before = absolute[:, parent] if parent >= 0 else np.tile(np.eye(3), (len(world), 1, 1))
        children = [child for child, of in enumerate(skeleton.parents) if of == joint]
        bones = world[:, children] - world[:, [joint]]
        if len(children) > 1:
            absolute[:, joint] = _kabsch(offsets[children], bones)
        elif children:
            absolute[:, joint] = _swing(before @ offsets[children[0]], bones[:, 0]) @ before
        else:
            absolute[:, joint] = before
        relative[:, joint] = np.swapaxes(before, 1, 2) @ absolute[:, joint]
    return relative


def _axes(points: NDArray) -> NDArray:
    return points * np.array([1.0, -1.0, -1.0])


def _kabsch(rest: NDArray, bones: NDArray) -> NDArray:
    """Rotations [F, 3, 3] that bring directions `rest` [C, 3] nearest to `bones` [F, C, 3]."""
    left, _, right = np.linalg.svd(np.einsum("fci,cj->fij", bones, rest))
    flip = np.tile(np.eye(3), (len(bones), 1, 1))
    flip[:, 2, 2] = np.sign(np.linalg.det(left @ right))
    return left @ flip @ right


def _swing(start: NDArray, end: NDArray) -> NDArray:
    """The smallest rotations [F, 3, 3] that turn directions `start` [F, 3] to `end` [F, 3]."""
    a, b = (v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-12) for v in (start, end))
    axis = np.cross(a, b)
    sine, cosine = np.linalg.norm(axis, axis=-1), np.einsum("fi,fi->f", a, b)
    # Where the directions are opposite, half a turn about any direction across them.
    spare = np.cross(a, np.eye(3)[np.abs(a).argmin(axis=-1)])
    axis = np.where((sine > 1e-9)[:, None], axis, spare)
    axis /= np.maximum(np.linalg.norm(axis, axis=-1, keepdims=True), 1e-12)
    return Rotation.from_rotvec(axis * np.arctan2(sine, cosine)[:, None]).as_matrix()


def _depth_first(skeleton: Skeleton, joint: int = 0) -> list[int]:
    """The joints in the order in which a BVH file names them."""
    below = [_depth_first(skeleton, child) for child, of in enumerate(skeleton.parents) if of == joint]
    return [joint, *(j for branch in below for j in branch)]


def _hierarchy(joint: int, offsets: NDArray, skeleton: Skeleton, indent: str) -> list[str]:
    children = [child for child, of in enumerate(skeleton.parents) if of == joint]
    name = skeleton.names[joint].replace("/", "_")
    offset = "OFFSET " + " ".join(f"{value:.4f}" for value in offsets[joint])
    rotations = " ".join(f"{axis}rotation" for axis in ORDER)
    if not children:
        return [f"{indent}End Site", f"{indent}{{", f"{indent}  {offset}", f"{indent}}}"]
    kind = "ROOT" if joint == 0 else "JOINT"
    channels = f"CHANNELS 6 Xposition Yposition Zposition {rotations}" if joint == 0 else f"CHANNELS 3 {rotations}"
    lines = [f"{indent}{kind} {name}", f"{indent}{{", f"{indent}  {offset}", f"{indent}  {channels}"]
    for child in children:
        lines += _hierarchy(child, offsets, skeleton, indent + "  ")
    return [*lines, f"{indent}}}"]
