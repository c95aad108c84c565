"""data/motion/acclaim/asf.py: what a skeleton file says, and which line of a damaged one is at fault."""

from pathlib import Path

import numpy as np
import pytest
from acclaim_files import MILLIMETRES, SMALL_ASF, real_files, write
from scipy.spatial.transform import Rotation

from pipeline.artifacts import InputError
from pipeline.data.motion.acclaim.asf import read_skeleton


def test_the_small_skeleton_by_hand(tmp_path: Path) -> None:
    skeleton = read_skeleton(write(tmp_path / "small.asf", SMALL_ASF))
    assert skeleton.names == ("root", "hip", "spine", "arm")
    assert skeleton.parents == (-1, 0, 0, 2)
    assert skeleton.freedoms == (("tx", "ty", "tz", "rx", "ry", "rz"), (), ("rx", "ry", "rz"), ("rx",))
    assert len(skeleton.channels) == 10
    expected = MILLIMETRES * np.array([[0, 0, 0], [2, 0, 0], [0, 3, 0], [2, 0, 0]])
    np.testing.assert_allclose(skeleton.offsets, expected)
    np.testing.assert_allclose(skeleton.axes[3], [[0, -1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-12)
    assert skeleton.millimetres == pytest.approx(50.8)
    assert skeleton.radians == pytest.approx(np.pi / 180)


def test_units_default_to_inches_and_degrees(tmp_path: Path) -> None:
    text = SMALL_ASF.replace("  length 0.5\n  angle deg\n", "")
    skeleton = read_skeleton(write(tmp_path / "small.asf", text))
    assert skeleton.millimetres == pytest.approx(25.4)
    assert skeleton.radians == pytest.approx(np.pi / 180)


def test_radians_and_axis_order(tmp_path: Path) -> None:
    text = SMALL_ASF.replace("angle deg", "angle rad").replace("axis 0 0 90 XYZ", "axis 0.3 -0.5 0.7 ZXY")
    skeleton = read_skeleton(write(tmp_path / "small.asf", text))
    assert skeleton.radians == 1.0
    # About fixed axes: first z by 0.3, then x by -0.5, then y by 0.7, in the sequence of the line.
    expected = (
        Rotation.from_rotvec([0, 0.7, 0]) * Rotation.from_rotvec([-0.5, 0, 0]) * Rotation.from_rotvec([0, 0, 0.3])
    )
    np.testing.assert_allclose(skeleton.axes[3], expected.as_matrix(), atol=1e-12)


def test_order_of_freedoms_and_preset_root(tmp_path: Path) -> None:
    text = SMALL_ASF.replace("dof rx ry rz", "dof rz rx").replace("position 0 0 0", "position 1 2 3")
    text = text.replace("order TX TY TZ RX RY RZ", "order RZ RX TX TZ")
    skeleton = read_skeleton(write(tmp_path / "small.asf", text))
    assert skeleton.freedoms[0] == ("rz", "rx", "tx", "tz")
    assert skeleton.freedoms[2] == ("rz", "rx")
    np.testing.assert_allclose(skeleton.offsets[0], MILLIMETRES * np.array([1, 2, 3]))


def test_brackets_and_commas_round_numbers_are_punctuation(tmp_path: Path) -> None:
    text = SMALL_ASF.replace("direction 0 1 0", "direction (0, 1, 0)  # upwards")
    np.testing.assert_allclose(
        read_skeleton(write(tmp_path / "small.asf", text)).offsets,
        read_skeleton(write(tmp_path / "plain.asf", SMALL_ASF)).offsets,
    )


def test_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "small.asf"
    path.write_bytes(SMALL_ASF.replace("\n", "\r\n").encode())
    assert read_skeleton(path).names == ("root", "hip", "spine", "arm")


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(SMALL_ASF.splitlines(), start=1) if text in line)


@pytest.mark.parametrize(
    ("found", "replaced", "line", "message"),
    [
        ("direction 0 1 0", "direction 0 nan 0", line_of("direction 0 1 0"), "direction needs 3 finite numbers"),
        ("direction 0 1 0", "direction 0 1", line_of("direction 0 1 0"), "direction needs 3 finite numbers"),
        ("    length 3\n", "    length 1.#INF\n", line_of("length 3"), "length needs 1 finite numbers, got 1.#INF"),
        ("    length 3\n", "    length 3,5\n", line_of("length 3"), "length needs 1 finite numbers, got 3,5"),
        ("    length 3\n", "    length 3 5\n", line_of("length 3"), "length needs 1 finite numbers, got 3 5"),
        ("direction 0 1 0", "direction 0(1 1 0", line_of("direction 0 1 0"), "direction needs 3 finite numbers"),
        ("    length 3\n", "", line_of("id 2") - 1, "bone spine has no length"),
        ("axis 0 0 90 XYZ", "axis 0 0 90 XXZ", line_of("axis 0 0 90"), "rotation order XXZ"),
        ("dof rx ry rz", "dof rx ry l", line_of("dof rx ry rz"), "degree of freedom l "),
        ("dof rx ry rz", "dof rx rx", line_of("dof rx ry rz"), "degree of freedom rx is repeated"),
        ("spine arm", "spine leg", line_of("spine arm"), "bone leg is in the hierarchy but not in :bonedata"),
        ("spine arm", "arm spine", line_of("spine arm"), "arm has children before it has a parent"),
        ("    spine arm\n", "", line_of("id 3") - 1, "bone arm is not in the hierarchy"),
        ("    spine arm\n", "    spine arm\n    hip arm\n", line_of("spine arm") + 1, "bone arm has two parents"),
        ("length 0.5", "length 0", line_of("length 0.5"), "length unit 0.0 must be above 0"),
        ("angle deg", "angle turn", line_of("angle deg"), "angle unit turn"),
        ("    dof rx\n  end\n", "    dof rx\n", line_of("id 3") - 1, "bone arm has no end"),
        ("name arm", "name spine", line_of("id 3") - 1, "bone spine is described twice"),
        ("   order TX TY TZ RX RY RZ\n", "", line_of("axis XYZ") - 1, "the root has no order"),
        ("    id 2\n", "    id 2\n  end\n", line_of("id 2") - 1, "bone . has no name"),
    ],
)
def test_damage_names_file_and_line(tmp_path: Path, found: str, replaced: str, line: int, message: str) -> None:
    assert SMALL_ASF.count(found) == 1
    path = write(tmp_path / "small.asf", SMALL_ASF.replace(found, replaced))
    with pytest.raises(InputError, match=rf"small\.asf:{line}: {message}"):
        read_skeleton(path)


def test_a_missing_section_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "small.asf", SMALL_ASF.partition(":hierarchy")[0])
    with pytest.raises(InputError, match=r"small\.asf: section :hierarchy is missing"):
        read_skeleton(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.asf: missing"):
        read_skeleton(tmp_path / "absent.asf")


def test_real_skeletons_are_people() -> None:
    paths = sorted((real_files() / "mocap.cs.cmu.edu" / "subjects").glob("*/*.asf"))
    assert len(paths) >= 12
    for path in paths:
        skeleton = read_skeleton(path)
        assert len(skeleton.names) == 31
        assert len(skeleton.channels) == 62
        lengths = dict(zip(skeleton.names, np.linalg.norm(skeleton.offsets, axis=1), strict=True))
        assert 350 < lengths["lfemur"] < 450  # mm
        assert 380 < lengths["ltibia"] < 480
        for bone in ("femur", "tibia", "humerus", "radius"):
            assert lengths[f"l{bone}"] == pytest.approx(lengths[f"r{bone}"], rel=0.13), (path.name, bone)
