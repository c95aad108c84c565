"""Pictures of people drawn with filled circles and thick lines, which have the same pixels on every machine."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.geometry import coco_keypoints

# Of a person 100 units tall with the feet at y = 0, seen from the front: x to the image's right, y up.
STANDING = {
    **{"nose": (0, 90), "left_eye": (2, 92), "right_eye": (-2, 92), "left_ear": (5, 91), "right_ear": (-5, 91)},
    **{"left_shoulder": (11, 79), "right_shoulder": (-11, 79), "left_elbow": (17, 63), "right_elbow": (-17, 63)},
    **{"left_wrist": (20, 48), "right_wrist": (-20, 48), "left_hip": (7, 50), "right_hip": (-7, 50)},
    **{"left_knee": (8, 27), "right_knee": (-8, 27), "left_ankle": (8, 5), "right_ankle": (-8, 5)},
}
SKIN, SHIRT, TROUSERS, SHOES, HAIR = (214, 170, 140), (40, 70, 160), (60, 60, 70), (30, 20, 20), (60, 40, 25)


def keypoints(feet: tuple[int, int], height: int) -> NDArray[np.float64]:
    """COCO's 17 keypoints of a drawn person, [17, 2] px; `feet` is the point between the soles."""
    units = np.array([STANDING[name] for name in coco_keypoints.NAMES], float)
    return np.array(feet) + units * (1, -1) * height / 100


def background(width: int, height: int) -> NDArray[np.uint8]:
    """A grey-green wall that gets lighter downwards, above a brown floor."""
    rows = np.arange(height)[:, None, None]
    wall = np.array((150, 165, 150)) + rows * 40 // height
    return np.where(rows < height * 3 // 4, wall, np.array((150, 125, 100))).repeat(width, axis=1).astype(np.uint8)


def draw(image: NDArray[np.uint8], feet: tuple[int, int], height: int, shirt: tuple[int, int, int] = SHIRT) -> None:
    """Draw a standing person into the image [H, W, 3] RGB."""
    at = dict(zip(coco_keypoints.NAMES, np.round(keypoints(feet, height)).astype(int).tolist(), strict=True))

    def unit(share: float) -> int:
        return max(1, round(height * share))

    def line(start: str, end: str, colour: tuple[int, int, int], width: float) -> None:
        cv2.line(image, at[start], at[end], colour, unit(width))

    for side in ("left", "right"):
        line(f"{side}_hip", f"{side}_knee", TROUSERS, 0.10)
        line(f"{side}_knee", f"{side}_ankle", TROUSERS, 0.08)
        cv2.circle(image, at[f"{side}_ankle"], unit(0.045), SHOES, -1)
        line(f"{side}_shoulder", f"{side}_elbow", shirt, 0.07)
        line(f"{side}_elbow", f"{side}_wrist", SKIN, 0.05)
        cv2.circle(image, at[f"{side}_wrist"], unit(0.03), SKIN, -1)
    trunk = [at[name] for name in ("left_shoulder", "right_shoulder", "right_hip", "left_hip")]
    cv2.fillPoly(image, [np.array(trunk, np.int32)], shirt)
    middle, above = at["nose"], unit(0.025)
    cv2.line(image, middle, (middle[0], at["left_shoulder"][1]), SKIN, unit(0.06))
    cv2.circle(image, (middle[0], middle[1] - above), unit(0.075), HAIR, -1)
    cv2.circle(image, middle, unit(0.065), SKIN, -1)
    for eye in ("left_eye", "right_eye"):
        cv2.circle(image, at[eye], unit(0.011), (20, 20, 20), -1)
    cv2.circle(image, (middle[0], middle[1] + unit(0.03)), unit(0.014), (170, 80, 80), -1)


def picture(width: int = 480, height: int = 360) -> NDArray[np.uint8]:
    """Two people, [H, W, 3] RGB."""
    image = background(width, height)
    draw(image, (width // 3, height - 30), height * 3 // 4)
    draw(image, (width * 3 // 4, height - 40), height * 2 // 3, (160, 60, 50))
    return image
