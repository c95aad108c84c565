"""A pose as a still picture (SVG): seen from the camera and from the side. Colours are classes of viewer.css."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from pipeline.report.viewer.scene import SKELETONS, Scene

WIDTH, HEIGHT, MARGIN = 800.0, 520.0, 40.0  # px of the picture
TURN = math.radians(75)  # of the second view, around the vertical
HEADING = 34.0  # px for the words above
LEAST_OPACITY = 0.06


@dataclass(frozen=True)
class Frame:
    """Which part of the plane [x, y] mm is shown, and where: its middle, px per mm, and the middle in px."""

    middle: NDArray
    scale: float
    place: NDArray

    def __call__(self, points: NDArray) -> NDArray:
        """Points [..., 2] in mm, as px of the picture [..., 2]."""
        return (points - self.middle) * self.scale + self.place


def picture(scene: Scene) -> str:
    """The SVG of a scene, about 15 kB."""
    views = {"the camera’s view": seen(scene, 0.0), "turned by 75°": seen(scene, TURN)}
    parts = [
        f'<svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" aria-labelledby="still-title still-words">',
        f'<title id="still-title">{escape(caption(scene))}</title>',
        f'<desc id="still-words">{escape(description(scene))}</desc>',
    ]
    for index, (name, poses) in enumerate(views.items()):
        middle = WIDTH * (index + 0.5) / len(views)
        parts.append(f'<text class="still-word" x="{middle:.0f}" y="26" text-anchor="middle">{name}</text>')
        parts += _view(scene, poses, middle)
    return "\n".join([*parts, "</svg>"])


def caption(scene: Scene) -> str:
    """What the scene is, and its error."""
    return scene.label if scene.error is None else f"{scene.label}: {scene.error:.0f} mm"


def description(scene: Scene) -> str:
    """What the picture shows, in words."""
    count = len(scene.hypotheses)
    words = ["One estimated pose" if count == 1 else f"{count} estimated poses, as opaque as they are likely"]
    words += ["the true pose in one colour"] if scene.truth is not None else []
    words += [f"the error is {scene.error:.0f} mm"] if scene.error is not None else []
    return "; ".join(words) + "."


def seen(scene: Scene, turn: float) -> list[NDArray]:
    """All poses of a scene, the truth last, [J, 2] mm with y down, without perspective. The vertical is the scene's."""
    up = np.array([0.0, -1.0, 0.0]) if scene.up is None else scene.up / np.linalg.norm(scene.up)
    away = np.array([0.0, 0.0, 1.0]) - up[2] * up  # where the camera looks, made level
    away /= np.linalg.norm(away)
    across = np.cross(away, up)
    viewed = math.cos(turn) * across + math.sin(turn) * away
    poses = [*scene.hypotheses, *([] if scene.truth is None else [scene.truth])]
    return [np.stack((pose @ viewed, -(pose @ up)), axis=-1) for pose in poses]


def _view(scene: Scene, poses: list[NDArray], middle: float) -> list[str]:
    every = np.concatenate(poses)
    low, high = every.min(axis=0), every.max(axis=0)
    room = np.array([WIDTH / 2 - 2 * MARGIN, HEIGHT - HEADING - 2 * MARGIN])
    scale = float((room / np.maximum(high - low, 1.0)).min())
    frame = Frame((low + high) / 2, scale, np.array([middle, (HEIGHT + HEADING) / 2]))
    ground = frame(np.array([0.0, poses[-1][:, 1].max() + 30.0]))[1]
    width = WIDTH / 4 - MARGIN / 2
    parts = [f'<ellipse class="still-ground" cx="{middle:.0f}" cy="{ground:.0f}" rx="{width:.0f}" ry="14"/>']
    most = scene.weights.max()
    for index in np.argsort(scene.weights, kind="stable"):
        opacity = max(LEAST_OPACITY, float(scene.weights[index] / most))
        parts.append(f'<g opacity="{opacity:.2f}" stroke-width="6">{_bones(frame(poses[index]))}</g>')
    if scene.truth is not None:
        parts.append(f'<g class="still-truth" stroke-width="2.5">{_bones(frame(poses[-1]))}</g>')
    return parts


def _bones(places: NDArray) -> str:
    skeleton = SKELETONS[len(places)]
    lines = []
    for parent, child in skeleton.edges:
        side = "left" if child in skeleton.left else "right" if child in skeleton.right else "middle"
        (x0, y0), (x1, y1) = places[parent], places[child]
        lines.append(f'<line class="still-{side}" x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}"/>')
    return "".join(lines)
