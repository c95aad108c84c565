"""The seven synthetic people, and from joint angles to joints.

The people have the names of Human3.6M's subjects, because they stand in front of the same cameras, but their bodies are
invented: plausible adults whose Head joint is 1.55 to 1.75 m above the floor, no two with the same proportions.

World axes: z up, floor at z = 0, mm. A person's own axes: x forward, y to the person's left, z up. Every rotation of
the trunk, neck, shoulders and hips is a rotation vector (axis times angle), which needs no order of axes and has no
gimbal lock in the human range; knees and elbows are hinges. Trunk, neck and arms go from angles to joints; the legs go
from where the feet stand to the angles of hip and knee, so that a planted foot stays planted.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import roma
import torch

from pipeline.data.motion.synthetic.curves import Array, confine, smooth_minimum

LEFT, RIGHT = 0, 1  # the order of sides in every [.., 2, ..] array of the synthetic source


@dataclass(frozen=True)
class Person:
    """Lengths in mm between the joints of Human3.6M's skeleton, and a style."""

    name: str
    half_hip: float  # Hip to RHip
    thigh: float
    shin: float
    ankle_height: float  # of the ankle joint above the floor when the foot is flat
    lower_spine: float  # Hip to Spine
    upper_spine: float  # Spine to Thorax
    neck: float  # Thorax to Neck/Nose
    head: float  # Neck/Nose to Head
    collar: float  # Thorax to LShoulder
    upper_arm: float
    forearm: float
    # Style
    main_hand: int  # LEFT or RIGHT
    lean: float  # degrees that the trunk leans forward at rest
    energy: float  # size of gestures and drift, 1 is average
    tempo: float  # speed of gestures and steps, 1 is average
    stance: float  # mm that each foot stands further out than average
    arm_swing: float  # degrees that the arm swings to either side of hanging when walking

    @cached_property
    def leg(self) -> float:
        return self.thigh + self.shin

    @cached_property
    def arm(self) -> float:
        return self.upper_arm + self.forearm


AVERAGE_LEG, AVERAGE_ARM = 880.0, 530.0  # mm; the bodies on which leg patterns and hand places are described

TRAIN = (
    Person("S1", 130, 441, 436, 78, 228, 252, 117, 113, 148, 276, 248, RIGHT, 3, 1.0, 1.0, 0, 24),
    Person("S5", 122, 416, 408, 72, 222, 238, 111, 109, 138, 257, 232, RIGHT, 5, 1.2, 1.1, -15, 30),
    Person("S6", 136, 452, 461, 83, 236, 268, 124, 118, 160, 293, 261, LEFT, 1, 0.8, 0.9, 20, 18),
    Person("S7", 119, 425, 402, 74, 213, 249, 114, 107, 143, 251, 243, RIGHT, 6, 1.1, 1.05, -5, 27),
    Person("S8", 142, 470, 469, 87, 244, 272, 122, 120, 165, 304, 266, RIGHT, 4, 0.9, 0.92, 30, 21),
)
TEST = (
    Person("S9", 133, 446, 463, 81, 241, 254, 119, 116, 154, 284, 262, RIGHT, 2, 1.0, 0.97, 10, 23),
    Person("S11", 128, 462, 438, 79, 226, 261, 121, 111, 151, 295, 247, LEFT, 5, 1.1, 1.06, 0, 28),
)

# Degrees: flexion, bend to the left and twist to the left of trunk and neck; flexion, abduction, inward twist and
# elbow flexion of the arms. Ranges of motion of healthy adults, rounded inwards.
TRUNK_LIMITS = np.array([(-25, 75), (-32, 32), (-45, 45)])
NECK_LIMITS = np.array([(-45, 45), (-35, 35), (-70, 70)])
ARM_LIMITS = np.array([(-50, 165), (-40, 155), (-90, 90), (3, 148)])
SHOULDER_LIMIT = 160.0  # degrees, of the whole swing away from hanging
KNEE_LIMITS = (6.0, 152.0)

SIDES = {LEFT: 1.0, RIGHT: -1.0}  # the sign of the person's y axis on each side


