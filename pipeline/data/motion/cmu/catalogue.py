"""The takes of CMU's motion capture database: their subjects, their actions, and the addresses of their files.

`takes.csv` gives every take its action: subject 02's from the order in which the database describes them (walk,
walk, run, jump, punch, bend, swordplay three times, wash); subjects 01 and 03 from theirs (playground, uneven ground);
what the others do, and that 01_01 is jumps rather than climbing, from the movement itself. The measures that they must
meet (speed over ground, height of feet and root) are in the tests.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.artifacts import InputError

HOST = "mocap.cs.cmu.edu"
TAKES = Path(__file__).with_name("takes.csv")


class Take(NamedTuple):
    subject: str
    name: str
    action: str


def takes(subjects: Sequence[str]) -> list[Take]:
    """The known takes of these subjects, in the table's order."""
    with TAKES.open(encoding="utf-8", newline="") as file:
        table = [Take(row["subject"], row["take"], row["action"]) for row in csv.DictReader(file)]
    known = {take.subject for take in table}
    for subject in subjects:
        if subject not in known:
            raise InputError(f"{TAKES.name}: no takes of CMU subject {subject}; known: {' '.join(sorted(known))}")
    return [take for take in table if take.subject in subjects]


def addresses(subjects: Sequence[str]) -> list[str]:
    """Every file that `load` reads of these subjects, at its original address: each skeleton before its takes."""
    files = []
    for take in takes(subjects):
        files += [skeleton_path(take.subject), motion_path(take)]
    return [f"http://{HOST}/{path.as_posix()}" for path in dict.fromkeys(files)]


def skeleton_path(subject: str) -> Path:
    """Of a subject's skeleton, below the host."""
    return Path("subjects", subject, f"{subject}.asf")


def motion_path(take: Take) -> Path:
    """Of a take's movement, below the host."""
    return Path("subjects", take.subject, f"{take.name}.amc")
