"""Small Acclaim files for the tests, and the way to the real ones where they are at hand."""

from pathlib import Path

import pytest
from repository import MIRROR

from pipeline.data.motion.hdm05 import catalogue

MILLIMETRES = 25.4 / 0.5  # one unit of the files written here

# Three bones: a rigid hip, a spine that turns every way, an arm whose own x axis is the world's y.
SMALL_ASF = """\
# a comment
:version 1.10
:name small
:units
  mass 1.0
  length 0.5
  angle deg
:documentation
   anything
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
    id 1
    name hip
    direction 1 0 0
    length 2
    axis 0 0 0 XYZ
  end
  begin
    id 2
    name spine
    direction 0 1 0
    length 3
    axis 0 0 0 XYZ
    dof rx ry rz
    limits (-20.0 45.0)
           (-30.0 30.0)
           (-30.0 30.0)
  end
  begin
    id 3
    name arm
    direction 1 0 0
    length 2
    axis 0 0 90 XYZ
    dof rx
  end
:hierarchy
  begin
    root hip spine
    spine arm
  end
"""

AMC_HEADER = "#!OML:ASF small.ASF\n:FULLY-SPECIFIED\n:DEGREES\n"

# The bones that the 17 joints need, as (bone, parent, direction, length in inches): a person who faces +z, y up.
PERSON = [
    *[
        ("lhipjoint", "root", "0.6 -0.8 0", 5),
        ("lfemur", "lhipjoint", "0 -1 0", 16),
        ("ltibia", "lfemur", "0 -1 0", 17),
    ],
    *[
        ("rhipjoint", "root", "-0.6 -0.8 0", 5),
        ("rfemur", "rhipjoint", "0 -1 0", 16),
        ("rtibia", "rfemur", "0 -1 0", 17),
    ],
    *[("lowerback", "root", "0 1 0", 5), ("upperback", "lowerback", "0 1 0", 5), ("thorax", "upperback", "0 1 0", 5)],
    *[("lowerneck", "thorax", "0 1 0", 4), ("upperneck", "lowerneck", "0 1 0", 4), ("head", "upperneck", "0 1 0", 4)],
    *[("lclavicle", "thorax", "1 0 0", 7), ("lhumerus", "lclavicle", "1 0 0", 11)],
    *[("lradius", "lhumerus", "1 0 0", 7), ("lwrist", "lradius", "1 0 0", 4)],
    *[("rclavicle", "thorax", "-1 0 0", 7), ("rhumerus", "rclavicle", "-1 0 0", 11)],
    *[("rradius", "rhumerus", "-1 0 0", 7), ("rwrist", "rradius", "-1 0 0", 4)],
]


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def small_frame(number: int, root: str = "0 0 0 0 0 0", spine: str = "0 0 0", arm: str = "0") -> str:
    return f"{number}\nroot {root}\nspine {spine}\narm {arm}\n"


def person_asf() -> str:
    """A skeleton with CMU's bone names in inches; only root and head move."""
    bones = "".join(
        f"begin\nid {index}\nname {name}\ndirection {direction}\nlength {length}\naxis 0 0 0 XYZ\n"
        + ("dof rx\n" if name == "head" else "")
        + "end\n"
        for index, (name, _, direction, length) in enumerate(PERSON)
    )
    hierarchy = "".join(f"{parent} {name}\n" for name, parent, _, _ in PERSON)
    root = "order TX TY TZ RX RY RZ\naxis XYZ\nposition 0 0 0\norientation 0 0 0\n"
    units = "length 1.0\nangle deg\n"
    return f":units\n{units}:root\n{root}:bonedata\n{bones}:hierarchy\nbegin\n{hierarchy}end\n"


def write_hdm05(raw: Path, frames: int = 49) -> list[Path]:
    """Every file of HDM05 below a folder, with CRLF and a Latin-1 letter: people who stand 38 inches high and turn."""
    turning = "".join(f"{i + 1}\nroot 0 38 -2 0 {i} 0\nhead 0\n" for i in range(frames))
    for path in catalogue.files():
        text = person_asf() if path.suffix == ".asf" else AMC_HEADER.replace("small", "f\u00fcr/small") + turning
        (raw / path).parent.mkdir(parents=True, exist_ok=True)
        (raw / path).write_bytes(text.replace("\n", "\r\n").encode("latin-1"))
    return catalogue.files()


def real_hdm05() -> Path:
    """The folder that holds HDM05 as a mirror does; skips the test where there is none."""
    folder = MIRROR
    if not (folder / catalogue.FOLDER).is_dir():
        pytest.skip(f"no HDM05 at hand: set MIXPOSE_MIRROR to a folder that holds {catalogue.FOLDER}")
    return folder


def real_files() -> Path:
    """The folder that holds mocap.cs.cmu.edu, laid out as there; skips the test where there is none."""
    folder = MIRROR
    if not (folder / "mocap.cs.cmu.edu").is_dir():
        pytest.skip("no CMU files at hand: set MIXPOSE_MIRROR to a folder that holds mocap.cs.cmu.edu")
    return folder
