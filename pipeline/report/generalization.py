"""What a metrics file says of another data set's test poses, scene by scene, and the columns that show it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

EVERYWHERE = "all scenes"
# Heading and field name of each of MPI-INF-3DHP's scenes, called as its reader calls them; HGN's Table 7 writes GS,
# noGS, Outdoor and ALL.
SCENES = {
    "studio with green screen": ("Studio, green screen", "green screen"),
    "studio without green screen": ("Studio, no green screen", "no green screen"),
    "outdoor": ("Outdoor", "outdoor"),
    EVERYWHERE: ("All", "all"),
}
MEASURES = {"pck": "PCK", "auc": "AUC", "mpjpe": "MPJPE"}


class Measures(BaseModel):
    """PCK at 150 mm and its AUC in percent, MPJPE in mm, over so many poses."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    pck: float
    auc: float
    mpjpe: float
    poses: int


class Generalization(BaseModel):
    """A model on test poses of a data set that it was not trained on; a scene without a pose is left out."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    scenes: dict[str, Measures]
    everywhere: Measures = Field(alias="all")

    def value(self, scene: str, measure: str) -> float | None:
        """One measure of a scene, or of all scenes together; None where the scene has no pose."""
        found = self.everywhere if scene == EVERYWHERE else self.scenes.get(scene)
        return None if found is None else float(getattr(found, measure))


def values(found: Sequence[Generalization | None], scene: str, measure: str) -> list[float]:
    """A measure over those seeds that have it."""
    given = [one.value(scene, measure) for one in found if one is not None]
    return [value for value in given if value is not None]
