"""CMU's motion capture database: real movement, seen by four virtual cameras per take.

For each take, forward kinematics gives the ends of the bones at the recorded 120 Hz. Frames are kept at the preset's
rate, and 17 joints are taken in Human3.6M's order, in a world with z up. Human3.6M's rig (rig.py) is placed over the
mean position of the take's root and turned by a random angle, so that walks cross the images in all directions. A view
in which a joint leaves the image is dropped and counted.

The data come from mocap.cs.cmu.edu; the database was created with funding from NSF EIA-0196217.

Joints stand for these ends of bones ("root" is the root itself). CMU's root lies about 10 cm above the hip joints.

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
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.artifacts import InputError
from pipeline.data.motion import rig
from pipeline.data.motion.cmu import catalogue
from pipeline.data.motion.cmu.amc import read_motion
from pipeline.data.motion.cmu.asf import AcclaimSkeleton, read_skeleton
from pipeline.data.motion.cmu.catalogue import HOST, Take, motion_path, skeleton_path, takes
from pipeline.data.motion.cmu.kinematics import forward_kinematics
from pipeline.data.motion.filming import Filmed, film_take, summarize
from pipeline.data.motion.settings import CmuMotion
from pipeline.geometry.poses import PoseSet, concatenate
from pipeline.geometry.skeleton import HUMAN36M_17

RECORDED_RATE = 120.0
# Of the rigs of Human3.6M's seven subjects, the one whose images hold the most of these takes (98 % of the poses).
RIG = "S8"

BONES = {
    **{"Hip": "root", "RHip": "rhipjoint", "RKnee": "rfemur", "RAnkle": "rtibia"},
    **{"LHip": "lhipjoint", "LKnee": "lfemur", "LAnkle": "ltibia"},
    **{"Spine": "lowerback", "Thorax": "thorax", "Neck/Nose": "upperneck", "Head": "head"},
    **{"LShoulder": "lclavicle", "LElbow": "lhumerus", "LWrist": "lwrist"},
    **{"RShoulder": "rclavicle", "RElbow": "rhumerus", "RWrist": "rwrist"},
}


def addresses(settings: CmuMotion) -> list[str]:
    """The skeletons and takes of the preset's subjects."""
    return catalogue.addresses((*settings.train_subjects, *settings.test_subjects))


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


def load(settings: CmuMotion, folder: Path, progress: bool = True) -> tuple[dict[str, PoseSet], dict[str, Any]]:
    """The splits {"train", "test"} from files below `folder`/mocap.cs.cmu.edu, and a summary of what was kept.

    The summary counts, for each split, subject and action, the takes, the views (a sampled frame that four cameras
    look at is four), the poses made of them, and the views dropped with the reason. A missing or damaged file raises
    InputError.
    """
    splits, counts = {}, {}
    for split, subjects in (("train", settings.train_subjects), ("test", settings.test_subjects)):
        skeletons = {subject: read_skeleton(folder / HOST / skeleton_path(subject)) for subject in subjects}
        bar = tqdm(takes(subjects), desc=f"CMU {split}", unit="take", disable=None if progress else True)
        filmed = [_film(take, skeletons[take.subject], folder, settings) for take in bar]
        splits[split] = concatenate([take.poses for take in filmed]).check()
        counts[split] = summarize(filmed)
    summary = {"source": "cmu", "frames_per_second": settings.frames_per_second, "rig": RIG, "splits": counts}
    return splits, summary


def _film(take: Take, skeleton: AcclaimSkeleton, folder: Path, settings: CmuMotion) -> Filmed:
    """One take as its four cameras see it."""
    motion = read_motion(folder / HOST / motion_path(take), skeleton)
    rows = sampled(motion.frames, settings.frames_per_second)
    world = joints_17(skeleton, forward_kinematics(skeleton, motion))
    # The direction of a take's rig depends on the seed and the take alone, not on which other takes are loaded.
    yaw = np.random.default_rng([settings.seed, zlib.crc32(take.name.encode())]).uniform(0, 2 * np.pi)
    cameras = rig.place(RIG, world[:, 0, :2].mean(axis=0), yaw)
    return film_take(world[rows], motion.frames[rows], cameras, take.subject, take.action, take.name)
