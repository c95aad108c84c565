"""The body model, the coarse graphs that HGN takes from it, and bodies fitted to measured joints."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.report.evidence import Evidence, NotRunError
from pipeline.report.figures import mesh, shown, skeleton, style
from pipeline.report.figures.mesh import View
from pipeline.report.figures.shown import Arrays

FRONT, TURNED = View(0.0, 6.0), View(38.0, 6.0)
ASIDE = View(62.0, 6.0)  # separates front and back of the trunk, and the left leg from the right


# --- the body ---------------------------------------------------------------------------------------------------------


def draw_body(evidence: Evidence) -> Figure:
    """The T-pose, the first three shape components at both ends, and five poses."""
    names = ("faces", "t_pose", "shapes", "poses", "pose_names")
    body = _arrays(evidence.run.layout.body, "drawings.npz", names, "build_body")
    faces = body["faces"]
    figure = Figure(figsize=(style.WIDTH, 6.8), dpi=style.DOTS_PER_INCH)
    low, high = mesh.bounds(FRONT(body["t_pose"]))
    axes = _axes_at(figure, (1.92, 3.05), low, high, float(np.min((3.75, 3.4) / (high - low))))
    mesh.draw(axes, body["t_pose"], faces, FRONT)
    _text(figure, 1.92, 6.62, "T-pose, mean shape")
    _shapes(figure, (4.2, 3.05), body["shapes"], faces)
    _poses(figure, body["poses"], body["pose_names"], faces)
    return figure


def _shapes(figure: Figure, corner: tuple[float, float], shapes: NDArray, faces: NDArray) -> None:
    """One column per component, -2.5 below +2.5, all at one scale. `shapes` is [3, 2, V, 3]."""
    width, height = 1.58, 1.78
    extents = [np.subtract(*mesh.bounds(FRONT(body), margin=0.0)[::-1]) for ends in shapes for body in ends]
    scale = float(np.min((width - 0.06, height - 0.3) / np.array(extents)))
    for component, ends in enumerate(shapes):
        middle = corner[0] + (component + 0.5) * width
        _text(figure, middle, 6.62, f"shape {component + 1}")
        for row, vertices in enumerate(ends):
            ground = corner[1] + (1 - row) * height
            axes = _axes_at(figure, (middle, ground + 0.14), *mesh.bounds(FRONT(vertices), margin=0.01), scale)
            mesh.draw(axes, vertices, faces, FRONT)
            _text(figure, middle, ground + 0.06, f"{np.ptp(vertices[:, 1]):.2f} m", color=style.GREY, size=7.5)
    for row, amount in enumerate(("−2.5", "+2.5")):
        _text(figure, corner[0] - 0.14, corner[1] + (1.5 - row) * height, amount, color=style.GREY)


def _poses(figure: Figure, poses: NDArray, names: NDArray, faces: NDArray) -> None:
    """A row of bodies on one ground and at one scale. `poses` is [5, V, 3]."""
    slot = style.WIDTH / len(poses)
    extents = np.array([np.subtract(*mesh.bounds(TURNED(vertices))[::-1]) for vertices in poses])
    scale = float(np.min((1.1 * slot, 2.45) / extents))
    for index, (vertices, name) in enumerate(zip(poses, names, strict=True)):
        middle = (index + 0.5) * slot
        axes = _axes_at(figure, (middle, 0.34), *mesh.bounds(TURNED(vertices)), scale)
        mesh.draw(axes, vertices, faces, TURNED)
        _text(figure, middle, 0.17, str(name))


# --- the coarse graphs ------------------------------------------------------------------------------------------------


def draw_graphs(evidence: Evidence) -> Figure:
    """Nodes and edges of both mesh graphs in the T-pose, from the front and from the side."""
    folder, rest = evidence.run.layout.body, ("faces", "t_pose", "fine_rest", "coarse_rest")
    body = _arrays(folder, "drawings.npz", rest, "build_body")
    names = [f"{scale}_{name}" for scale in ("fine", "coarse") for name in ("adjacency", "real")]
    graphs = _arrays(folder, "graphs.npz", names, "build_body")
    views = (FRONT, ASIDE)
    frames = [mesh.bounds(view(body["t_pose"])) for view in views]
    widths = [high[0] - low[0] for low, high in frames]
    scale = (style.WIDTH - 0.3) / (2 * sum(widths))
    height = scale * max(high[1] - low[1] for low, high in frames)
    figure = Figure(figsize=(style.WIDTH, height + 0.36), dpi=style.DOTS_PER_INCH)
    left = 0.05
    for name, size in (("fine", 12.0), ("coarse", 20.0)):
        start = left
        for view, width, (low, high) in zip(views, widths, frames, strict=True):
            axes = _axes_at(figure, (left + scale * width / 2, 0.04), low, high, scale)
            mesh.silhouette(axes, body["t_pose"], body["faces"], view)
            _graph(axes, view(body[f"{name}_rest"]), _edges(graphs, name), _sides(graphs, name), size)
            left += scale * width
        _text(figure, (start + left) / 2, height + 0.22, _about(graphs, name))
        left += 0.2
    return figure


def _edges(graphs: Arrays, scale: str) -> NDArray[np.intp]:
    """Edges between real nodes [E, 2], each once, without loops; indices count real nodes only."""
    real = graphs[f"{scale}_real"]
    touching = graphs[f"{scale}_adjacency"][np.ix_(real, real)] > 0
    return np.argwhere(np.triu(touching | touching.T, k=1))


def _sides(graphs: Arrays, scale: str) -> list[str]:
    """A colour for each real node, by its side of the body; grey if the graph does not name its joints."""
    real = graphs[f"{scale}_real"]
    if f"{scale}_joint" not in graphs:
        return [style.GREY] * int(real.sum())
    return [skeleton.side_color(joint, HUMAN36M_17) for joint in graphs[f"{scale}_joint"][real].tolist()]


def _graph(axes: Axes, nodes: NDArray, edges: NDArray, colors: list[str], size: float) -> None:
    """Draw nodes [N, 3] and edges [E, 2] as the viewer sees them, paler with distance."""
    depth = nodes[:, 2]
    nearness = (depth - depth.min()) / max(float(np.ptp(depth)), 1e-9)
    lines = [(nodes[pair, :2], nearness[pair].mean()) for pair in edges]
    lines.sort(key=lambda line: line[1])
    shades = [to_rgba(style.BLACK, 0.2 + 0.6 * near) for _, near in lines]
    axes.add_collection(LineCollection([ends for ends, _ in lines], colors=shades, lw=0.7))
    order = np.argsort(nearness, kind="stable")
    faded = [_mixed(colors[node], 0.45 + 0.55 * nearness[node]) for node in order]
    axes.scatter(nodes[order, 0], nodes[order, 1], s=size, c=faded, edgecolors="white", linewidths=0.5, zorder=3)


def _mixed(color: str, share: float) -> tuple[float, ...]:
    """A colour mixed with white. It is opaque, so that no edge shows through a node."""
    return tuple(share * part + (1 - share) for part in to_rgba(color)[:3])


def _about(graphs: Arrays, scale: str) -> str:
    real = graphs[f"{scale}_real"]
    return f"{scale} graph: {len(real)} nodes, {int(real.sum())} of them real, {len(_edges(graphs, scale))} edges"


# --- fits -------------------------------------------------------------------------------------------------------------


def draw_fits(evidence: Evidence) -> Figure:
    """Fitted bodies with measured and fitted joints, each from the front and from the side, all at one scale."""
    names = ("faces", "vertices", "joints", "fitted", "residual", "label")
    fits = _arrays(evidence.run.layout.targets("meshes"), "drawings.npz", names, "fit_body")
    bodies, measured, fitted = (mesh.from_world(fits[name]) for name in ("vertices", "joints", "fitted"))
    views = [[View(_heading(pose) + turn, 6.0) for turn in (20.0, 100.0)] for pose in measured]
    frames = [
        [mesh.bounds(view(body), view(pose)) for view in pair]
        for body, pose, pair in zip(bodies, measured, views, strict=True)
    ]
    across = min(len(bodies), 3)
    slot, tallest = style.WIDTH / across, 2.9
    extents = np.array([[high - low for low, high in pair] for pair in frames])  # [n, 2, 2]
    scale = float(min(slot / extents[..., 0].sum(axis=1).max(), tallest / extents[..., 1].max()))
    row_height = scale * extents[..., 1].max() + 0.42
    rows = math.ceil(len(bodies) / across)
    figure = Figure(figsize=(style.WIDTH, rows * row_height + 0.36), dpi=style.DOTS_PER_INCH)
    for index, (pair, (first, second)) in enumerate(zip(views, extents[..., 0] * scale, strict=True)):
        middle = (index % across + 0.5) * slot
        ground = figure.get_figheight() - (index // across + 1) * row_height
        places = (middle - second / 2, middle + first / 2)  # side by side, their middle in the slot's
        for view, place, frame in zip(pair, places, frames[index], strict=True):
            axes = _axes_at(figure, (place, ground), *frame, scale)
            mesh.draw(axes, bodies[index], fits["faces"], view, color=mesh.PALE)
            _joints(axes, view(measured[index]), view(fitted[index]))
        label = f"{fits['label'][index]}, {fits['residual'][index]:.1f} mm"
        _text(figure, middle, ground + row_height - 0.2, label)
    _legend(figure)
    return figure


def _heading(joints: NDArray) -> float:
    """The direction that the hips face, in degrees like a view's azimuth."""
    left = joints[HUMAN36M_17.names.index("LHip")] - joints[HUMAN36M_17.names.index("RHip")]
    return math.degrees(math.atan2(-left[2], left[0]))


