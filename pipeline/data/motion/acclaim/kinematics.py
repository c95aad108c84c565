"""Forward kinematics: where the bones of an Acclaim skeleton end in every frame of a motion."""

import numpy as np
from numpy.typing import NDArray

from pipeline.data.motion.acclaim.amc import AcclaimMotion
from pipeline.data.motion.acclaim.asf import AcclaimSkeleton
from pipeline.data.motion.rotations import euler


def forward_kinematics(skeleton: AcclaimSkeleton, motion: AcclaimMotion) -> NDArray[np.float64]:
    """The end of every bone in the file's world axes, [T, B, 3] mm; the root's entry is the root itself.

    A bone turns by G = G_parent C M C^-1, where M holds its degrees of freedom and C its axes at rest, and ends at
    the parent's end + G offset. All frames go through each bone together.
    """
    count = len(motion.frames)
    positions = np.empty((count, len(skeleton.names), 3))
    rotations: list[NDArray[np.float64]] = []
    channel = 0
    for bone, (parent, freedoms) in enumerate(zip(skeleton.parents, skeleton.freedoms, strict=True)):
        values = motion.channels[:, channel : channel + len(freedoms)]
        channel += len(freedoms)
        axes, offset = skeleton.axes[bone], skeleton.offsets[bone]
        turns = [index for index, freedom in enumerate(freedoms) if freedom.startswith("r")]
        turn = euler(values[:, turns], "".join(freedoms[index][1] for index in turns))
        if parent < 0:
            rotations.append(turn @ axes)  # the preset orientation comes first, then the take's
            positions[:, bone] = offset + _translation(freedoms, values)
            continue
        rotations.append(rotations[parent] @ (axes @ turn @ axes.T) if turns else rotations[parent])
        positions[:, bone] = positions[:, parent] + rotations[bone] @ offset
    return positions


def _translation(freedoms: tuple[str, ...], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The root's translation [T, 3]; an axis without freedom stays at 0."""
    translation = np.zeros((len(values), 3))
    for index, freedom in enumerate(freedoms):
        if freedom.startswith("t"):
            translation[:, "xyz".index(freedom[1])] = values[:, index]
    return translation
