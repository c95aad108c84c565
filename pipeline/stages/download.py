"""Stage download: fetch the files that the preset's data need to data/raw and list them in data/<preset>/download.json.

The list has the digest of every file. It names the original addresses even if a mirror gave the files, so that the same
bytes make the same list.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from pipeline import config
from pipeline.artifacts import write_json
from pipeline.config import Run, modules
from pipeline.data.fetch import licensed
from pipeline.data.fetch.download import Download, fetch
from pipeline.data.fetch.mirror import choose_mirror
from pipeline.data.images import coco
from pipeline.data.images.settings import CocoImages
from pipeline.data.motion import sources


def run(run: Run, mirror: str | None = None) -> None:
    """`mirror` is the value of --mirror. Raises InputError for a file that is missing or not what it should be."""
    motion, images = run.preset.motion, run.preset.images
    # Fail now, not after hours of work.
    for key in brought(run):
        licensed.require(key, run.layout.licensed)
    source = choose_mirror(mirror, config.mirror(run.root))
    downloads = fetch(sources.addresses(motion), run.layout.raw, source)
    other = run.preset.other
    if other and other.catalogue:
        downloads += modules.load(f"{other.catalogue}:bring")(run.layout.raw, source)
    if isinstance(images, CocoImages):
        downloads += _coco(images, run.layout.raw, source)
    write_json(run.layout.download_manifest, [asdict(download) for download in downloads])


def brought(run: Run) -> list[str]:
    """What users bring themselves, by its key in fetch/licensed.py."""
    preset = run.preset
    filmed, begins = preset.crops and preset.crops.licensed, preset.crops and preset.pixels.imagenet
    body, weights = "smpl" if preset.body == "smpl" else None, "imagenet" if begins else None
    return [key for key in (preset.motion.licensed, body, filmed, weights) if key]


def _coco(images: CocoImages, raw: Path, source: str | None) -> list[Download]:
    """COCO's annotations, then the images that they list; archives are unpacked."""
    listed = fetch(coco.annotation_addresses(images.test_dev), raw, source)
    single = images.files == "single"
    files = fetch(coco.image_addresses(raw, single, images.limit, images.test_dev), raw, source)
    for split in coco.splits(images.test_dev):
        if not single and coco.archive_of(raw, split).exists():
            coco.unpack_images(raw, split)
    return listed + files
