"""What lifting networks minimise. Every loss is a mean over the batch; lengths are in metres, likelihoods in nats.

Targets have their root at exactly 0, and like the authors' losses these keep it: the root's squared error is one of J,
and at pose level a mixture's density counts its three dimensions. (Evaluation puts predicted roots to 0.)

Each module is a loss that a variant may have, imported when it is asked for. It has `pose_terms`, what is minimised of
the pose, by name; one on meshes also has `mesh_terms`. `lifting.objective` puts them together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.config import modules

if TYPE_CHECKING:
    from pipeline.lifting.losses.joints import mean_squared_error as mean_squared_error
    from pipeline.lifting.losses.likelihood import node_nll as node_nll
    from pipeline.lifting.losses.likelihood import pose_nll as pose_nll
    from pipeline.lifting.losses.meshes import mesh_distances as mesh_distances
    from pipeline.lifting.losses.meshes import squared_distances as squared_distances
    from pipeline.lifting.losses.meshes_authors import mesh_mean_squared_errors as mesh_mean_squared_errors


def __getattr__(name: str) -> object:
    return modules.offered(__name__, name)