def _joints(axes: Axes, measured: NDArray, fitted: NDArray) -> None:
    """The measured skeleton in the colours of its sides, and rings at the fitted body's joints."""
    for parent, child in HUMAN36M_17.edges:
        axes.plot(
            *measured[[parent, child], :2].T,
            color=skeleton.side_color(child, HUMAN36M_17),
            lw=1.3,
            solid_capstyle="round",
        )
    colors = [skeleton.side_color(joint, HUMAN36M_17) for joint in range(HUMAN36M_17.joint_count)]
    axes.scatter(measured[:, 0], measured[:, 1], s=9, c=colors, linewidths=0, zorder=3)
    axes.scatter(fitted[:, 0], fitted[:, 1], s=26, facecolors="none", edgecolors=style.BLACK, linewidths=0.8, zorder=4)


def _legend(figure: Figure) -> None:
    axes = figure.add_axes((0, 0, 1, 0.3 / figure.get_figheight()))
    style.bare(axes)
    axes.set(xlim=(0, style.WIDTH), ylim=(0, 0.3))
    middle = style.WIDTH / 2
    for start, color in ((middle - 2.15, style.VERMILION), (middle - 1.95, style.BLUE)):
        axes.plot([start, start + 0.14], [0.16, 0.16], color=color, lw=1.3)
        axes.scatter([start + 0.14], [0.16], s=9, c=color, linewidths=0)
    axes.text(middle - 1.72, 0.15, "measured (left, right)", va="center")
    axes.scatter([middle + 0.3], [0.16], s=26, facecolors="none", edgecolors=style.BLACK, linewidths=0.8)
    axes.text(middle + 0.42, 0.15, "the fitted body's joint", va="center")


# --- shared -----------------------------------------------------------------------------------------------------------


def _arrays(folder: Path, file: str, names: Iterable[str], stage: str) -> Arrays:
    """A stage's arrays. Raises NotRunError if the stage was not run, InputError if an array is missing."""
    if not folder.exists():
        raise NotRunError(f"{stage} was not run")
    return shown.arrays(folder / file, names, stage)


def _axes_at(figure: Figure, foot: tuple[float, float], low: NDArray, high: NDArray, scale: float) -> Axes:
    """Bare axes that show a frame from `low` to `high` (metres). `foot` is the middle of their lower edge in inches.

    `scale` is in inches per metre.
    """
    width, height = figure.get_size_inches()
    size = scale * (high - low)
    axes = figure.add_axes(
        ((foot[0] - size[0] / 2) / width, foot[1] / height, size[0] / width, size[1] / height), facecolor="none"
    )
    style.bare(axes)
    mesh.frame(axes, low, high)
    return axes


def _text(figure: Figure, x: float, y: float, text: str, color: str = style.BLACK, size: float = 9.0) -> None:
    """Text centred at a place given in inches."""
    width, height = figure.get_size_inches()
    figure.text(x / width, y / height, text, ha="center", va="center", color=color, fontsize=size)
