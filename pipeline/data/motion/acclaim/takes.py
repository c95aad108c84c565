"""The skeleton that CMU's motion capture and HDM05 share: 17 joints of a take, and the take as four cameras see it.

Both sets were recorded at 120 Hz with the same markers' model, so that their files have the same bones. Joints are in
Human3.6M's order, in a world with z up. Human3.6M's rig (rig.py) is placed over the mean position of the take's root
and turned by a random angle, so that walks cross the images in all directions.

Joints stand for these ends of bones ("root" is the root itself). The root lies about 10 cm above the hip joints.

| joint          | bone                    | why                                                              |
| -------------- | ----------------------- | ---------------------------------------------------------------- |
| Hip            | root                    | the pelvis                                                       |
| RHip, LHip     | rhipjoint, lhipjoint    | where the femurs begin                                           |
| RKnee, LKnee   | rfemur, lfemur          |                                                                  |
| RAnkle, LAnkle | rtibia, ltibia          |                                                                  |
| Spine          | lowerback               | 21 cm above the hips, as Human3.6M's 23 cm                       |
| Thorax         | thorax                  | where collar bones and neck begin                                |
| Neck/Nose      | upperneck               | base of the head                                                 |
| Head           | head                    | its top                                                          |
| shoulders      | lclavicle, rclavicle    | where the upper arms begin                                       |
| elbows         | lhumerus, rhumerus      |                                                                  |
| wrists         | lwrist, rwrist          | the radius bone ends at two thirds of the forearm; the "wrist"   |
|                |                         | bone, which only twists, is its last third: the hand bends after |
"""

import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.data.motion import rig
from pipeline.data.motion.acclaim.amc import read_motion
from pipeline.data.motion.acclaim.asf import AcclaimSkeleton
from pipeline.data.motion.acclaim.kinematics import forward_kinematics
from pipeline.data.motion.filming import Filmed, film_take
from pipeline.geometry import stature
from pipeline.geometry.skeleton import HUMAN36M_17

RECORDED_RATE = 120.0
# Of the rigs of Human3.6M's seven subjects, the one whose images hold the most of CMU's takes (98 % of the poses).
RIG = "S8"

BONES = {
    **{"Hip": "root", "RHip": "rhipjoint", "RKnee": "rfemur", "RAnkle": "rtibia"},
    **{"LHip": "lhipjoint", "LKnee": "lfemur", "LAnkle": "ltibia"},
    **{"Spine": "lowerback", "Thorax": "thorax", "Neck/Nose": "upperneck", "Head": "head"},
    **{"LShoulder": "lclavicle", "LElbow": "lhumerus", "LWrist": "lwrist"},
    **{"RShoulder": "rclavicle", "RElbow": "rhumerus", "RWrist": "rwrist"},
}


def joints_17(skeleton: AcclaimSkeleton, positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """17 joints [T, 17, 3] (mm, z up) from the bone ends [T, B, 3] of `forward_kinematics` (y up)."""
    for bone in BONES.values():
        if bone not in skeleton.names:
            raise InputError(f"{skeleton.path}: bone {bone} is missing, which the 17 joints need; download it again")
    joints = positions[:, [skeleton.names.index(BONES[name]) for name in HUMAN36M_17.names]]
    return np.stack((joints[..., 0], -joints[..., 2], joints[..., 1]), axis=-1)


def sampled(frames: NDArray[np.int64], frames_per_second: float) -> NDArray[np.bool_]:
    """Which of the recorded frames (by number) to take, [T]: those nearest to the ticks of the slower clock.

    Poses are never interpolated, so limbs keep their lengths.
    """
    if not 0 < frames_per_second <= RECORDED_RATE:
        raise InputError(f"frames_per_second: {frames_per_second} must be above 0 and at most {RECORDED_RATE:g}")
    elapsed = frames - frames[0]
    ticks = np.arange(elapsed[-1] * frames_per_second / RECORDED_RATE + 1)
    return np.isin(elapsed, np.round(ticks * RECORDED_RATE / frames_per_second).astype(np.int64))


def film(
    path: Path, skeleton: AcclaimSkeleton, frames_per_second: float, seed: int, subject: str, action: str, take: str
) -> Filmed:
    """The take in an AMC file as its four cameras see it.

    The direction of its rig depends on the seed and the take's name alone, not on which other takes are loaded. A
    missing or damaged file raises InputError.
    """
    motion = read_motion(path, skeleton)
    rows = sampled(motion.frames, frames_per_second)
    world = joints_17(skeleton, forward_kinematics(skeleton, motion))
    misfit = stature.misfit(world[rows])
    if misfit:
        raise InputError(f"{skeleton.path}: {misfit}; correct `length` under :units, which gives the unit of the bones")
    yaw = np.random.default_rng([seed, zlib.crc32(take.encode())]).uniform(0, 2 * np.pi)
    cameras = rig.place(RIG, world[:, 0, :2].mean(axis=0), yaw)
    return film_take(world[rows], motion.frames[rows], cameras, subject, action, take)
