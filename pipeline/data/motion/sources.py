"""A source of motion as stages use it: a module, named by the class of its settings (settings.py)."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from pipeline.data.motion.settings import MotionSettings

if TYPE_CHECKING:
    from pipeline.geometry.poses import PoseSet


class Source(Protocol):
    """The functions of a source's module."""

    def addresses(self, settings: Any) -> list[str]:
        """The files to download, by their original addresses. Only sources whose files are downloaded have it."""

    def load(self, settings: Any, folder: Path, progress: bool = True) -> tuple[dict[str, PoseSet], dict[str, Any]]:
        """The splits {"train", "test"} and a summary, from files below `folder`.

        `folder` is data/licensed if the user brings the files, else data/raw. Raises InputError for a missing or
        damaged file.
        """


def source_of(settings: MotionSettings) -> Source:
    return cast(Source, importlib.import_module(settings.module))


def addresses(settings: MotionSettings) -> list[str]:
    """What the stage `download` fetches. Nothing heavy is imported for a source without downloads."""
    return [] if settings.downloads is None else source_of(settings).addresses(settings)
