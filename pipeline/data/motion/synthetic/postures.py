"""Places of the hands and patterns of the legs: the words in which the synthetic actions are written.

A hand place is a wrist's position from its shoulder, for an average body with its trunk upright; `reach` turns it into
joint angles, so that every person reaches it with limbs of their own length. A leg pattern is a pelvis and two feet.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.data.motion.synthetic.body import AVERAGE_ARM, Person, arm_frame
from pipeline.data.motion.synthetic.curves import Array

# Wrist from the shoulder in mm (forward, outward, up), and the direction towards which the elbow points.
HAND_PLACES: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "side": ((50, 65, -508), (-1.0, 0.3, 0.0)),
    "pocket": ((20, 55, -455), (-1.0, 0.7, 0.0)),
    "hip": ((20, 40, -325), (-0.4, 1.0, 0.0)),
    "back": ((-150, -90, -380), (-0.5, 1.0, 0.1)),
    "belly": ((230, -110, -290), (-0.5, 0.7, -0.5)),
    "chest": ((270, -70, -140), (-0.1, 0.7, -1.0)),
    "folded": ((190, -220, -190), (0.2, 0.6, -1.0)),
    "open": ((290, 170, -230), (-0.6, 0.4, -1.0)),
    "offer": ((400, 20, -180), (-0.3, 0.3, -1.0)),
    "mouth": ((170, -115, 40), (0.2, 0.6, -1.0)),
    "chin": ((180, -115, -20), (0.2, 0.4, -1.0)),
    "ear": ((130, -5, 105), (0.3, 0.9, -0.8)),
    "eyes": ((250, -85, 95), (0.2, 0.7, -1.0)),
    "nape": ((-20, -75, 170), (0.3, 1.0, 0.2)),
    "watch": ((280, -120, -70), (0.0, 1.0, -0.3)),
    "wave": ((120, 210, 220), (-0.2, 1.0, -0.9)),
    "high": ((130, 110, 480), (0.2, 1.0, 0.0)),
    "front": ((505, -20, 10), (0.0, 0.6, -1.0)),
    "across": ((400, -270, -10), (0.0, 0.8, -1.0)),
    "sideways": ((110, 500, -10), (-0.6, 0.0, -1.0)),
    "upward": ((350, 140, 340), (0.1, 1.0, -0.5)),
    "shelf": ((440, -20, 190), (0.0, 0.7, -1.0)),
    "down": ((330, -10, -380), (-0.6, 0.7, 0.0)),
    "cart": ((370, -10, -240), (-0.5, 0.7, -0.6)),
    "leash": ((300, 60, -380), (-0.8, 0.3, -0.2)),
    "pull": ((455, 30, -225), (-0.3, 0.6, -1.0)),
    "table": ((360, -60, -240), (-0.4, 0.9, -0.4)),
    "lap": ((270, -30, -370), (-0.7, 0.8, 0.0)),
    "knee": ((400, 10, -300), (-0.5, 0.8, 0.0)),
    "prop": ((-250, 130, -425), (-0.9, 0.6, 0.0)),
}


def reach(person: Person, place: str) -> Array:
    """Arm angles [4] in radians (flexion, abduction, inward twist, elbow flexion) that put the wrist at a hand place.

    Works on the left arm, where outward is y; the right arm is its mirror image and has the same angles.
    """
    target, elbow_side = (np.array(vector, dtype=float) for vector in HAND_PLACES[place])
    target *= person.arm / AVERAGE_ARM
    upper, fore, distance = person.upper_arm, person.forearm, float(np.linalg.norm(target))
    cosine = (distance**2 - upper**2 - fore**2) / (2 * upper * fore)
    elbow_flexion = np.arccos(np.clip(cosine, -1.0, 1.0))
    axis = target / distance
    aside = elbow_side - axis * (axis @ elbow_side)
    along = upper + fore * np.cos(elbow_flexion)
    elbow = along * axis + fore * np.sin(elbow_flexion) * aside / np.linalg.norm(aside)
    elbow /= np.linalg.norm(elbow)
    flexion, abduction = np.arccos(np.clip(-elbow[2], -1.0, 1.0)) * elbow[:2] / max(float(np.hypot(*elbow[:2])), 1e-9)
    # Seen from the swung, untwisted upper arm, the twist is how far the hand has gone inward from straight ahead.
    hand = arm_frame(np.array([flexion, abduction, 0.0, 0.0]), sign=1.0).T @ (target - elbow * upper)
    return np.array([flexion, abduction, np.arctan2(-hand[1], hand[0]), elbow_flexion])


@dataclass(frozen=True)
class Foot:
    """Where an ankle is from the middle of the stand, mm on an average leg: forward, outward, above a flat foot."""

    forward: float = 0.0
    outward: float = 105.0
    up: float = 0.0
    knee: tuple[float, float, float] = (1.0, 0.15, 0.6)  # the knee's direction: forward, outward, up


@dataclass(frozen=True)
class Legs:
    """A pelvis over two feet, mm on an average leg; the main foot is on the main hand's side.

    `height` is the pelvis above the floor; None is the height of the take's chair.
    """

    main: Foot = Foot()
    other: Foot = Foot()
    height: float | None = 946.0
    forward: float = 0.0  # of the pelvis from the middle of the stand
    shift: float = 0.0  # of the pelvis towards the main foot
    recline: float = 0.0  # degrees that the pelvis tips back

    @property
    def standing(self) -> bool:
        return self.height is not None and self.height > 600


APART, INWARD_UP = (0.7, 1.0, 0.35), (0.8, -0.1, 1.0)

LEG_PATTERNS: dict[str, Legs] = {
    "stand": Legs(),
    "stand wide": Legs(Foot(0, 190), Foot(0, 190), 925),
    "stand easy": Legs(Foot(110, 150), Foot(-20, 90), 938, shift=-55),
    "stand other": Legs(Foot(-30, 85), Foot(90, 155), 938, shift=55),
    "stride": Legs(Foot(230, 90), Foot(-190, 110, 25), 905),
    "crouch": Legs(Foot(60, 130), Foot(-60, 130), 740, forward=-60),
    "squat": Legs(Foot(20, 150), Foot(-20, 150, 10), 500, forward=-170),
    "kneel": Legs(Foot(300, 110), Foot(-400, 120, 15, (1.0, 0.1, -0.6)), 490),
    "chair": Legs(Foot(390, 110), Foot(390, 110), None, recline=8),
    "chair tucked": Legs(Foot(190, 90, 45), Foot(300, 110), None, recline=4),
    "chair stretched": Legs(Foot(690, 120), Foot(600, 110), None, recline=16),
    "chair ankle on knee": Legs(Foot(330, -95, 440, (0.5, 1.0, 0.1)), Foot(400, 120), None, recline=12),
    "chair crossed": Legs(Foot(560, -70, 230, INWARD_UP), Foot(370, 60), None, recline=10),
    "chair apart": Legs(Foot(380, 250, 0, APART), Foot(380, 250, 0, APART), None, recline=6),
    "floor knees up": Legs(Foot(150, 130), Foot(110, 130), 130, -330, recline=14),
    "floor long": Legs(Foot(430, 120, 10), Foot(450, 120, 10), 125, -330, recline=16),
    "floor one up": Legs(Foot(120, 120), Foot(440, 130, 10), 125, -330, recline=14),
    "floor crossed": Legs(
        Foot(-60, -60, 10, (0.3, 1.0, 0.25)), Foot(10, -40, 5, (0.3, 1.0, 0.25)), 130, -330, recline=6
    ),
    "floor tall kneel": Legs(Foot(-420, 100, 10, (1.0, 0.1, -0.6)), Foot(-420, 100, 10, (1.0, 0.1, -0.6)), 500, -20),
}
