"""The viewer of a finished run: its poses in 3D, and its images with what was found in them."""

from __future__ import annotations

from html import escape

from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.report.viewer import html, images, poses

NAME = "viewer"  # of the section: what a link on the page says


def section(run: Run) -> str | None:
    """HTML for the run's page, which anybody may have; None if no variant has kept anything to show.

    A file that cannot be read is named in a line, and the rest is shown. Raises InputError without three.js.
    """
    groups, problems = poses.groups(run)
    parts = [html.poses_section(groups)] if groups else []
    if images.are_ours(run):
        parts += _images(run, problems, "" if groups else NAME)
    lines = [f"<p>Not shown: {escape(problem)}.</p>" for problem in problems]
    return "\n".join([*parts, *lines]) or None


def alone(run: Run, shown: str) -> str:
    """What `section` gave, as a page of its own."""
    return html.wrapped(shown, f"Poses and images of preset {run.preset_name}")


def local_page(run: Run) -> str | None:
    """A page with others' images, for this machine alone; None where there are none or they are rendered scenes."""
    if run.preset.images is None or images.are_ours(run):
        return None
    problems: list[str] = []
    parts = _images(run, problems)
    return html.wrapped("\n".join(parts), f"Images of preset {run.preset_name}") if parts else None


def _images(run: Run, problems: list[str], name: str = "") -> list[str]:
    try:
        galleries = images.galleries(run)
    except InputError as error:
        problems.append(str(error))
        return []
    return [html.images_section(galleries, name)] if galleries else []
