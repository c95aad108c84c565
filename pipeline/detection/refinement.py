"""Regressed keypoints moved to the peaks of the keypoint heatmaps (MDN offset, Section 3.3; CenterNet).

As in CenterNet's code: for every joint the 100 highest peaks are candidates if they score above 0.1, and each lies
where its cell and the head `keypoint_local_offset` say. A regressed keypoint takes the place of the nearest candidate,
if that is in the object's box and nearer than 0.3 times the box's longer side; else it stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.detection.peaks import Heads, find_peaks, positions

LOWEST_SCORE = 0.1
LARGEST_MOVE = 0.3  # times the longer side of the box


@dataclass(frozen=True, eq=False)
class Candidates:
    """Places [B, J, N, 2] in cells where the heatmaps see each of J joints; those that count, [B, J, N]."""

    place: Tensor
    counts: Tensor


def find_candidates(heat: Tensor, heads: Heads, limit: int = 100) -> Candidates:
    """The candidates in keypoint heatmaps [B, J, G, G] of probabilities.

    `heads` gives `keypoint_local_offset` at those peaks only that score enough. (With a flip test `heat` is the mean of
    both heatmaps, and the offsets are the unmirrored image's.)
    """
    batch, joints, grid = heat.shape[:3]
    peaks = find_peaks(heat.flatten(0, 1).unsqueeze(1), limit)
    counts = peaks.score > LOWEST_SCORE
    place = positions(peaks.cell, grid)
    map_index, rank = counts.nonzero(as_tuple=True)
    offsets = heads.at(map_index // joints, peaks.cell[map_index, rank], ("keypoint_local_offset",))
    place[map_index, rank] += offsets["keypoint_local_offset"].float()
    return Candidates(place.unflatten(0, (batch, joints)), counts.unflatten(0, (batch, joints)))


def refine(keypoints: Tensor, boxes: Tensor, candidates: Candidates) -> Tensor:
    """Keypoints [B, K, J, 2] of objects with boxes [B, K, 4] (x0 y0 x1 y1), moved to their candidates; all in cells."""
    exact = "donot_use_mm_for_euclid_dist"  # the product form errs by a tenth of a cell in float32
    distance = torch.cdist(keypoints.transpose(1, 2), candidates.place, compute_mode=exact)  # [B, J, K, N]
    distance = distance.masked_fill(~candidates.counts.unsqueeze(2), torch.inf)
    nearest, index = distance.min(dim=-1)
    place = candidates.place.take_along_dim(index.unsqueeze(-1), dim=2).transpose(1, 2)  # [B, K, J, 2]
    low, high = boxes[:, :, None, :2], boxes[:, :, None, 2:]
    inside = ((place >= low) & (place <= high)).all(dim=-1)
    near = nearest.transpose(1, 2) < LARGEST_MOVE * (high - low).amax(dim=-1)
    return torch.where((inside & near).unsqueeze(-1), place, keypoints)
