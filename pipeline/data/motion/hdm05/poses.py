"""HDM05: motion capture of four other actors, on which models trained on CMU's are tested and never trained.

Müller, Röder, Clausen, Eberhardt, Krüger and Weber, "Documentation Mocap Database HDM05", Universität Bonn, 2007, under
Creative Commons Attribution-ShareAlike 3.0. What is made of the data has the same terms, so no weights are trained on
them here.

The skeletons have CMU's bones, lengths in the same unit and the same axes, so joints and cameras are those of CMU's
takes (acclaim/takes.py). The eleven kinds of motion are the actions, the actors the subjects.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tqdm import tqdm

from pipeline.data.motion.acclaim.asf import read_skeleton
from pipeline.data.motion.acclaim.takes import RIG, film
from pipeline.data.motion.filming import summarize
from pipeline.data.motion.hdm05 import catalogue
from pipeline.geometry.poses import PoseSet, concatenate

SEED = 0  # of the directions from which the clips are filmed: a test set is the same in every preset
# 9,960 poses. At 30 frames a second 57,000 would be nearly equal neighbours, and cost more than all else measured.
FRAMES_PER_SECOND = 5.0


def load(folder: Path, progress: bool = True) -> tuple[PoseSet, dict[str, Any]]:
    """Every clip's poses from files below `folder`/resources.mpi-inf.mpg.de/HDM05, and what was kept, as CMU's takes.

    A missing or damaged file raises InputError.
    """
    clips = catalogue.clips()
    actors = dict.fromkeys(clip.actor for clip in clips)
    skeletons = {actor: read_skeleton(folder / catalogue.skeleton_path(actor)) for actor in actors}
    bar = tqdm(clips, desc="HDM05", unit="clip", disable=None if progress else True)
    filmed = [
        film(
            folder / catalogue.motion_path(clip),
            skeletons[clip.actor],
            FRAMES_PER_SECOND,
            SEED,
            *(clip.actor, clip.action, clip.name),
        )
        for clip in bar
    ]
    summary = {"source": "hdm05", "frames_per_second": FRAMES_PER_SECOND, "rig": RIG, **summarize(filmed)}
    return concatenate([clip.poses for clip in filmed]).check(), summary
