"""A data set like Human3.6M made in code: no licence, no network, and as ambiguous in depth as the real one.

Seven invented people (body.py) perform the 15 actions of Human3.6M (actions.py), two takes each, in front of the four
cameras of the subject of the same name. `docs/synthetic.md` shows what they look like.

    python -m pipeline.data.motion.synthetic.drawing docs/images
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from pipeline.artifacts import InputError
from pipeline.data.motion import rig
from pipeline.data.motion.filming import Filmed, film_take, summarize
from pipeline.data.motion.settings import SyntheticMotion
from pipeline.data.motion.synthetic.actions import ACTIONS
from pipeline.data.motion.synthetic.body import TEST, TRAIN, Person
from pipeline.data.motion.synthetic.curves import Array
from pipeline.data.motion.synthetic.performance import perform
from pipeline.geometry.poses import PoseSet, concatenate

TAKES = 2  # of every action


def load(
    settings: SyntheticMotion, folder: Path | None = None, progress: bool = True
) -> tuple[dict[str, PoseSet], dict[str, Any]]:
    """The splits {"train", "test"} and a summary of the views kept and dropped. No file is read.

    Equal settings give equal bytes. Another frame rate shows the same motion at other moments. Raises InputError if a
    take is shorter than one frame.
    """
    if settings.frames_per_second * settings.seconds_per_take < 1:
        raise InputError("motion.seconds_per_take: shorter than one frame; raise it, or motion.frames_per_second")
    splits, counts = {}, {}
    for split, people in (("train", TRAIN), ("test", TEST)):
        scenes = [(person, action, take) for person in people for action in ACTIONS for take in range(TAKES)]
        bar = tqdm(scenes, desc=f"synthetic {split}", unit="take", disable=None if progress else True)
        filmed = [_film(*scene, settings) for scene in bar]
        splits[split] = concatenate([take.poses for take in filmed]).check()
        counts[split] = summarize(filmed)
    summary = {"source": "synthetic", "frames_per_second": settings.frames_per_second, "rig": "each subject's own"}
    return splits, summary | {"splits": counts}


def joints(person: Person, action: str, take: int, settings: SyntheticMotion) -> tuple[Array, Array]:
    """Joints [T, 17, 3] mm, z up and the floor at 0, and the frames' times [T] in seconds."""
    times = np.arange(int(settings.seconds_per_take * settings.frames_per_second)) / settings.frames_per_second
    key = zlib.crc32(f"{person.name} {action} {take}".encode())
    random = np.random.default_rng([settings.seed, key])
    return perform(person, ACTIONS[action], take, times, settings.seconds_per_take, random), times


def _film(person: Person, action: str, take: int, settings: SyntheticMotion) -> Filmed:
    """One take in front of the cameras of its subject, who is where their axes meet."""
    world, times = joints(person, action, take, settings)
    cameras = rig.place(person.name, (0.0, 0.0), yaw=0.0)
    return film_take(world, np.arange(len(times)), cameras, person.name, action, f"{person.name} {action} {take + 1}")
