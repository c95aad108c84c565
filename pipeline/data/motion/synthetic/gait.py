"""Walking: footprints along a closed path, and a body that moves over them.

A foot's phase is the distance walked divided by the length of a stride (two steps), so the speed may change without a
foot sliding. Distances count for more where the path bends: people slow down and take shorter steps there. The shares
of a stride below are those of a normal adult gait (stance 62 %, the heel leaves the floor at 40 %); the heights of the
ankle follow from a foot that rolls over its ball.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.data.motion.synthetic.body import AVERAGE_LEG, Person
from pipeline.data.motion.synthetic.curves import Array, cycle, ease

STANCE, HEEL_OFF = 0.62, 0.42
TIGHT = 350.0  # mm; on an arc of this radius people walk at half their speed
# Ankle above its height on a flat foot, mm on an average leg, at each tenth of a stride from heel strike on.
ANKLE_LIFT = (18.0, 2.0, 0.0, 2.0, 8.0, 38.0, 112.0, 158.0, 105.0, 42.0)


@dataclass(frozen=True)
class Pace:
    """How an action walks: speed in m/s of an average leg, and how much the speed varies (a share)."""

    speed: float
    change: float = 0.1
    swing: float = 1.0  # size of the arm swing


@dataclass(frozen=True)
class Support:
    """What the lower body does over T frames; the fields of `body.Motion` with the same names.

    `arm_swing` [T] is the left arm's swing forward, in radians; the right arm swings the other way.
    """

    pelvis: Array
    heading: Array
    tilt: Array
    ankles: Array
    knees: Array
    arm_swing: Array


class Path:
    """A closed curve around the origin, an oval or an eight turned by a random angle, measured by the way walked.

    A distance along it is in mm where the path is straight; on an arc of radius r one mm counts 1 + (TIGHT / r)^2.
    """

    def __init__(self, random: np.random.Generator) -> None:
        self.length, width = random.uniform(1100, 1350), random.uniform(850, 1050)
        self.order = int(random.choice((1, 2)))  # turns across for each turn along: an oval, or an eight
        self.width = width / self.order * random.choice((-1.0, 1.0))  # walked in either direction
        self.angle = random.uniform(0.0, 2 * np.pi)
        self.turns = np.linspace(0.0, 1.0, 20_001)
        points, directions = self._curve(self.turns)
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        bends = np.diff(np.unwrap(np.arctan2(directions[:, 1], directions[:, 0])))
        self.distances = np.concatenate(([0.0], np.cumsum(steps * (1 + (TIGHT * bends / steps) ** 2))))

    def at(self, distance: Array) -> tuple[Array, Array]:
        """Point [..., 2] mm and unit direction of walking [..., 2] at distances [...] mm, rounds included."""
        rounds, rest = np.divmod(distance, self.distances[-1])
        point, direction = self._curve(rounds + np.interp(rest, self.distances, self.turns))
        return point, direction / np.linalg.norm(direction, axis=-1, keepdims=True)

    def _curve(self, turns: Array) -> tuple[Array, Array]:
        angle, order = 2 * np.pi * turns, self.order
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        turned = np.array([[cosine, sine], [-sine, cosine]])  # for row vectors
        point = np.stack((self.length * np.cos(angle), self.width * np.sin(order * angle)), axis=-1)
        direction = np.stack((-self.length * np.sin(angle), order * self.width * np.cos(order * angle)), axis=-1)
        return point @ turned, direction @ turned


def walk(times: Array, person: Person, pace: Pace, random: np.random.Generator) -> Support:
    """A walk along a random path, at times [T] seconds."""
    path, scale = Path(random), person.leg / AVERAGE_LEG
    speed = 1000 * pace.speed * np.sqrt(scale) * person.tempo * random.uniform(0.92, 1.08)
    stride = 1270 * scale * np.sqrt(speed / 1200) * random.uniform(0.95, 1.05)
    rate = 2 * np.pi * random.uniform(0.1, 0.2)
    ripple = pace.change / rate * np.sin(rate * times + random.uniform(0, 2 * np.pi))
    distance = random.uniform(0, path.distances[-1]) + speed * (times + ripple)
    phase = distance / stride  # of the left foot, whose heel strikes at whole numbers

    half_track = 62 * scale + 0.3 * person.stance
    feet = [
        _foot(path, phase, stride, 0.0, half_track, scale),
        _foot(path, phase + 0.5, stride, 0.5, -half_track, scale),
    ]
    ankles = np.stack(feet, axis=1)
    ankles[..., 2] += person.ankle_height
    point, direction = path.at(distance)
    to_left = np.stack((-direction[:, 1], direction[:, 0]), axis=-1)
    over_left = np.cos(2 * np.pi * (phase - STANCE / 2))  # 1 when the left leg carries, -1 when the right one does
    left_ahead = np.cos(2 * np.pi * phase)  # 1 at the left heel strike
    level = point + to_left * (20 * scale * over_left)[:, None]
    # The body moves over the carrying leg as over a pole: the longer the stride, the lower it is between two steps.
    dip = 22 * scale * (stride / (1270 * scale)) ** 2
    height = person.ankle_height + 0.978 * person.leg + dip * (np.cos(4 * np.pi * (phase - STANCE / 2)) - 1)
    # The hip of the swinging leg drops a little, and the pelvis turns with the leg that is ahead.
    tilt = np.radians(np.stack((np.full_like(phase, 3.0), -3.5 * over_left, -6.0 * left_ahead), axis=-1))
    knee = np.broadcast_to(np.array([1.0, 0.08, 0.4]), (len(times), 2, 3))
    swing = -np.radians(person.arm_swing) * pace.swing * np.cos(2 * np.pi * (phase - 0.04))
    heading = np.arctan2(direction[:, 1], direction[:, 0])
    return Support(np.column_stack((level, height)), heading, tilt, ankles, knee, swing)


def _foot(path: Path, phase: Array, stride: float, lead: float, side: float, scale: float) -> Array:
    """Ankle [T, 3] above its flat height, of a foot `lead` strides ahead on a track `side` mm to the left."""
    step = np.floor(phase)
    share = phase - step
    # Where the body is at mid-stance; a little behind, because the heel leaves before the toes do.
    middle = (step - lead + STANCE / 2 - 0.06) * stride
    prints = []
    for distance in (middle, middle + stride):
        point, direction = path.at(distance)
        prints.append(point + side * np.stack((-direction[:, 1], direction[:, 0]), axis=-1))
    # A foot tips over its toes before it flies, and lands without having hung in front of the body.
    swing = ease(np.clip((share - HEEL_OFF) / (1.0 - HEEL_OFF), 0.0, 1.0) ** 1.4)[:, None]
    return np.column_stack((prints[0] + (prints[1] - prints[0]) * swing, scale * cycle(share, ANKLE_LIFT)))
