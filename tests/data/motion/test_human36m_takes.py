"""data/motion/human36m/takes.py: names, and what is said of takes that are missing or short."""

from __future__ import annotations

import pytest

from pipeline.artifacts import InputError
from pipeline.data.motion.human36m import takes
from pipeline.geometry.skeleton import HUMAN36M_17


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Directions", "Directions"),
        ("Directions 1", "Directions 1"),
        ("TakingPhoto", "Photo"),
        ("TakingPhoto 1", "Photo 1"),
        ("WalkingDog_2", "WalkDog 2"),
        ("WalkTogether 1", "WalkTogether 1"),
        ("SittingDown", "SittingDown"),
        ("_ALL", None),
        ("_ALL 1", None),
    ],
)
def test_names(name: str, expected: str | None) -> None:
    assert takes.take_name(name, "file") == expected


@pytest.mark.parametrize("name", ["Running", "directions", "Directions 1 2", "Directions -1", "", "Walking 1.cdf"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"^here: .* is no take of Human3.6M's 15 actions"):
        takes.take_name(name, "here")


def test_takes_sort_by_action_and_number() -> None:
    names = ["WalkTogether", "Photo 2", "Walking 1", "Photo", "Directions 1", "Photo 1", "Photo 10"]
    expected = ["Directions 1", "Photo", "Photo 1", "Photo 2", "Photo 10", "Walking 1", "WalkTogether"]
    assert sorted(names, key=takes.take_order) == expected


def test_the_counts_are_those_of_the_papers() -> None:
    assert {split: 4 * frames for split, frames in takes.FRAMES.items()} == {"train": 1_559_752, "test": 543_344}
    assert len(takes.KEPT_JOINTS) == HUMAN36M_17.joint_count


def whole(split: str) -> dict[tuple[str, str], int]:
    """All takes, of nearly equal lengths that sum to what they must."""
    names = [(s, a + n) for s in takes.SPLITS[split] for a in takes.ACTIONS for n in ("", " 1")]
    names = [name for name in names if name != ("S11", "Directions")]
    each, rest = divmod(takes.FRAMES[split], len(names))
    return {name: each + (index < rest) for index, name in enumerate(names)}


@pytest.mark.parametrize("split", ["train", "test"])
def test_nothing_is_said_of_whole_splits(split: str) -> None:
    assert takes.shortcomings(split, whole(split)) == []


def test_a_missing_take_is_named() -> None:
    lengths = whole("test")
    missing = lengths.pop(("S9", "Photo"))
    assert takes.shortcomings("test", lengths) == [
        "S9: 2 of Photo expected, there: Photo 1",
        f"test: {135_836 - missing:,} frames at 50 Hz where Human3.6M has 135,836 "
        f"({543_344 - 4 * missing:,} views of 543,344)",
    ]


def test_both_takes_missing_and_one_too_many_are_named() -> None:
    lengths = whole("test")
    del lengths["S11", "Eating"], lengths["S11", "Eating 1"]
    lengths["S11", "Directions 2"] = 2000
    said = takes.shortcomings("test", lengths)
    assert "S11: 2 of Eating expected, there: none" in said
    assert "S11: 1 of Directions expected, there: Directions 1, Directions 2" in said


@pytest.mark.parametrize("frames", [10, 899, 1200])
def test_a_short_take_is_named(frames: int) -> None:
    lengths = whole("train")  # about 2,600 frames each, so 1,200 are less than half
    lengths["S7", "Sitting 1"] = frames
    said = takes.shortcomings("train", lengths)
    assert said[1:] == [f"S7 Sitting 1: only {frames} frames"]
    assert said[0].startswith("train: 38")


def test_no_take_is_suspected_while_the_sum_is_right() -> None:
    lengths = whole("train")
    lengths["S7", "Sitting 1"] -= 1700
    lengths["S7", "Sitting"] += 1700
    assert takes.shortcomings("train", lengths) == []
