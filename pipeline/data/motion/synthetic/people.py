"""The seven people of the synthetic set: their limb lengths and their ways of moving.

They carry the names of Human3.6M's subjects because they stand where those stood, but their bodies are invented:
plausible adults whose Head joint is 1.55 to 1.75 m above the floor, no two with the same proportions.
"""

from dataclasses import dataclass
from functools import cached_property

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
