"""What training and measuring dense variants share: reading the pictures, and how a variant is run at this size."""

from __future__ import annotations

import torch

from pipeline.dense import image_set
from pipeline.dense.image_set import ImageSet
from pipeline.dense.task import DenseSettings
from pipeline.params import DenseVariant, Run

SHARE_SEED = 0  # of the draw of a variant that trains on a part of the images


def read(run: Run, variant: DenseVariant, split: str) -> ImageSet:
    """A split, `train` or `val`, of the variant's task; of `train` the share that the variant states."""
    data = image_set.read(run.layout.images(variant.task), split, variant.task, run.layout.raw)
    if split != "train" or variant.training_share == 1:
        return data
    count = max(1, round(variant.training_share * len(data)))
    drawn = torch.randperm(len(data), generator=torch.Generator().manual_seed(SHARE_SEED))[:count]
    return data.subset(drawn.sort().values.numpy())


def settings(run: Run, name: str) -> DenseSettings:
    variant, dense = run.dense_variant(name), run.preset.dense
    return DenseSettings(
        input_size=run.input_size(name),
        batch_size=dense.recipe.batch_size if dense.recipe else variant.optimizer.batch_size,
        augment=dense.augment,
        sigma_factor=dense.recipe.sigma_factor if dense.recipe else 1.0,
    )
