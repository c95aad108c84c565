"""Human3.6M's takes: their names, joints and splits, and what is known of how many and how long they are.

A take is named after its action, with a number where the release has one: "Directions", "Directions 1". Both
spellings of two actions mean the same ("TakingPhoto 1" is "Photo 1"), and takes named `_ALL` are ignored.

S11's "Directions" is left out, and its "Directions 1" stays: of the former, the video of camera 54138969 is damaged.
VideoPose3D's and SemGCN's preparation leave out that very name, and it is the take that the stacked hourglass's
detections lack. The counts below are without it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pipeline.artifacts import InputError

RECORDED_RATE = 50.0
SPLITS = {"train": ("S1", "S5", "S6", "S7", "S8"), "test": ("S9", "S11")}
SUBJECTS = tuple(subject for subjects in SPLITS.values() for subject in subjects)
ACTIONS = (
    *("Directions", "Discussion", "Eating", "Greeting", "Phoning", "Photo", "Posing", "Purchases", "Sitting"),
    *("SittingDown", "Smoking", "Waiting", "WalkDog", "Walking", "WalkTogether"),
)
SPELLINGS = {"TakingPhoto": "Photo", "WalkingDog": "WalkDog"}
DAMAGED = ("S11", "Directions")
CAMERA_COUNT = 4

# Of 32 joints, those that move and are not doubled, in the order of HUMAN36M_17.
RELEASED_JOINTS = 32
KEPT_JOINTS = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)

# Frames at 50 Hz, all takes but the damaged one: 1,559,752 and 543,344 views of four cameras.
FRAMES = {"train": 389_938, "test": 135_836}
SHORTEST = 900  # frames; the shortest video has 994
NAME = re.compile(r"([A-Za-z]+)(?:[ _](\d+))?")


def take_name(name: str, where: str) -> str | None:
    """A take's one name for any of its spellings, None for `_ALL`; InputError, which begins with `where`, for others.

    "TakingPhoto_1" is "Photo 1".
    """
    if name.startswith("_ALL"):
        return None
    match = NAME.fullmatch(name)
    action = SPELLINGS.get(match[1], match[1]) if match else name
    if match is None or action not in ACTIONS:
        raise InputError(f"{where}: {name!r} is no take of Human3.6M's {len(ACTIONS)} actions; take the file away")
    return f"{action} {match[2]}" if match[2] else action


def action_of(take: str) -> str:
    return take.split(" ")[0]


def take_order(take: str) -> tuple[int, int]:
    """A key to sort takes by: actions in the order of ACTIONS, the take without a number first."""
    action, _, number = take.partition(" ")
    return ACTIONS.index(action), int(number or 0)


def shortcomings(split: str, lengths: Mapping[tuple[str, str], int]) -> list[str]:
    """What is wrong with a split's takes, by (subject, take) to frames at 50 Hz; a sentence each, empty if all is well.

    How long every single take must be is nowhere published. So where the sum is not what it must be, takes that are
    suspiciously short are named: shorter than any video, or than half the same subject's other take of the action.
    """
    found = []
    for subject in SPLITS[split]:
        for action in ACTIONS:
            there = [take for owner, take in lengths if owner == subject and action_of(take) == action]
            expected = 1 if (subject, action) == DAMAGED else 2
            if len(there) != expected:
                names = ", ".join(sorted(there, key=take_order)) or "none"
                found.append(f"{subject}: {expected} of {action} expected, there: {names}")
    total, expected = sum(lengths.values()), FRAMES[split]
    if total != expected:
        found.append(
            f"{split}: {total:,} frames at 50 Hz where Human3.6M has {expected:,} "
            f"({total * CAMERA_COUNT:,} views of {expected * CAMERA_COUNT:,})"
        )
        found += [f"{subject} {take}: only {lengths[subject, take]} frames" for subject, take in _short(lengths)]
    return found


def _short(lengths: Mapping[tuple[str, str], int]) -> Sequence[tuple[str, str]]:
    longest: dict[tuple[str, str], int] = {}
    for (subject, take), frames in lengths.items():
        pair = subject, action_of(take)
        longest[pair] = max(frames, longest.get(pair, 0))
    return [
        (subject, take)
        for (subject, take), frames in lengths.items()
        if frames < SHORTEST or 2 * frames < longest[subject, action_of(take)]
    ]
