"""CMU's motion capture database: real movement, seen by four virtual cameras per take.

For each take, forward kinematics gives the ends of the bones at the recorded 120 Hz. Frames are kept at the preset's
rate, and 17 joints are taken in Human3.6M's order (acclaim/takes.py says which and how they are filmed). A view in
which a joint leaves the image is dropped and counted.

The data come from mocap.cs.cmu.edu; the database was created with funding from NSF EIA-0196217.
"""

from pathlib import Path
from typing import Any

from tqdm import tqdm

from pipeline.data.motion.acclaim.asf import read_skeleton
from pipeline.data.motion.acclaim.takes import RIG, film
from pipeline.data.motion.cmu import catalogue
from pipeline.data.motion.cmu.catalogue import HOST, motion_path, skeleton_path, takes
from pipeline.data.motion.filming import summarize
from pipeline.data.motion.settings import CmuMotion
from pipeline.geometry.poses import PoseSet, concatenate


def addresses(settings: CmuMotion) -> list[str]:
    """The skeletons and takes of the preset's subjects."""
    return catalogue.addresses((*settings.train_subjects, *settings.test_subjects))


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
        filmed = [
            film(
                folder / HOST / motion_path(take),
                skeletons[take.subject],
                settings.frames_per_second,
                settings.seed,
                *(take.subject, take.action, take.name),
            )
            for take in bar
        ]
        splits[split] = concatenate([take.poses for take in filmed]).check()
        counts[split] = summarize(filmed)
    summary = {"source": "cmu", "frames_per_second": settings.frames_per_second, "rig": RIG, "splits": counts}
    return splits, summary
