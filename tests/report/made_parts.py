"""Parts of a made metrics file that some tests give and others leave out."""

from __future__ import annotations

from typing import Any


def elsewhere(pck: float, *scenes: str) -> dict[str, Any]:
    """A seed's figures on another data set: this PCK over all scenes, 1 more in the first, 2 more in the next."""

    def measures(value: float) -> dict[str, float | int]:
        return {"pck": value, "auc": value / 2, "mpjpe": 200 - value, "poses": 10}

    by_scene = {scene: measures(pck + number) for number, scene in enumerate(scenes, 1)}
    return {"data": "mpi_inf_3dhp", "scenes": by_scene, "all": measures(pck)}


def meshes(fine: float | None, coarse: float | None) -> dict[str, Any]:
    """A seed's MPVPE of both coarse meshes; None where the network has no such mesh."""

    def mesh(value: float | None) -> dict[str, Any] | None:
        averages = {"action_average": value, "frame_average": value, "per_action": {}}
        return None if value is None else {"mpvpe": averages}

    return {"fine": mesh(fine), "coarse": mesh(coarse)}


def depth(occluded: float) -> dict[str, float]:
    """A seed's error in depth of hidden joints; of the others half of it."""
    return {"visible_mm": occluded / 2, "occluded_mm": occluded, "occluded_share": 0.125}


def detections(name: str) -> dict[str, Any]:
    """What a metrics file says of the 2D joints: the true ones, or noise in their place."""
    if name == "ground_truth":
        nothing = {"description": None, "mean_error_px": None, "median_error_px": None, "p95_error_px": None}
        return {"name": name, "source": "projection"} | nothing
    errors = {"mean_error_px": 9.25, "median_error_px": 6.0, "p95_error_px": 28.0}
    return {"name": name, "source": "noise", "description": "No detector ran: made up for tests."} | errors
