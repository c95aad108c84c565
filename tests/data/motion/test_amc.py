"""data/motion/acclaim/amc.py: the fast and the careful reader agree, and damage is reported with its line."""

from pathlib import Path

import numpy as np
import pytest
from acclaim_files import AMC_HEADER, MILLIMETRES, SMALL_ASF, real_files, small_frame, write

from pipeline.artifacts import InputError
from pipeline.data.motion.acclaim import amc
from pipeline.data.motion.acclaim.amc import read_motion
from pipeline.data.motion.acclaim.asf import AcclaimSkeleton, read_skeleton

FRAMES = [
    small_frame(41, "1 2 3 10 20 30", "4 5 6", "7"),
    small_frame(42, "1.5 2e0 -3 10 20 30", "4 5 6", "-7.25"),
    small_frame(43, "0 0 0 0 0 0", "0 0 0", "3.64024e-015"),
]


@pytest.fixture
def skeleton(tmp_path: Path) -> AcclaimSkeleton:
    return read_skeleton(write(tmp_path / "small.asf", SMALL_ASF))


def read(tmp_path: Path, skeleton: AcclaimSkeleton, text: str) -> amc.AcclaimMotion:
    return read_motion(write(tmp_path / "take.amc", text), skeleton)


def test_values_by_hand(tmp_path: Path, skeleton: AcclaimSkeleton) -> None:
    motion = read(tmp_path, skeleton, AMC_HEADER + "".join(FRAMES))
    np.testing.assert_array_equal(motion.frames, [41, 42, 43])
    turn = np.pi / 180
    expected = [*(MILLIMETRES * np.array([1.5, 2, -3])), *(turn * np.array([10, 20, 30, 4, 5, 6, -7.25]))]
    np.testing.assert_allclose(motion.channels[1], expected)


def test_radians(tmp_path: Path, skeleton: AcclaimSkeleton) -> None:
    motion = read(tmp_path, skeleton, AMC_HEADER.replace("DEGREES", "RADIANS") + FRAMES[0])
    np.testing.assert_allclose(motion.channels[0, 3:], [10, 20, 30, 4, 5, 6, 7])


def test_the_careful_reader_agrees_with_the_fast_one(tmp_path: Path, skeleton: AcclaimSkeleton) -> None:
    fast = read(tmp_path, skeleton, AMC_HEADER + "".join(FRAMES))
    lines = FRAMES[1].splitlines()
    shuffled = "\n".join([lines[0], lines[3], "", "# a comment", lines[1], lines[2], ""])
    text = AMC_HEADER + FRAMES[0] + shuffled + FRAMES[2]
    assert amc._read_columns(text.encode().splitlines(), 3, skeleton) is None
    careful = read(tmp_path, skeleton, text)
    np.testing.assert_array_equal(careful.frames, fast.frames)
    np.testing.assert_array_equal(careful.channels, fast.channels)


def test_bones_in_another_sequence_throughout(tmp_path: Path, skeleton: AcclaimSkeleton) -> None:
    turned = [f"{n}\n{c}\n{a}\n{b}\n" for n, a, b, c in (frame.splitlines() for frame in FRAMES)]
    expected = read(tmp_path, skeleton, AMC_HEADER + "".join(FRAMES))
    np.testing.assert_array_equal(read(tmp_path, skeleton, AMC_HEADER + "".join(turned)).channels, expected.channels)


