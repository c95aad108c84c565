"""COCO's validation set: 5,000 images, 10,000 people, 100,000 detections; and 500 images, as after every epoch."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from coco_scenes import annotations_of, detect, random_set, reference

from pipeline.detection.metrics import evaluate, write_results

pytestmark = pytest.mark.benchmark


@pytest.mark.parametrize("task", ["pose", "boxes"])
def test_evaluation_against_pycocotools(task: str, tmp_path: Path) -> None:
    data = random_set(5_000, 10_000, task)
    found = detect(data, 100_000)
    results = tmp_path / "results.json"
    write_results(results, found, data.image_ids, data.category_ids, task)
    annotations = annotations_of(data)
    evaluate(data, found.rows(slice(0, 100)))  # imports
    start = time.perf_counter()
    ours = evaluate(data, found)
    middle = time.perf_counter()
    theirs = reference(annotations, results, task)
    end = time.perf_counter()
    print(f"\n{task}: {middle - start:.2f} s, pycocotools {end - middle:.2f} s, AP {ours['ap']} and {theirs['ap']}")
    assert ours == theirs
    assert middle - start < (end - middle) / 2


def test_evaluation_after_an_epoch() -> None:
    data = random_set(500, 1_000, "pose")
    found = detect(data, 50_000)
    evaluate(data, found)
    start = time.perf_counter()
    evaluate(data, found)
    milliseconds = 1000 * (time.perf_counter() - start)
    print(f"\n500 images of 100 detections: {milliseconds:.0f} ms")
    assert milliseconds < 1_000
