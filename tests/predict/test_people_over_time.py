"""pipeline/predict/tracking.py: people keep their numbers while they move, cross, and are out of sight."""

from __future__ import annotations

import drawn_people
import numpy as np
from numpy.typing import NDArray

from pipeline.predict import tracking


def person(x: float, height: int = 200) -> NDArray:
    """A person who stands at x, [17, 3]."""
    places = drawn_people.keypoints((round(x), 300), height)
    return np.concatenate((places, np.ones((17, 1))), axis=1)


def test_two_people_who_walk_past_each_other_keep_their_numbers() -> None:
    """They cross at different distances from the camera, and in every frame they are found in another order."""
    rng = np.random.default_rng(0)
    frames, truth = [], []
    for frame in range(60):
        people = np.stack([person(50 + 8 * frame, 200), person(500 - 8 * frame, 160)])
        people[..., :2] += rng.normal(0, 2, (2, 17, 2))
        order = rng.permutation(2)
        frames.append(people[order])
        truth.append(order)
    found = tracking.follow(frames, 25.0)
    names = dict(zip(truth[0].tolist(), found[0].tolist(), strict=True))
    assert all(
        [names[who] for who in order.tolist()] == part.tolist() for order, part in zip(truth, found, strict=True)
    )


def test_somebody_who_is_out_of_sight_for_a_moment_is_still_known() -> None:
    """For as long as PATIENCE, not for longer: then it is a new person."""
    here, nobody = person(100)[None], np.zeros((0, 17, 3))
    short = tracking.follow([here, here, *[nobody] * 9, here], 10.0)
    assert [part.tolist() for part in short] == [[0], [0], *[[]] * 9, [0]]
    long = tracking.follow([here, here, *[nobody] * 10, here], 10.0)
    assert [part.tolist() for part in long] == [[0], [0], *[[]] * 10, [1]]


def test_somebody_new_gets_a_new_number() -> None:
    found = tracking.follow([person(100)[None], np.stack([person(900), person(104)])], 25.0)
    assert [part.tolist() for part in found] == [[0], [1, 0]]


def test_a_match_that_is_best_for_all_is_taken() -> None:
    """Both are nearest to the first one's old place; the first one's best match would leave the second without one."""
    before = np.stack([person(100), person(130)])
    now = np.stack([person(112), person(84)])
    assert tracking.follow([before, now], 25.0)[1].tolist() == [1, 0]


def test_people_in_few_frames_are_left_out_and_the_others_count_from_0() -> None:
    people = [np.array([0, 1]), np.array([1]), np.array([2, 1]), np.array([2])]
    found = tracking.without_short(people, 2)
    assert [part.tolist() for part in found] == [[-1, 0], [0], [1, 0], [1]]
    assert tracking.without_short([np.zeros(0, np.int64)], 2)[0].tolist() == []
