"""One take: a person performs an action. Key poses are drawn at random, then blended for all frames at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.data.motion.synthetic.actions import Action, Posture
from pipeline.data.motion.synthetic.body import LEFT, SIDES, Motion, Person, assemble
from pipeline.data.motion.synthetic.curves import Array, Timeline, wander
from pipeline.data.motion.synthetic.gait import Support, walk
from pipeline.data.motion.synthetic.postures import HAND_PLACES, LEG_PATTERNS, reach
from pipeline.data.motion.synthetic.stance import choose_spots, stand

HANGING = ("side", "down")  # hand places that do not follow the trunk when it leans
PELVIS_SHARE = 0.42  # of a lean: the hips bend, the spine does the rest
QUICKEST = {"turn": np.radians(70), "sink": 520.0, "step": 550.0}  # rad/s, mm/s, mm/s: no change of key is faster


@dataclass(frozen=True)
class Key:
    """A posture, and which hand is the main one in it."""

    posture: Posture
    main: int  # LEFT or RIGHT

    def by_side(self, main: object, other: object) -> list:
        """[left, right] of what the main and the other side do."""
        return [main, other] if self.main == LEFT else [other, main]


def perform(
    person: Person, action: Action, take: int, times: Array, seconds: float, random: np.random.Generator
) -> Array:
    """Joints [T, 17, 3] mm, world, of take 0 or 1 at times [T] within [0, seconds]; the take's centre is the origin.

    What is drawn from `random` does not depend on the times, so every frame rate shows the same motion.
    """
    keys = _script(person, action, take, seconds, random)
    spots = choose_spots([LEG_PATTERNS[key.posture.legs] for key in keys], action.roam, random)
    timeline = _timeline(keys, spots, action, person, random)
    if action.pace is None:
        support = stand(times, timeline, _leg_keys(keys), spots, person, random)
    else:
        support = walk(times, person, action.pace, random)
    return assemble(person, _motion(times, timeline, keys, support, person, action, random))


def _script(person: Person, action: Action, take: int, seconds: float, random: np.random.Generator) -> list[Key]:
    """More keys than the take has time for: all postures in random order, again and again; some change sides."""
    postures = action.seated if action.seated and take == 1 else action.postures
    needed = 3 + int(1.3 * seconds / (action.hold[0] + action.change[0]))
    script = list(action.opening)
    while len(script) < needed:
        order = random.permutation(len(postures))
        if script and script[-1] is postures[order[0]]:
            order = np.roll(order, 1)
        script += [postures[index] for index in order]
    main = person.main_hand if take == 0 or random.random() < 0.6 else 1 - person.main_hand
    changed = random.random(len(script)) < action.mirror
    return [Key(posture, 1 - main if change else main) for posture, change in zip(script, changed, strict=True)]


def _leg_keys(keys: Sequence[Key]) -> list[tuple[str, int]]:
    return [(key.posture.legs, key.main) for key in keys]


def _timeline(
    keys: Sequence[Key], spots: Array, action: Action, person: Person, random: np.random.Generator
) -> Timeline:
    """Holds and changes of random length, the changes long enough for the turns, steps and descents in them."""
    changes = random.uniform(*action.change, len(keys) - 1) / person.tempo
    if action.pace is None:
        heights = np.array([LEG_PATTERNS[key.posture.legs].height or 0.0 for key in keys])
        steps = np.linalg.norm(np.diff(spots[:, :2], axis=0), axis=1)
        changes = np.maximum.reduce(
            (
                changes,
                np.abs(np.diff(spots[:, 2])) / QUICKEST["turn"],
                np.abs(np.diff(heights)) / QUICKEST["sink"],
                steps / QUICKEST["step"],
            )
        )
    holds = random.uniform(*action.hold, len(keys) - 1) / person.tempo
    starts = np.cumsum(holds) + np.concatenate(([0.0], np.cumsum(changes)[:-1])) - holds[0] * random.random()
    return Timeline(starts, starts + changes)


def _motion(
    times: Array,
    timeline: Timeline,
    keys: Sequence[Key],
    support: Support,
    person: Person,
    action: Action,
    random: np.random.Generator,
) -> Motion:
    """The upper body's keys, drift, beats and arm swing over the lower body's support."""
    places = {name: reach(person, name) for name in HAND_PLACES}
    postures = [key.posture for key in keys]
    arm_keys = np.array([key.by_side(places[key.posture.main], places[key.posture.other]) for key in keys])
    arm_keys += np.radians(5.0) * person.energy * random.normal(size=arm_keys.shape)
    hanging_keys = np.array(
        [[float(p in HANGING) for p in key.by_side(key.posture.main, key.posture.other)] for key in keys]
    )
    shake_keys = np.radians([key.by_side(key.posture.shake, 0.0) for key in keys]) * person.energy
    signs = np.array([SIDES[key.main] for key in keys])
    trunk_keys = np.array([(p.lean, p.side * s, p.twist * s) for p, s in zip(postures, signs, strict=True)])
    trunk_keys += random.normal((person.lean, 0.0, 0.0), (4.0, 3.0, 5.0), trunk_keys.shape)
    neck_keys = np.array([(p.nod, 0.0, p.turn * s) for p, s in zip(postures, signs, strict=True)])
    neck_keys += random.normal(0.0, (5.0, 4.0, 9.0), neck_keys.shape)

    drift = np.radians(action.gesture) * person.energy * wander(times, 8, random, 0.6).reshape(-1, 2, 4)
    arms = timeline.follow(times, arm_keys) + drift
    trunk = np.radians(timeline.follow(times, trunk_keys) + (1.5, 1.5, 2.5) * wander(times, 3, random))
    neck = np.radians(timeline.follow(times, neck_keys) + (3.0, 2.5, 5.0) * wander(times, 3, random))

    # The head stays mostly level, whatever the trunk does, but still looks down at something low.
    lean = trunk[:, 0]
    neck[:, 0] -= 0.45 * np.maximum(lean, 0.0)
    tilt = support.tilt + np.stack((PELVIS_SHARE * lean, 0 * lean, 0 * lean), axis=-1)
    spine = np.stack((lean * (1 - PELVIS_SHARE), trunk[:, 1], trunk[:, 2]), axis=-1) - support.tilt * (0.0, 1.0, 1.6)

    hanging = timeline.follow(times, hanging_keys)
    arms[..., 0] += hanging * (lean + support.tilt[:, 0])[:, None] + hanging * support.arm_swing[:, None] * (1.0, -1.0)
    arms[..., 3] += hanging * (0.5 * np.maximum(support.arm_swing[:, None] * (1.0, -1.0), 0.0))
    beat = 2 * np.pi * random.uniform(1.2, 1.7) * person.tempo * times + random.uniform(0, 2 * np.pi)
    shake = timeline.follow(times, shake_keys)
    arms[..., 2] += shake * np.sin(beat)[:, None]
    arms[..., 3] += 0.6 * shake * np.sin(beat + 0.8)[:, None]

    pelvis = support.pelvis.copy()
    if action.pace is None:
        pelvis[:, :2] += _balance(timeline, times, keys, support.heading, lean, person)
    return Motion(pelvis, support.heading, tilt, spine, neck, arms, support.ankles, support.knees)


def _balance(
    timeline: Timeline, times: Array, keys: Sequence[Key], heading: Array, lean: Array, person: Person
) -> Array:
    """How far a leaning trunk pushes the pelvis of a standing person the other way: [T, 2] mm in the world."""
    standing = timeline.follow(times, np.array([float(LEG_PATTERNS[key.posture.legs].standing) for key in keys]))
    back = -0.3 * (person.lower_spine + person.upper_spine) * np.sin(lean) * standing
    return back[:, None] * np.stack((np.cos(heading), np.sin(heading)), axis=-1)
