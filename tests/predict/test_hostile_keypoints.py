"""Files of keypoints that are damaged, endless, or say something impossible: one line each, at once."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.artifacts import InputError
from pipeline.predict import keypoints
from pipeline.predict.keypoints import arrays

PLACES = np.random.default_rng(0).uniform(1, 900, (6, 17, 2)).round(1)
PERSON = [value for place in PLACES[0].tolist() for value in (*place, 1.0)]
NAMES = ",".join(f"{joint}{axis}" for joint in range(17) for axis in "xy")
ROW = ",".join(map(str, PLACES[0].ravel()))
SIZE = {"id": 1, "width": 1000, "height": 1000}


def results(**more: Any) -> str:
    return json.dumps([{"image_id": 1, "keypoints": PERSON, **more}])


def annotations(image: str = json.dumps(SIZE), info: str = "{}") -> str:
    people = json.dumps([{"image_id": 1, "keypoints": PERSON, "track_id": 1}])
    return f'{{"info": {info}, "images": [{image}], "annotations": {people}}}'


def csv(columns: str, *rows: str) -> str:
    return "\n".join((f"{columns},{NAMES}", *(f"{row},{ROW}" for row in rows)))


WRONG = {
    "a number of 5,000 digits": ('[{"image_id": ' + "9" * 5000 + "}]", "not readable as JSON (Exceeds the limit"),
    "an infinite person": (results(track_id=float("inf")), "track_id: inf is no number of a person; number people 0"),
    "a person beyond all numbers": (results(idx=1e30), "idx: 1e+30 is no number of a person"),
    "an endless width": (annotations('{"id": 1, "width": 1' + "0" * 400 + ', "height": 5}'), "not complete COCO"),
    "two images of one id": (annotations(json.dumps(SIZE) + "," + json.dumps(SIZE)), "more than one has the id 1"),
    "an endless rate": (annotations(info='{"frames_per_second": 1' + "0" * 400 + "}"), "is no number above 0, and at"),
    "a rate of 1e300": (annotations(info='{"frames_per_second": 1e300}'), "info.frames_per_second: 1e+300 is no"),
    "half a letter in an image's name": (results(image_id="\ud800.jpg"), "its name is no Unicode text; rename it"),
    "a text of one line": ("x" * 200_000, "not readable as csv (field larger than field limit (131072))"),
    "seconds for frames": (csv("frame", "0", "0.04"), "column frame: expected whole numbers, found 0.04; count frames"),
    "half a person": (csv("person", "0.5"), "column person: expected whole numbers, found 0.5"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_impossible_is_one_line(kind: str, tmp_path: Path) -> None:
    content, words = WRONG[kind]
    file = tmp_path / "mine.json"
    file.write_text(content)
    with pytest.raises(InputError) as caught:
        keypoints.read(file, "coco")
    said = str(caught.value)
    assert said.startswith(f"{file}: ") and words in said and "\n" not in said and len(said) < 400


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match=r"pipe: a pipe or a device; save what comes from it as a file"):
        keypoints.read(tmp_path / "pipe")
    with pytest.raises(InputError, match=r"^/dev/zero: a pipe or a device"):
        keypoints.read(Path("/dev/zero"))


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """Files with holes: they take no place on the disk, and would take all memory."""
    header = b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f8', 'fortran_order': False, 'shape': (10000000, 17, 2)}"
    starts = {"a.npy": header.ljust(127) + b"\n", "a.json": b"[", "a.csv": b"1,2", "folder/a.json": b"{"}
    (tmp_path / "folder").mkdir()
    for name, start in starts.items():
        (tmp_path / name).write_bytes(start)
        os.truncate(tmp_path / name, 3 << 30)
        with pytest.raises(InputError, match=rf"{name}: 3,072 MB, and 256 MB are read at most; split it"):
            keypoints.read((tmp_path / name).parent if "folder" in name else tmp_path / name)
    np.savez_compressed(tmp_path / "a.npz", keypoints=np.zeros((arrays.LARGEST_FILE >> 8, 17, 2), np.float64))
    with pytest.raises(InputError, match=r"a.npz: 272 MB, and 256 MB are read at most"):
        keypoints.read(tmp_path / "a.npz")


def test_openposes_frames_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (10, 9, 1):
        person = {"pose_keypoints_2d": [float(number), 1.0, 1.0] * 25}
        (tmp_path / f"frame_{number}.json").write_text("\ufeff" + json.dumps({"people": [person]}), encoding="utf-8")
    table = keypoints.read(tmp_path).table
    assert table.images == ("frame_1", "frame_9", "frame_10") and table.values[:, 0, 0].tolist() == [1, 9, 10]


def test_a_folder_in_the_place_of_a_frame_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(InputError, match=r"a.json: cannot be read \(Is a directory\); take it out of the folder"):
        keypoints.read(tmp_path)


def test_people_are_followed_only_with_numbers(tmp_path: Path) -> None:
    """Two people in the rows of an image without numbers would be one person who jumps."""
    for columns, rows, followed in (
        ("frame", ("0", "1", "2"), True),
        ("frame", ("0", "0", "1", "1"), False),
        ("frame,person", ("0,1", "0,2", "1,1", "1,2"), True),
        ("frame,person", ("0,1", "0,1", "1,1"), False),
    ):
        (tmp_path / "mine.csv").write_text(csv(columns, *rows))
        assert keypoints.read(tmp_path / "mine.csv", "coco").table.followed is followed


def test_people_who_never_meet_are_not_compared(tmp_path: Path) -> None:
    """Thousands of people who come and go in a long video."""
    (tmp_path / "mine.csv").write_text(csv("frame,person", *(f"{row},{row // 2}" for row in range(6000))))
    start = time.process_time()
    assert len(keypoints.read(tmp_path / "mine.csv", "coco").table) == 6000
    assert time.process_time() - start < 20