@dataclass(frozen=True)
class Motion:
    """What a person does over T frames; sides are ordered left, right."""

    pelvis: Array  # [T, 3] mm, world; lowered where the legs are too short
    heading: Array  # [T] radians; 0 faces world x
    tilt: Array  # [T, 3] radians of the pelvis: forward, to the left, twisted to the left
    trunk: Array  # [T, 3] radians, the same three, of the spine relative to the pelvis
    neck: Array  # [T, 3] radians, of the head relative to the thorax
    arms: Array  # [T, 2, 4] radians: flexion, abduction, inward twist, elbow flexion
    ankles: Array  # [T, 2, 3] mm, world
    knees: Array  # [T, 2, 3] direction towards which a knee points: forward, outward, up (any length)


def rotation(vectors: Array) -> Array:
    """Rotation matrices [..., 3, 3] of rotation vectors [..., 3]."""
    matrices: Array = roma.rotvec_to_rotmat(torch.from_numpy(vectors)).numpy()
    return matrices


def bend(angles: Array) -> Array:
    """Rotations of forward, leftward and twisting angles [..., 3]: forward turns z to x, leftward turns z to y."""
    forward, leftward, twist = np.moveaxis(angles, -1, 0)
    return rotation(np.stack((-leftward, forward, twist), axis=-1))


def turn(heading: Array) -> Array:
    """Rotations about z by headings [...]."""
    zero = np.zeros_like(heading)
    return rotation(np.stack((zero, zero, heading), axis=-1))


def assemble(person: Person, motion: Motion) -> Array:
    """Joints [T, 17, 3] mm in Human3.6M's order, in the world, for a person doing that motion within human limits."""
    joints = np.empty((len(motion.heading), 17, 3))
    facing = turn(motion.heading)
    pelvis_frame = facing @ bend(motion.tilt)
    _place_legs(joints, person, motion, facing, pelvis_frame)
    thorax_frame = _place_trunk(joints, person, motion, pelvis_frame)
    arms = confine_arms(motion.arms)
    for side, first in ((LEFT, 11), (RIGHT, 14)):
        shoulder, elbow, wrist = _arm(person, arms[:, side], SIDES[side])
        for joint, offset in zip(range(first, first + 3), (shoulder, elbow, wrist), strict=True):
            joints[:, joint] = joints[:, 8] + _apply(thorax_frame, offset)
    return joints


def confine_arms(arms: Array) -> Array:
    """Arm angles [..., 4] bent smoothly into their limits, then the shoulder's whole swing into its own."""
    limited = confine(arms, *np.radians(ARM_LIMITS).T)
    swing = np.linalg.norm(limited[..., :2], axis=-1, keepdims=True)
    limit = np.radians(SHOULDER_LIMIT)
    shorter = confine(swing, -limit, limit) / np.maximum(swing, 1e-9)
    return np.concatenate((limited[..., :2] * shorter, limited[..., 2:]), axis=-1)


def arm_frame(arms: Array, sign: float) -> Array:
    """Rotation [..., 3, 3] of the upper arm relative to the thorax for angles [..., 4]; `sign` is +1 on the left side.

    Flexion and abduction are one swing of the hanging arm; the twist is about the arm's own length and comes first.
    """
    flexion, abduction, twist, _ = np.moveaxis(arms, -1, 0)
    zero = np.zeros_like(flexion)
    swing = rotation(np.stack((sign * abduction, -flexion, zero), axis=-1))
    return swing @ rotation(np.stack((zero, zero, -sign * twist), axis=-1))


def _arm(person: Person, arms: Array, sign: float) -> tuple[Array, Array, Array]:
    """Shoulder, elbow and wrist [T, 3] of one side, relative to the thorax, in its frame."""
    flexion, abduction, _, elbow_flexion = np.moveaxis(arms, -1, 0)
    # The collar bone follows the arm: up when the arm rises, forward when it reaches forward.
    raised = 0.35 * (1.0 - np.cos(np.hypot(flexion, abduction)))
    zero = np.zeros_like(raised)
    collar = rotation(np.stack((sign * raised, zero, -sign * 0.2 * np.sin(flexion)), axis=-1))
    rest = np.array([-0.06, sign * 1.0, -0.22])
    shoulder = _apply(collar, person.collar * rest / np.linalg.norm(rest))
    upper = arm_frame(arms, sign)
    fore = upper @ rotation(np.stack((zero, -elbow_flexion, zero), axis=-1))
    elbow = shoulder - person.upper_arm * upper[..., 2]  # a hanging arm points down its own z axis
    return shoulder, elbow, elbow - person.forearm * fore[..., 2]


