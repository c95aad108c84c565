"""The poses of a finished run that the viewer shows, read from what its evaluations kept for figures.

A slider runs through chosen poses, the one with the smallest error first, or through the frames of a take. Beside HGN's
poses are the coarse meshes that it predicts and those of the fitted body, which it learns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.report import inputs
from pipeline.report.viewer.scene import Group, Mesh, Scene
from pipeline.report.viewer.world import MESHES, MILLIMETRES, World, by_row

Arrays = dict[str, NDArray]

FIRST = ("graphmdn", "hgn", "graphmdn_evolving_winners")  # variants shown first, if they were run
MOST_VARIANTS = 8  # each is about 10 kB
MOST_HYPOTHESES = 20  # of a pose; an auto-encoder draws 200
EXAMPLES = ("keypoints_2d", "truth", "hypotheses", "weights", "action", "subject", "mpjpe_mean", "mpjpe_oracle")
OVERLAYS = ("keypoints_2d", "truth", "pose", "action", "row")
TAKE_ROWS = ("frame", "keypoints_2d", "truth", "hypotheses", "weights", "pose")
TAKE = ("name", "action", *TAKE_ROWS)
TAKES_OF = FIRST
MOST_FRAMES = 50  # of a take: 90 kB of the page, with five hypotheses
EXAMPLES_NOTE = (
    "One pose of each of three actions: where the best hypothesis improves most on the mean. They show hypotheses that "
    "differ, and are not typical."
)
OVERLAYS_NOTE = (
    "One pose per action, that with the most joints behind another part of the body: the best success first, the worst "
    "failure last. The error is the mean over the joints."
)
TAKE_NOTE = (
    "The middle of the longest take of the test subjects, chosen before anything was predicted. Every frame is "
    "predicted alone, and nothing is smoothed over time."
)


def groups(run: Run) -> tuple[list[Group], list[str]]:
    """What the viewer can show of a run, and a line for each file that could not be read."""
    names = [name for name in run.lifting_variants if not run.why_left_out(name)]
    names = [name for name in names if run.layout.evaluation(name).exists()]
    order = sorted(names, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), names.index(name)))
    order = sorted(order, key=lambda name: run.variant(name).closed_form)  # what needs no network comes last
    found: list[Group] = []
    problems: list[str] = []
    try:
        world = World.read(run)
    except InputError as error:
        world = World.empty()
        problems.append(str(error))
    for name in order[:MOST_VARIANTS]:
        try:
            found += _of_variant(run, name, artifacts.read_arrays(run.layout.evaluation(name)), world)
        except InputError as error:
            problems.append(str(error))
    try:
        found += fitted_bodies(run)
    except InputError as error:
        problems.append(str(error))
    return found, problems


def _of_variant(run: Run, name: str, arrays: Arrays, world: World) -> Iterator[Group]:
    title, given = f"{run.variant(name).title} ({name})", f" {inputs.given([run.variant(name).input], False)}"
    several = arrays.get("example_hypotheses", np.zeros((0, 1))).shape[1] > 1
    if several:
        examples = _examples(_require(run, name, arrays, "example", EXAMPLES), world)
        yield Group(f"{title}: hypotheses", examples, EXAMPLES_NOTE + given)
    if "overlay_pose" in arrays:
        meshes = {scale: arrays[f"overlay_{scale}"] for scale in MESHES if f"overlay_{scale}" in arrays}
        overlays = _overlays(_require(run, name, arrays, "overlay", OVERLAYS) | meshes, world)
        what = "mean pose" if several else "pose"
        yield Group(f"{title}: {what}, successes and failures", overlays, OVERLAYS_NOTE + given)
    if "take_pose" in arrays and name in TAKES_OF:
        shown = _require(run, name, arrays, "take", TAKE)
        words = f"{title}: {shown['action']}, {shown['name']}, frame by frame"
        step = -(-len(shown["frame"]) // MOST_FRAMES)
        yield Group(words, _take(shown, world)[::step], TAKE_NOTE + given, run.preset.motion.frames_per_second / step)


def _require(run: Run, name: str, arrays: Arrays, kind: str, fields: tuple[str, ...]) -> Arrays:
    """The arrays `<kind>_<field>` by their fields. Raises InputError naming the first that is missing."""
    for field in fields:
        if f"{kind}_{field}" not in arrays:
            path = run.layout.evaluation(name)
            raise InputError(f"{path}: {kind}_{field}: missing; run evaluate_lifting for {name} again")
    return {field: arrays[f"{kind}_{field}"] for field in fields}


def _examples(arrays: Arrays, world: World) -> list[Scene]:
    scenes = []
    for one in by_row(arrays):
        drawn = np.argsort(-one["weights"], kind="stable")[:MOST_HYPOTHESES]
        count = len(one["weights"])
        shown = f"; {len(drawn)} of {count} hypotheses" if count > len(drawn) else ""
        note = f"the mean's error; best hypothesis {one['mpjpe_oracle']:.0f} mm{shown}"
        label = f"{one['action']}, {one['subject']}"
        scenes.append(
            _scene(label, one["hypotheses"][drawn], one["weights"][drawn], one, one["mpjpe_mean"], world, note)
        )
    return scenes


def _overlays(arrays: Arrays, world: World) -> list[Scene]:
    """From the smallest error to the largest."""
    scenes = []
    for one in by_row(arrays):
        pose, truth = MILLIMETRES * one["pose"], MILLIMETRES * one["truth"]
        error = float(np.linalg.norm(pose - truth, axis=-1).mean())
        scenes.append(_scene(str(one["action"]), pose[None], np.ones(1), one | {"truth": truth}, error, world))
    return sorted(scenes, key=lambda scene: scene.error or 0.0)


def _take(arrays: Arrays, world: World) -> list[Scene]:
    """Every frame, in order. What is predicted for one frame does not depend on its neighbours."""
    scenes = []
    for one in by_row({field: arrays[field].astype(float) for field in TAKE_ROWS}):
        error = float(np.linalg.norm(one["pose"] - one["truth"], axis=-1).mean())
        scenes.append(_scene(f"frame {one['frame']:.0f}", one["hypotheses"], one["weights"], one, error, world))
    return [replace(scene, meshes=()) for scene in scenes]


def _scene(
    label: str,
    poses: NDArray,
    weights: NDArray,
    one: dict[str, Any],
    error: float,
    world: World,
    note: str = "",
) -> Scene:
    lens, up = world.find(one["truth"]) or (None, None)
    return Scene(
        label=label,
        hypotheses=poses,
        weights=weights,
        truth=one["truth"],
        error=float(error),
        keypoints_2d=one["keypoints_2d"],
        lens=lens,
        up=up,
        meshes=world.predicted({scale: one[scale] for scale in MESHES if scale in one}) + world.meshes(one["truth"]),
        note=note,
    )


# --- bodies -----------------------------------------------------------------------------------------------------------


def fitted_bodies(run: Run) -> list[Group]:
    """The body as it was fitted best, in the middle and worst. Empty without a body."""
    path = run.layout.targets("meshes") / "drawings.npz"
    if run.why_no_targets("meshes") or not path.exists():
        return []
    arrays, fields = artifacts.read_arrays(path), ("vertices", "joints", "fitted", "residual", "label")
    for field in ("faces", *fields):
        if field not in arrays:
            raise InputError(f"{path}: {field}: missing; run fit_body again")
    scenes = []
    for one in by_row({field: arrays[field] for field in fields}):
        parts = [_upright(MILLIMETRES * one[field]) for field in ("vertices", "joints", "fitted")]
        vertices, joints, fitted = (part @ _facing(parts[1]) for part in parts)
        body = Mesh("fitted body", vertices, arrays["faces"])
        scenes.append(
            Scene(str(one["label"]), fitted[None], np.ones(1), joints, float(one["residual"]), meshes=(body,))
        )
    count = HUMAN36M_17.joint_count
    note = f"The body fitted to {count} measured joints: its own joints in colour, the measured ones as the truth."
    return [Group("Fitted body: best, median and worst fit", scenes, note)]


def _upright(points: NDArray) -> NDArray:
    """World axes (z up) [..., 3] as those of a level camera that looks along the world's y."""
    return points[..., [0, 2, 1]] * [1.0, -1.0, 1.0]


def _facing(joints: NDArray) -> NDArray:
    """The turn [3, 3] around the vertical after which a person of these joints [17, 3] faces the camera."""
    across = joints[HUMAN36M_17.names.index("LHip")] - joints[HUMAN36M_17.names.index("RHip")]
    x, z = across[[0, 2]] / max(float(np.hypot(across[0], across[2])), 1e-9)
    return np.array([[x, 0.0, -z], [0.0, 1.0, 0.0], [z, 0.0, x]])
