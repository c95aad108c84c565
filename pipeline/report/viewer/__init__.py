"""A viewer of poses in 3D that a page can contain: hypotheses, truth, spread, coarse meshes and fitted bodies.

    section(run)            what a finished run has to show, as a part of its report's page
    alone(run, section)     the same as a page of its own
    local_page(run)         images of others with what was found in them, for a page that git ignores
    page(groups, title)     a page of its own with any poses

Poses are packed as whole millimetres. three.js, which draws them, is read out of the installed package trimesh. Where
JavaScript or WebGL is missing, a still picture of the first pose is shown.
"""

from __future__ import annotations

from pipeline.report.viewer.html import page, poses_section
from pipeline.report.viewer.scene import Group, Lens, Mesh, Scene
from pipeline.report.viewer.section import alone, local_page, section

__all__ = ["Group", "Lens", "Mesh", "Scene", "alone", "local_page", "page", "poses_section", "section"]
