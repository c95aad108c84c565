"""Data that may not be redistributed, so that it has no address: users bring their own copy or take another preset."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.artifacts import InputError, digest

WORKS_WITHOUT = "mini"  # the largest preset that needs no licensed data
NAMED_DIGEST = re.compile(r"-([0-9a-f]{8})\.pth$")
VIDEOPOSE3D = "https://github.com/facebookresearch/VideoPose3D"  # its DATASETS.md says how the files are made


@dataclass(frozen=True)
class Licensed:
    """Data under a licence that each user signs."""

    what: str
    choices: tuple[tuple[str, ...], ...]  # sets of files below data/licensed; one complete set is enough
    granted_at: str


LICENSED = {
    "human36m": Licensed(
        what="Human3.6M's 3D poses",
        choices=(
            ("human36m/data_3d_h36m.npz",),  # as VideoPose3D's preparation writes it
            tuple(f"human36m/Poses_D3_Positions_S{subject}.tgz" for subject in (1, 5, 6, 7, 8, 9, 11)),  # as released
        ),
        granted_at="http://vision.imar.ro/human3.6m",
    ),
    "human36m_videos": Licensed(
        what="Human3.6M's videos",
        choices=(tuple(f"human36m/Videos_S{subject}.tgz" for subject in (1, 5, 6, 7, 8, 9, 11)),),  # as released
        granted_at="http://vision.imar.ro/human3.6m",
    ),
    "imagenet": Licensed(
        what="ImageNet's weights of ResNet-50, torchvision's file",
        choices=(("imagenet/resnet50-0676ba61.pth",),),
        granted_at="https://github.com/pytorch/vision",
    ),
    # Detections go by their detector's name in params.yaml.
    "stacked_hourglass": Licensed(
        what="the stacked hourglass's detections on Human3.6M",
        choices=(("human36m/data_2d_h36m_sh_ft_h36m.npz",),),
        granted_at=VIDEOPOSE3D,
    ),
    "cascaded_pyramid_network": Licensed(
        what="the cascaded pyramid network's detections on Human3.6M",
        choices=(("human36m/data_2d_h36m_cpn_ft_h36m_dbb.npz",),),
        granted_at=VIDEOPOSE3D,
    ),
    "smpl": Licensed(
        what="the SMPL body model",
        choices=(
            ("smpl/SMPL_NEUTRAL.npz",),
            ("smpl/SMPL_NEUTRAL.pkl",),  # as smplx wants it named
            ("smpl/basicmodel_neutral_lbs_10_207_0_v1.1.0.pkl",),  # as released, "SMPL for Python"
            ("smpl/basicModel_neutral_lbs_10_207_0_v1.0.0.pkl",),
        ),
        granted_at="https://smpl.is.tue.mpg.de",
    ),
    "mpi_inf_3dhp": Licensed(
        what="MPI-INF-3DHP's test set",
        choices=(tuple(f"mpi_inf_3dhp/mpi_inf_3dhp_test_set/TS{sequence}/annot_data.mat" for sequence in range(1, 7)),),
        granted_at="https://vcai.mpi-inf.mpg.de/3dhp-dataset",
    ),
}


def require(key: str, root: Path) -> list[Path]:
    """The files of a licensed data set, found below `root` (data/licensed).

    Of several possible sets of files, the first complete one is taken. Raises InputError if none is complete: it says
    what is missing, where to put it, who grants it, and which preset works without it; or if a file has not the digest
    that its name states. Raises KeyError for an unknown key.
    """
    data = LICENSED[key]
    missing = absent(key, root)
    for files, names in zip(data.choices, missing, strict=True):
        if not names:
            return [_with_its_digest(root / name) for name in files]
    places = ", or ".join(_places(root, names) for names in missing)
    raise InputError(
        f"{data.what}: licensed, cannot be downloaded for you, and not here: put {places}; "
        f"granted at {data.granted_at}; preset {WORKS_WITHOUT} works without"
    )


def absent(key: str, root: Path) -> list[list[str]]:
    """For each possible set of files, those that are missing or empty below `root`."""
    return [[name for name in files if not _is_there(root / name)] for files in LICENSED[key].choices]


def _with_its_digest(path: Path) -> Path:
    """The path; InputError if its name states another digest than the file has, as torchvision's names do."""
    stated = NAMED_DIGEST.search(path.name)
    if stated and not digest(path).startswith(stated[1]):
        raise InputError(f"{path}: truncated or another file: its digest does not begin with {stated[1]}; get it again")
    return path


def _is_there(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _places(root: Path, names: list[str]) -> str:
    """`data/licensed/a`, or `data/licensed/a ... data/licensed/z (7 files)`."""
    first, last = root / names[0], root / names[-1]
    return str(first) if len(names) == 1 else f"{first} ... {last} ({len(names)} files)"