def test_a_gap_in_frame_numbers_is_taken_as_it_comes(tmp_path: Path, skeleton: AcclaimSkeleton) -> None:
    motion = read(tmp_path, skeleton, AMC_HEADER + FRAMES[0] + small_frame(50))
    np.testing.assert_array_equal(motion.frames, [41, 50])


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        (FRAMES[0] + "42\nroot 0 0 0 0 0 0\n", 9, "frame 42 ends here with 1 of 3 bones, without spine, arm"),
        (FRAMES[0] + "42\n" + FRAMES[2], 8, "frame 42 ends here with 0 of 3 bones"),
        (FRAMES[0].replace("spine 4 5 6\n", "") + FRAMES[1], 6, "frame 41 ends here with 2 of 3 bones, without spine"),
        (FRAMES[0] + FRAMES[1].replace("4 5 6", "4 5"), 10, "frame 42 has 2 values for spine, small.asf has 3"),
        (FRAMES[0] + FRAMES[1].replace("4 5 6", "4 nan 6"), 10, "frame 42: spine 4 nan 6 is not finite numbers"),
        (FRAMES[0] + FRAMES[1].replace("4 5 6", "4 inf 6"), 10, "frame 42: spine 4 inf 6 is not finite numbers"),
        (FRAMES[0] + FRAMES[1].replace("4 5 6", "4 5.1.2 6"), 10, "frame 42: spine 4 5.1.2 6 is not finite numbers"),
        (FRAMES[0] + FRAMES[1].replace("arm", "leg"), 11, "frame 42 moves leg, which small.asf does not"),
        (FRAMES[0] + FRAMES[1].replace("arm -7.25", "spine 1 2 3"), 11, "frame 42 has spine twice"),
        (FRAMES[0] + FRAMES[0], 8, "frame 41 comes after frame 41"),
        (FRAMES[0] + FRAMES[1].replace("4 5 6", "4 5_0 6"), 10, "frame 42: spine 4 5_0 6 is not finite numbers"),
        (FRAMES[0] + FRAMES[1].replace("4 5 6", "4 -1.#IND 6"), 10, "frame 42: spine 4 -1.#IND 6 is not finite"),
        (FRAMES[0].replace("arm 7", "arm 1.#INF"), 7, "frame 41: arm 1.#INF is not finite numbers"),
        (FRAMES[0] + FRAMES[1].replace("4 5 6", "4 5,5 6"), 10, "frame 42: spine 4 5,5 6 is not finite numbers"),
        (FRAMES[0].replace("41", "41.5"), 4, "41.5 is no frame's number"),
        (FRAMES[0] + FRAMES[1].replace("42", "9" * 30), 8, f"{'9' * 30} is no frame's number"),
        (FRAMES[0].replace("41\n", "forty-one\n"), 5, "root is moved before the first frame's number"),
        ("", 3, "no frames in the file"),
    ],
)
def test_damage_names_file_and_line(
    tmp_path: Path, skeleton: AcclaimSkeleton, body: str, line: int, message: str
) -> None:
    with pytest.raises(InputError, match=rf"take\.amc:{line}: {message}"):
        read(tmp_path, skeleton, AMC_HEADER + body)


@pytest.mark.parametrize(
    ("header", "frames"),
    [
        ("", (-1, 0, 1)),
        ("", ("-1.0", "0.", "1e0")),
        ("2\n:NEARLY-SPECIFIED\n", (1, 2, 3)),  # a line of digits in the header is no frame
        ("", ("+1", "2 # the second", "3")),
    ],
)
def test_every_frame_is_read_whatever_its_number_looks_like(
    tmp_path: Path, skeleton: AcclaimSkeleton, header: str, frames: tuple
) -> None:
    numbered = [
        frame.replace(str(41 + at), str(name)) for at, (frame, name) in enumerate(zip(FRAMES, frames, strict=True))
    ]
    motion = read(tmp_path, skeleton, AMC_HEADER + header + "".join(numbered))
    expected = read(tmp_path, skeleton, AMC_HEADER + "".join(FRAMES))
    np.testing.assert_array_equal(motion.channels, expected.channels)
    np.testing.assert_array_equal(motion.frames, [float(str(name).split()[0]) for name in frames])


def test_a_comment_behind_numbers_is_still_a_comment(tmp_path: Path, skeleton: AcclaimSkeleton) -> None:
    motion = read(tmp_path, skeleton, AMC_HEADER + FRAMES[0].replace("4 5 6", "4 5 6 # note"))
    np.testing.assert_array_equal(motion.channels, read(tmp_path, skeleton, AMC_HEADER + FRAMES[0]).channels)


def test_a_missing_file_is_named(tmp_path: Path, skeleton: AcclaimSkeleton) -> None:
    with pytest.raises(InputError, match=r"absent\.amc: missing"):
        read_motion(tmp_path / "absent.amc", skeleton)


def test_real_takes_read_fast_and_carefully_alike() -> None:
    folder = real_files() / "mocap.cs.cmu.edu" / "subjects" / "07"
    skeleton = read_skeleton(folder / "07.asf")
    path = folder / "07_03.amc"  # one of those that begin at a later frame
    lines = path.read_bytes().splitlines()
    fast = amc._read_columns(lines, 3, skeleton)
    careful = amc._read_lines(path, lines, 3, skeleton)
    assert fast is not None
    assert (fast.frames[0], len(fast.frames)) == (10, 406)
    np.testing.assert_array_equal(fast.frames, careful.frames)
    np.testing.assert_array_equal(fast.channels, careful.channels)


def test_a_cut_off_real_take_is_found(tmp_path: Path) -> None:
    folder = real_files() / "mocap.cs.cmu.edu" / "subjects" / "07"
    text = (folder / "07_03.amc").read_text()
    cut = write(tmp_path / "07_03.amc", "\n".join(text.splitlines()[:1000]) + "\n")
    with pytest.raises(InputError, match=r"07_03\.amc:1000: frame 43 ends here with 6 of 29 bones, without lfemur"):
        read_motion(cut, read_skeleton(folder / "07.asf"))
