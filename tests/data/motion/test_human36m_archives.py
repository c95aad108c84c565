"""data/motion/human36m/archives.py: what is taken out of the files, and what is said of those that can't be used."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

import human36m_files as files
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.data.motion.human36m import archives
from pipeline.geometry.skeleton import HUMAN36M_17

INDEX = [files.STANDING[name][0] for name in HUMAN36M_17.names]


def everyone_with(**takes: NDArray) -> dict[str, dict[str, NDArray]]:
    """One take of 5 frames per subject, except for S5, whose takes are given (an underscore for the space)."""
    subjects = {subject: {"Eating": files.motion(5)} for subject in files.SUBJECTS}
    return subjects | {"S5": {name.replace("_", " "): joints for name, joints in takes.items()}}


def prepared(folder: Path, protocol: int = 4, **takes: NDArray) -> Path:
    return files.write_prepared(folder / "data_3d_h36m.npz", everyone_with(**takes), protocol)


def released(folder: Path, compress: int = 0, **takes: NDArray) -> list[Path]:
    everyone = everyone_with(**takes).items()
    return [files.write_released(folder, subject, named, compress) for subject, named in everyone]


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_prepared_joints_become_mm_in_our_order(tmp_path: Path, protocol: int) -> None:
    recordings = archives.read([prepared(tmp_path, protocol, Photo_1=files.motion(9))], progress=False)
    assert [(one.subject, one.take) for one in recordings][:3] == [
        ("S1", "Eating"),
        ("S5", "Photo 1"),
        ("S6", "Eating"),
    ]
    photo = recordings[1].joints
    assert (photo.shape, photo.dtype) == ((9, 17, 3), np.float32)
    np.testing.assert_allclose(photo, 1000 * files.motion(9)[:, INDEX], atol=1e-3)


@pytest.mark.parametrize("compress", [0, 6])
def test_released_joints_are_mm_in_our_order(tmp_path: Path, compress: int) -> None:
    recordings = archives.read(released(tmp_path, compress, TakingPhoto_1=files.motion(300)), progress=False)
    assert [(one.subject, one.take) for one in recordings][:3] == [
        ("S1", "Eating"),
        ("S5", "Photo 1"),
        ("S6", "Eating"),
    ]
    np.testing.assert_allclose(recordings[1].joints, 1000 * files.motion(300)[:, INDEX], atol=1e-3)


def test_a_take_of_one_frame(tmp_path: Path) -> None:
    recordings = archives.read(released(tmp_path, Eating=files.motion(1)), progress=False)
    assert recordings[1].joints.shape == (1, 17, 3)


def test_only_s11s_directions_without_a_number_is_left_out(tmp_path: Path) -> None:
    both = {"Directions": files.motion(5), "Directions 1": files.motion(6)}
    subjects = dict.fromkeys(files.SUBJECTS, both)
    paths = [files.write_released(tmp_path, subject, takes) for subject, takes in subjects.items()]
    paths_2 = [files.write_prepared(tmp_path / "data_3d_h36m.npz", subjects)]
    for recordings in (archives.read(paths, progress=False), archives.read(paths_2, progress=False)):
        of = {one: [r.take for r in recordings if r.subject == one] for one in files.SUBJECTS}
        assert of == {subject: ["Directions", "Directions 1"] for subject in files.SUBJECTS[:-1]} | {
            "S11": ["Directions 1"]
        }


def test_a_take_under_both_spellings_is_refused(tmp_path: Path) -> None:
    path = prepared(tmp_path, TakingPhoto=files.motion(5), Photo=files.motion(5))
    with pytest.raises(InputError, match="S5 Photo is there under two names"):
        archives.read([path], progress=False)


def broken(frame: int, joint: int, value: float) -> NDArray[np.float64]:
    joints = files.motion(20)
    joints[frame, joint, 1] = value
    return joints


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_is_named(tmp_path: Path, value: float) -> None:
    joints = broken(13, 26, value)  # of the 32, the right elbow
    path = prepared(tmp_path, Smoking_2=joints)
    where = r"S5 Smoking 2: frame 13 \(of 20 at 50 Hz\), joint RElbow: not a number; get it again"
    with pytest.raises(InputError, match=rf"data_3d_h36m\.npz: {where}"):
        archives.read([path], progress=False)
    with pytest.raises(InputError, match=rf"Poses_D3_Positions_S5\.tgz: {where}"):
        archives.read(released(tmp_path, Smoking_2=joints), progress=False)


def test_nan_in_an_unused_joint_is_ignored(tmp_path: Path) -> None:
    assert len(archives.read([prepared(tmp_path, Eating=broken(3, 31, np.nan))], progress=False)) == 7


def test_another_unit_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"S5 Eating: a person of 1.57\d*e\+06 mm from feet to head, .*; positions must be in metres"
    ):
        archives.read([prepared(tmp_path, Eating=1000 * files.motion(5))], progress=False)
    with pytest.raises(
        InputError, match=r"S5 Eating: a person of 1.57\d* mm from feet to head, .*; positions must be in mm"
    ):
        archives.read(released(tmp_path, Eating=files.motion(5) / 1000), progress=False)


@pytest.mark.parametrize(
    ("joints", "found"),
    [
        (files.motion(5)[:, INDEX], r"float32 \(5, 17, 3\)"),
        (files.motion(5)[..., :2], r"float32 \(5, 32, 2\)"),
        (files.motion(5).reshape(5, 96), r"float32 \(5, 96\)"),
    ],
)
def test_other_shapes_are_named(tmp_path: Path, joints: NDArray, found: str) -> None:
    with pytest.raises(InputError, match=rf"S5 Eating: expected joints \[T, 32, 3\], got {found}"):
        archives.read([prepared(tmp_path, Eating=joints)], progress=False)


def test_no_frames(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="S5 Eating: no frames"):
        archives.read([prepared(tmp_path, Eating=files.motion(0))], progress=False)


@pytest.mark.parametrize("positions", [{"S1": [1, 2]}, [1, 2], {"S1": {"Eating": "joints"}}])
def test_another_structure_is_named(tmp_path: Path, positions: object) -> None:
    path = files.write_npz(tmp_path / "data_3d_h36m.npz", positions_3d=positions)
    with pytest.raises(InputError, match=r"positions_3d is no dictionary|expected joints \[T, 32, 3\], got str"):
        archives.read([path], progress=False)


def test_a_subject_without_takes_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"data_3d_h36m\.npz: no take of S5 is there"):
        archives.read([prepared(tmp_path)], progress=False)


# --- damaged archives -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.99])
def test_a_truncated_archive_is_one_line(tmp_path: Path, share: float) -> None:
    paths = released(tmp_path, Eating=files.motion(500))
    content = paths[1].read_bytes()
    paths[1].write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError) as caught:
        archives.read(paths, progress=False)
    assert str(caught.value).startswith(f"{paths[1]}: ")
    assert "\n" not in str(caught.value)
    assert "damaged" in str(caught.value) or "holds no" in str(caught.value)


def test_without_its_check_sum_an_archive_is_truncated(tmp_path: Path) -> None:
    paths = released(tmp_path, Eating=files.motion(5))
    paths[1].write_bytes(paths[1].read_bytes()[:-6])
    with pytest.raises(InputError, match=r"S5\.tgz: truncated or damaged"):
        archives.read(paths, progress=False)


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    paths = released(tmp_path, Eating=files.motion(5))
    content = bytearray(gzip.decompress(paths[1].read_bytes()))
    whole = gzip.compress(bytes(content), compresslevel=0)  # stored, so that only the check sum can tell
    at = whole.index(b"Pose") + 3000
    paths[1].write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(InputError, match=r"S5\.tgz: truncated or damaged \(CRC"):
        archives.read(paths, progress=False)


def test_a_damaged_cdf_file_is_named(tmp_path: Path) -> None:
    good = files.cdf_bytes(tmp_path, 1000 * files.motion(50))
    for index, content in enumerate((b"", b"no CDF file at all", good[:400], good[:8] + b"\xff" * 600)):
        path = tmp_path / str(index) / "Poses_D3_Positions_S5.tgz"
        files.write_tgz(path, {"S5/MyPoseFeatures/D3_Positions/Waiting 1.cdf": content})
        with pytest.raises(InputError, match=r"S5\.tgz: Waiting 1\.cdf: no variable Pose can be read") as caught:
            archives.read([path], progress=False)
        assert "\n" not in str(caught.value)


def test_a_cdf_file_of_other_variables_or_shape(tmp_path: Path) -> None:
    folder = "S5/MyPoseFeatures/D3_Positions"
    path = tmp_path / "Poses_D3_Positions_S5.tgz"
    files.write_tgz(path, {f"{folder}/Eating.cdf": files.cdf_bytes(tmp_path, files.motion(5), variable="Angles")})
    with pytest.raises(InputError, match=r"Eating\.cdf: no variable Pose"):
        archives.read([path], progress=False)


def test_an_archive_of_other_things_is_named(tmp_path: Path) -> None:
    path = files.write_tgz(tmp_path / "Poses_D3_Positions_S5.tgz", {"S5/MyPoseFeatures/D3_Angles/Eating.cdf": b"x"})
    with pytest.raises(InputError, match=r"holds no D3_Positions/<action>\.cdf"):
        archives.read([path], progress=False)


def test_an_archive_under_another_subjects_name_is_refused(tmp_path: Path) -> None:
    path = files.write_released(tmp_path, "S6", {"Eating": files.motion(5)})
    renamed = path.rename(tmp_path / "Poses_D3_Positions_S5.tgz")
    with pytest.raises(InputError, match="holds takes of S6"):
        archives.read([renamed], progress=False)


def test_links_are_named_and_not_followed(tmp_path: Path) -> None:
    """A link to a file outside, in the place of a take."""
    paths = released(tmp_path, Eating=files.motion(5))
    (tmp_path / "secret.cdf").write_bytes(files.cdf_bytes(tmp_path, 1000 * files.motion(5)))
    content = files.cdf_bytes(tmp_path, 1000 * files.motion(5))
    files.write_tgz(paths[1], {"S5/MyPoseFeatures/D3_Positions/Eating.cdf": content})
    unpacked = tmp_path / "Poses_D3_Positions_S5.tar"
    unpacked.write_bytes(gzip.decompress(paths[1].read_bytes()))
    with tarfile.open(unpacked, "a") as archive:
        link = tarfile.TarInfo("S5/MyPoseFeatures/D3_Positions/Greeting.cdf")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "secret.cdf")
        archive.addfile(link)
    paths[1].write_bytes(gzip.compress(unpacked.read_bytes()))
    with pytest.raises(InputError, match=r"S5\.tgz: S5/MyPoseFeatures/D3_Positions/Greeting\.cdf is a link or no file"):
        archives.read(paths, progress=False)
