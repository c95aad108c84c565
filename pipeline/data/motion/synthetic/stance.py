"""Standing, crouching, sitting: patterns of the legs that a person holds and changes, one foot after the other."""

from collections.abc import Sequence

import numpy as np

from pipeline.data.motion.synthetic.body import AVERAGE_LEG, LEFT, RIGHT, Person
from pipeline.data.motion.synthetic.curves import Array, Timeline, hump, wander
from pipeline.data.motion.synthetic.gait import Support
from pipeline.data.motion.synthetic.postures import LEG_PATTERNS, Foot, Legs

CHAIR_HEIGHTS = (420.0, 495.0)  # of the pelvis, mm
STEP_SHARE = 0.65  # of a step: how far the foot that is ahead gets from the pelvis
FIRST_FOOT, SECOND_FOOT = (0.0, 0.62), (0.38, 1.0)  # the parts of a move in which each foot steps


def choose_spots(legs: Sequence[Legs], roam: float, random: np.random.Generator) -> Array:
    """Places on the floor [keys, 3] (x, y in mm, heading in radians) for each key of a take.

    `roam` is the chance that a key is somewhere else than the one before it: a step or two away, facing elsewhere. Only
    a person who stands before and after can step away; a chair stays where it is.
    """
    keys, standing = len(legs), np.array([pattern.standing for pattern in legs])
    centre = random.uniform(-600, 600, 2)
    moves = random.random(keys) < roam
    moves[1:] &= standing[1:] & standing[:-1]
    moves[0] = True
    steps = random.normal(0.0, (220, 220, np.radians(40)), (keys, 3)) * moves[:, None]
    steps[0, 2] = random.uniform(0, 2 * np.pi)
    spots = np.cumsum(steps, axis=0)
    spots[:, :2] = centre + 650 * np.tanh(spots[:, :2] / 650)  # never far from the start of the take
    return spots


def stand(
    times: Array,
    timeline: Timeline,
    leg_keys: Sequence[tuple[str, int]],
    spots: Array,
    person: Person,
    random: np.random.Generator,
) -> Support:
    """Leg patterns with their main side [keys] at spots [keys, 3], held and changed, at times [T] s."""
    legs, mains = [LEG_PATTERNS[name] for name, _ in leg_keys], [main for _, main in leg_keys]
    chair = random.uniform(*CHAIR_HEIGHTS)
    pelvis_keys = np.array([_pelvis(*key, person, chair) for key in zip(legs, mains, spots, strict=True)])
    pelvis = timeline.follow(times, pelvis_keys[:, :3])
    heading = timeline.follow(times, spots[:, 2])
    standing = timeline.follow(times, np.array([float(leg.standing) for leg in legs]))
    pelvis[:, :2] += 9 * wander(times, 2, random) * standing[:, None]

    feet = [
        (leg.main, leg.other) if main == LEFT else (leg.other, leg.main) for leg, main in zip(legs, mains, strict=True)
    ]
    feet_keys = _place_feet(feet, spots, person, random)
    pelvis[:, 2] -= _dip(times, timeline, feet_keys, person) * standing
    windows = _take_turns(feet_keys, LEFT if random.random() < 0.5 else RIGHT)
    ankles = np.stack([_step(times, timeline, feet_keys[:, side], windows[:, side]) for side in (LEFT, RIGHT)], axis=1)
    knees = timeline.follow(times, np.array([[foot.knee for foot in pair] for pair in feet]))

    shift = timeline.follow(times, pelvis_keys[:, 4])
    recline = timeline.follow(times, pelvis_keys[:, 3])
    tilt = np.stack((-recline, np.radians(-0.09) * shift, np.zeros_like(shift)), axis=-1)
    return Support(pelvis, heading, tilt, ankles, knees, np.zeros_like(times))


def _pelvis(legs: Legs, main: int, spot: Array, person: Person, chair: float) -> list[float]:
    """x, y and height of the pelvis in mm, its recline in radians, its shift to the left in mm."""
    scale = person.leg / AVERAGE_LEG
    left = legs.shift * scale * (1 if main == LEFT else -1)
    x, y = spot[:2] + _level(spot[2], legs.forward * scale, left)
    return [x, y, chair if legs.height is None else legs.height * scale, np.radians(legs.recline), left]


def _place_feet(feet: Sequence[tuple[Foot, Foot]], spots: Array, person: Person, random: np.random.Generator) -> Array:
    """Ankles [keys, 2, 3] in the world. A foot whose pattern and spot stay the same does not move at all."""
    scale = person.leg / AVERAGE_LEG
    ankles = np.empty((len(feet), 2, 3))
    for key, (pair, spot) in enumerate(zip(feet, spots, strict=True)):
        for side, foot in enumerate(pair):
            if key and foot == feet[key - 1][side] and np.array_equal(spot, spots[key - 1]):
                ankles[key, side] = ankles[key - 1, side]
                continue
            outward = foot.outward * scale + (person.stance if foot.outward > 0 else 0.0) + random.normal(0, 12)
            ahead = foot.forward * scale + random.normal(0, 25)
            ankles[key, side, :2] = spot[:2] + _level(spot[2], ahead, outward if side == LEFT else -outward)
            ankles[key, side, 2] = person.ankle_height + foot.up * scale
    return ankles


def _dip(times: Array, timeline: Timeline, feet_keys: Array, person: Person) -> Array:
    """How far a stepping person sinks, [T] mm: with the feet apart, the legs do not reach as high."""
    steps = np.linalg.norm(np.diff(feet_keys[..., :2], axis=0), axis=-1).max(axis=1)
    aside = np.minimum(STEP_SHARE * steps, person.thigh)
    move, share = timeline.shares(times)
    return (person.leg - np.sqrt(person.leg**2 - aside**2))[move] * hump(share)


def _take_turns(feet_keys: Array, leader: int) -> Array:
    """The part of each move in which each foot steps, [moves, 2, 2].

    The leader goes first, unless the other foot has further to come down: nobody sits with both feet in the air.
    """
    descent = -np.diff(feet_keys[..., 2], axis=0)
    lead = descent[:, leader] >= descent[:, 1 - leader]
    first = np.where(lead, leader, 1 - leader)[:, None, None] == np.arange(2)[:, None]  # [moves, 2, 1]
    return np.where(first, FIRST_FOOT, SECOND_FOOT)


def _step(times: Array, timeline: Timeline, keys: Array, windows: Array) -> Array:
    """One ankle [T, 3] along its keys [keys, 3] in its part of each move [moves, 2].

    It is lifted on the way in proportion to how far it goes.
    """
    ankle = timeline.follow(times, keys, windows)
    move, share = timeline.shares(times, windows)
    length = np.linalg.norm(np.diff(keys[:, :2], axis=0), axis=1)
    ankle[:, 2] += (90 * np.tanh(length / 300))[move] * hump(share)
    return ankle


def _level(heading: float, forward: float, left: float) -> Array:
    """A step in the world [2] from one in a person's axes."""
    cosine, sine = np.cos(heading), np.sin(heading)
    return np.array([forward * cosine - left * sine, forward * sine + left * cosine])
