"""What a preset states of its images: one class per source. Like those of the motion, they are in the plan by value."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pipeline.settings import Settings

Range = Annotated[tuple[float, float], Field(strict=False)]
CountRange = Annotated[tuple[int, int], Field(strict=False)]


class PoseScenes(Settings):
    """Rendered images of people (pipeline/data/images/scenes/__init__.py)."""

    size: int = Field(64, ge=32, le=1024)  # px, square
    train: int = Field(ge=1)  # images
    val: int = Field(ge=1)
    people: CountRange = (1, 3)  # fewest and most in an image
    scale: Range = (0.1, 1.0)  # the longer side of the posed person's box over the image's side
    front: float = Field(0.5, ge=0, le=1)  # share of people seen from the front
    yaw_spread: float = Field(0.7, ge=0)  # radians around front or back, standard deviation
    without_cue: float = Field(0.0, ge=0, le=1)  # share of people whose clothes and face do not tell front from back
    postures: Literal["varied", "upright"] = "varied"  # upright: people stand and walk
    occluders: float = Field(0.5, ge=0)  # things in front of people, on average in an image
    clutter: int = Field(6, ge=0)  # things behind them


class BoxScenes(Settings):
    """Rendered images of objects of several categories, people among them."""

    size: int = Field(128, ge=32, le=1024)  # px, square
    train: int = Field(ge=1)  # images
    val: int = Field(ge=1)
    objects: CountRange = (2, 5)  # fewest and most in an image
    scale: Range = (0.1, 1.0)  # the longer side of an object's box over the image's side
    clutter: int = Field(6, ge=0)  # things behind them


class PersonCrops(Settings):
    """Rendered images of one person each, cut out of what a pose's camera sees (pipeline/data/images/crops)."""

    licensed: ClassVar[str | None] = None

    source: Literal["synthetic"] = "synthetic"
    seed: int = 0
    size: int = Field(64, ge=32, le=512, multiple_of=32)  # px, square
    train: int | None = Field(None, ge=1)  # at most so many images; null: of every pose
    test: int | None = Field(None, ge=1)
    occluders: float = Field(0.3, ge=0)  # things in front of the person, on average in an image
    clutter: int = Field(4, ge=0)  # things behind


class FilmedCrops(Settings):
    """Pictures of one person each, cut out of Human3.6M's videos (pipeline/data/images/films.py)."""

    licensed: ClassVar[str | None] = "human36m_videos"

    source: Literal["human36m"] = "human36m"
    frames_per_second: float = Field(10, gt=0, le=50)
    size: int = Field(256, ge=32, le=512, multiple_of=32)  # px, square
    train: int | None = Field(None, ge=1)  # at most so many images; null: of every frame
    test: int | None = Field(None, ge=1)
    quality: int = Field(95, ge=50, le=100)  # of the JPEGs


Crops = Annotated[PersonCrops | FilmedCrops, Field(discriminator="source")]


class SyntheticImages(Settings):
    source: Literal["synthetic"] = "synthetic"
    seed: int = 0
    pose: PoseScenes
    boxes: BoxScenes


class CocoImages(Settings):
    """COCO 2017. `archives`: whole zip files (19 GB); `single`: each image alone, the first `limit` of a split."""

    source: Literal["coco"] = "coco"
    files: Literal["archives", "single"] = "archives"
    limit: int | None = Field(None, ge=1)
    test_dev: bool = False  # also the images whose results only COCO's server can judge
    # Whether training for poses has people without annotated keypoints, as in the papers. Such people are centres to be
    # found, but nothing says where their keypoints are. A network that only memorises its images cannot know them.
    unlabelled_people: bool = True


Images = Annotated[SyntheticImages | CocoImages, Field(discriminator="source")]
