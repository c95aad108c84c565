"""The clips of HDM05 that are read: their actors, their kinds of motion, and the places of their files.

`clips.csv` lists 233 cut clips of eleven kinds. A clip's name has its actor, its kind and its number:
HDM_bd_depositFloorR_001_120 is actor bd's first deposit, at 120 Hz.
"""

import csv
from pathlib import Path
from typing import NamedTuple

from pipeline.artifacts import InputError, digest
from pipeline.data.fetch.download import Download, fetch

FOLDER = Path("resources.mpi-inf.mpg.de", "HDM05")
CLIPS = Path(__file__).with_name("clips.csv")
WITHOUT = "write `generalization:` without a value"  # into the preset, to run without this test set


class Clip(NamedTuple):
    actor: str
    name: str
    action: str


def clips() -> list[Clip]:
    """All clips, in the table's order."""
    with CLIPS.open(encoding="utf-8", newline="") as file:
        return [Clip(row["actor"], row["clip"], row["action"]) for row in csv.DictReader(file)]


def files() -> list[Path]:
    """Every file that `load` reads, below data/raw or a mirror: each actor's skeleton before the clips."""
    every = [path for clip in clips() for path in (skeleton_path(clip.actor), motion_path(clip))]
    return list(dict.fromkeys(every))


def addresses() -> list[str]:
    """The same as a mirror lists them. These are no addresses of the original server, which has the set in archives."""
    return [f"http://{path.as_posix()}" for path in files()]


def bring(raw: Path, mirror: str | None) -> list[Download]:
    """Copy the files from a mirror, or, without one, list those that the user put below `raw`.

    Raises InputError, in one line, for files that are in neither place.
    """
    if mirror:
        return fetch(addresses(), raw, mirror)
    missing = absent(raw)
    if missing:
        count = len(files())
        raise InputError(
            f"{raw / missing[0]}: missing, as are {len(missing) - 1} more of HDM05's {count} files; they have no "
            f"address to download them from: put them there, or name a mirror (--mirror, MIXPOSE_MIRROR or mirror: in "
            f"params.yaml) that has them, or {WITHOUT}"
        )
    found = zip(addresses(), files(), strict=True)
    return [
        Download(address, path.as_posix(), (raw / path).stat().st_size, digest(raw / path)) for address, path in found
    ]


def absent(folder: Path) -> list[Path]:
    """The files that are missing or empty below a folder."""
    places = ((path, folder / path) for path in files())
    return [path for path, place in places if not place.is_file() or not place.stat().st_size]


def skeleton_path(actor: str) -> Path:
    return FOLDER / actor / f"HDM_{actor}.asf"


def motion_path(clip: Clip) -> Path:
    return FOLDER / clip.actor / f"{clip.name}.amc"