def _place_trunk(joints: Array, person: Person, motion: Motion, pelvis_frame: Array) -> Array:
    """Fill Spine, Thorax, Neck/Nose and Head; the thorax's frame [T, 3, 3]. The spine bends in two places."""
    trunk = confine(motion.trunk, *np.radians(TRUNK_LIMITS).T)
    neck = confine(motion.neck, *np.radians(NECK_LIMITS).T)
    lower = pelvis_frame @ bend(0.45 * trunk)
    thorax = lower @ bend(0.55 * trunk)
    throat = thorax @ bend(0.4 * neck)
    head = throat @ bend(0.6 * neck)
    # The rest of an upright spine: a hollow back, rounded shoulders, the nose before the neck, the crown above it.
    chain = (
        *((0, 7, lower, (-0.06, 1.0), person.lower_spine), (7, 8, thorax, (0.02, 1.0), person.upper_spine)),
        *((8, 9, throat, (0.42, 0.9), person.neck), (9, 10, head, (-0.22, 0.97), person.head)),
    )
    for start, end, frame, (forward, up), length in chain:
        direction = np.array([forward, 0.0, up])
        joints[:, end] = joints[:, start] + length * _apply(frame, direction / np.linalg.norm(direction))
    return thorax


def _place_legs(joints: Array, person: Person, motion: Motion, facing: Array, pelvis_frame: Array) -> None:
    """Fill Hip, hips, knees and ankles: the ankles are given, the knees follow from two lengths and a direction."""
    hips = np.stack([pelvis_frame[..., 1] * SIDES[side] * person.half_hip for side in (LEFT, RIGHT)], axis=1)
    shortest, longest = (leg_reach(person, degrees) for degrees in KNEE_LIMITS[::-1])
    pelvis = motion.pelvis.copy()
    # A pelvis too high for the legs is lowered until the knee is comfortable, not locked.
    comfortable = leg_reach(person, 8.0)
    level = motion.ankles[:, :, :2] - motion.pelvis[:, None, :2] - hips[..., :2]
    drop = np.maximum(comfortable**2 - (level**2).sum(axis=-1), 1.0)
    ceiling = motion.ankles[..., 2] + np.sqrt(drop) - hips[..., 2]  # [T, 2]
    pelvis[:, 2] = smooth_minimum(pelvis[:, 2], smooth_minimum(ceiling[:, 0], ceiling[:, 1], 14.0), 14.0)
    joints[:, 0] = pelvis
    for side, (hip, knee, ankle) in ((RIGHT, (1, 2, 3)), (LEFT, (4, 5, 6))):
        joints[:, hip] = pelvis + hips[:, side]
        axis = motion.ankles[:, side] - joints[:, hip]
        distance = np.linalg.norm(axis, axis=-1, keepdims=True)
        axis = axis / distance
        reach = smooth_minimum(-smooth_minimum(-distance, -shortest, 4.0), longest, 1.0)
        direction = _apply(facing, motion.knees[:, side] * (1.0, SIDES[side], 1.0))
        direction -= axis * (axis * direction).sum(axis=-1, keepdims=True)
        direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
        along = (person.thigh**2 - person.shin**2 + reach**2) / (2 * reach)
        aside = np.sqrt(np.maximum(person.thigh**2 - along**2, 0.0))
        joints[:, knee] = joints[:, hip] + along * axis + aside * direction
        joints[:, ankle] = joints[:, hip] + reach * axis


def leg_reach(person: Person, knee_flexion: float) -> float:
    """Distance from hip to ankle in mm at a knee flexion in degrees (law of cosines)."""
    squares = person.thigh**2 + person.shin**2
    return float(np.sqrt(squares + 2 * person.thigh * person.shin * np.cos(np.radians(knee_flexion))))


def _apply(matrices: Array, vectors: Array) -> Array:
    """Matrices [T, 3, 3] times vectors [T, 3] or [3]."""
    return (matrices @ vectors[..., None])[..., 0]
