"""pipeline/config: detection settings of presets and variants, and every mistake reported in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_params
from repository import ROOT
from small_params import SMALL, edit, says

from pipeline import config
from pipeline.artifacts import InputError
from pipeline.config import DetectionHead, DetectionVariant, SmallNetworks
from pipeline.data.images.settings import CocoImages

DETECTION_VARIANTS = """\
detection_variants:
  pose_base:
    paper: mdn_offset
    title: L1
    core: true
    task: pose
    epochs: 40
  pose_mdn_3:
    paper: mdn_offset
    title: MDN_3
    task: pose
    head:
      components: 3
    drop_at:
      - 20
      - 45
  boxes_base:
    paper: mixture_dense
    title: HG
    task: boxes
    epochs: 30
    input_size: 768
  pose_authors:
    paper: mdn_offset
    title: theirs
    task: pose
    epochs: 150
    imported: true
    weights: null
"""
IMAGES = """\
images:
  source: synthetic
  seed: 0
  pose:
    train: 16
    val: 8
    people:
      - 1
      - 2
  boxes:
    train: 16
    val: 8
"""
DETECTION = """\
detection:
  epochs:
    pose: 2
  input_size:
    boxes: 96
  networks:
    widths:
      - 32
      - 32
      - 48
  recipe:
    learning_rate: 1.0e-3
    batch_size: 8
  variants: core
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The settings of test_params.py; preset small has images, preset real has nothing to say of them."""
    small_params.write(tmp_path)
    with (tmp_path / "params.yaml").open("a") as file:
        file.write(DETECTION_VARIANTS)
    (tmp_path / "params" / "small.yaml").write_text(SMALL + IMAGES + DETECTION)
    return tmp_path


# --- what is granted --------------------------------------------------------------------------------------------------


def test_epochs_and_sizes_by_task(root: Path) -> None:
    small, real = config.load(None, root), config.load("real", root)
    names = ("pose_base", "boxes_base", "pose_authors")
    assert [small.epochs(name) for name in names] == [2, 30, 2]
    assert [real.epochs(name) for name in names] == [40, 30, 150]
    assert [small.input_size(name) for name in names] == [512, 144, 512]  # it states 768 px: 96 px times 768 / 512
    assert [real.input_size(name) for name in names] == [512, 768, 512]
    edit(root, "params/small.yaml", "    boxes: 96\n", "    boxes: 96\n    pose: 64\n")
    small = config.load(None, root)
    assert [small.input_size(name) for name in names] == [64, 144, 512]  # imported weights were trained at their own
    assert small.preset.lifting.epochs == 3 and small.epochs("semgcn") == 3


def test_lifting_and_detection_variants_are_chosen_apart(root: Path) -> None:
    run = config.load(None, root)
    assert run.why_not_run("pose_base") is None and run.why_not_run("semgcn") is None
    assert run.why_not_run("boxes_base") == "preset small trains the core variants only"
    edit(root, "params/small.yaml", "  variants: core\n", "  variants:\n    - boxes_base\n")
    run = config.load(None, root)
    assert run.why_not_run("boxes_base") is None and run.why_not_run("semgcn") is None
    assert run.why_not_run("pose_base") == "preset small trains only those that it lists"
    assert config.load("real", root).why_not_run("pose_mdn_3") is None  # all


def test_seeds_of_a_detection_variant(root: Path) -> None:
    edit(root, "params/small.yaml", "seeds: 2\n", "seeds: 2\nseeds_of:\n  pose_base: 3\n  boxes_base: 1\n  semgcn: 1\n")
    run = config.load(None, root)
    names = ("pose_base", "pose_mdn_3", "boxes_base", "pose_authors", "semgcn", "mean_pose")
    assert [run.seeds_of(name) for name in names] == [(0, 1, 2), (0, 1), (0,), (0,), (0,), (0, 1)]


def test_variants_of_both_kinds_by_their_names(root: Path) -> None:
    run = config.load(None, root)
    assert run.any_variant("pose_mdn_3") is run.detection_variant("pose_mdn_3")
    assert run.any_variant("semgcn") is run.variant("semgcn")
    assert run.layout.training("pose_base") == root / "data/small/train_detection/pose_base"
    assert run.layout.training("semgcn") == root / "data/small/train_lifting/semgcn"
    with pytest.raises(
        InputError, match=r"params.yaml: detection_variants has no 'pose_bas'; did you mean 'pose_base'\?"
    ):
        run.detection_variant("pose_bas")
    with pytest.raises(InputError, match=r"params.yaml: detection_variants has no 'semgcn'"):
        run.detection_variant("semgcn")
    with pytest.raises(InputError, match=r"params.yaml: lifting_variants has no 'pose_base'"):
        run.variant("pose_base")


def test_imported_weights_wait_for_their_digest(root: Path) -> None:
    assert "import_checkpoint" in str(config.load(None, root).why_not_run("pose_authors"))
    edit(root, "params.yaml", "weights: null", f"weights: {'0a' * 32}")
    assert config.load(None, root).why_not_run("pose_authors") is None  # whatever the preset lists


def test_defaults_of_detection_variants(root: Path) -> None:
    run = config.load("real", root)
    budget = run.preset.detection
    assert (budget.epochs, budget.input_size, budget.networks, budget.recipe) == (None, None, None, None)
    assert (budget.variants, budget.test_scales, budget.augment, run.preset.images) == ("all", (), "full", None)
    variant = run.detection_variant("pose_base")
    assert (variant.head.components, variant.mixture, variant.head.total_components) == (0, False, 1)
    assert (variant.optimizer.batch_size, variant.optimizer.learning_rate) == (12, 2.5e-4)
    assert (variant.loss.center, variant.loss.size, variant.loss.regression) == (1, 0.1, 1)
    assert run.detection_variant("pose_mdn_3").drop_at == (20, 45)


def test_widths_may_repeat_as_the_papers_do(root: Path) -> None:
    networks = config.load(None, root).preset.detection.networks
    assert networks is not None and networks.widths == (32, 32, 48)
    assert SmallNetworks(widths=(256, 384, 384, 384, 512)).widths[1:4] == (384, 384, 384)


def test_components_over_all_regressors() -> None:
    assert [DetectionHead(components=count).total_components for count in (0, 1, 3)] == [1, 1, 3]
    assert DetectionHead(components=2, regressors=2).total_components == 4


def test_coco(root: Path) -> None:
    edit(root, "params/small.yaml", IMAGES, "images:\n  source: coco\n  files: single\n  limit: 80\n")
    images = config.load(None, root).preset.images
    assert images == CocoImages(source="coco", files="single", limit=80, test_dev=False)
    edit(root, "params/small.yaml", "  files: single\n  limit: 80\n", "")
    images = config.load(None, root).preset.images
    assert images == CocoImages(source="coco", files="archives", limit=None)


def test_the_repositorys_own_detection_variants() -> None:
    """They have all that the papers name, and the demo trains the core variants: two tasks, point and mixture."""
    run = config.load("demo", ROOT)
    trained = {name for name in run.detection_variants if run.why_not_run(name) is None}
    assert trained == {"pose_l_base", "pose_l_mdn_3", "boxes_l_base", "boxes_l_mdn_3"}
    assert all(config.load("paper", ROOT).why_not_run(name) is None for name in trained)
    for name, variant in run.detection_variants.items():
        assert name.startswith(f"{variant.task}_"), name
        count = name.partition("mdn_")[2].split("_")[0]
        assert not count or variant.head.components == int(count), name
        assert variant.mixture is (bool(count) or name == "pose_s_hierarchical"), name
        if variant.task == "pose":
            assert variant.loss.regression == (0.1 if variant.mixture else 1.0), name
        assert all(0 < epoch < variant.epochs for epoch in variant.drop_at), name


# --- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        # names
        (
            "params/small.yaml",
            "  variants: core\n",
            "  variants:\n    - pose_bas\n",
            "params/small.yaml: detection.variants: unknown variant 'pose_bas'; did you mean 'pose_base'?",
        ),
        (
            "params/small.yaml",
            "  variants: core\n",
            "  variants:\n    - semgcn\n",
            "params/small.yaml: detection.variants: unknown variant 'semgcn'",
        ),
        (
            "params/small.yaml",
            "seeds: 2\nvariants: core\n",
            "seeds: 2\nvariants:\n  - pose_base\n",
            "params/small.yaml: variants: unknown variant 'pose_base'",
        ),
        (
            "params/small.yaml",
            "seeds: 2\n",
            "seeds: 2\nseeds_of:\n  pose_bas: 1\n",
            "params/small.yaml: seeds_of: unknown variant 'pose_bas'; did you mean 'pose_base'?",
        ),
        (
            "params/small.yaml",
            "seeds: 2\n",
            "seeds: 2\nseeds_of:\n  pose_base: 4\n",
            "params/small.yaml: seeds: asks for 4, params.yaml lists 3",
        ),
        (
            "params.yaml",
            "  boxes_base:",
            "  semgcn:",
            "params.yaml: detection_variants.semgcn: a lifting variant has this name; change one",
        ),
        ("params.yaml", "  boxes_base:", "  Boxes:", "params.yaml: detection_variants.Boxes: string should match"),
        # a variant
        ("params.yaml", "    task: boxes\n", "", "params.yaml: detection_variants.boxes_base.task: missing"),
        (
            "params.yaml",
            "task: boxes",
            "task: box",
            "boxes_base.task: expected 'pose' or 'boxes', found 'box'; did you",
        ),
        ("params.yaml", "task: boxes", "tsak: boxes", "boxes_base.tsak: unknown key; did you mean 'task'?"),
        ("params.yaml", "components: 3", "component: 3", "pose_mdn_3.head.component: unknown key; did you mean 'comp"),
        ("params.yaml", "components: 3", "components: -1", "pose_mdn_3.head.components: input should be greater"),
        (
            "params.yaml",
            "input_size: 768",
            "input_size: 700",
            "boxes_base.input_size: input should be a multiple of 128",
        ),
        ("params.yaml", "      - 45\n", "      - 20\n", "pose_mdn_3.drop_at: 20 is listed twice"),
        (
            "params.yaml",
            "    title: HG\n",
            "    title: HG\n    architecture: large_hourglas\n",
            "boxes_base.architecture: expected 'large_hourglass'",
        ),
        # what does not go together in one
        (
            "params.yaml",
            "components: 3",
            "regressors: 2",
            "pose_mdn_3.head: regressors: 2 chooses between two mixtures; set components: 1 or more",
        ),
        (
            "params.yaml",
            "components: 3",
            "components: 3\n      per_category: true",
            "pose_mdn_3: head.per_category: only of boxes without a mixture; take it out",
        ),
        (
            "params.yaml",
            "    title: HG\n",
            "    title: HG\n    head:\n      components: 2\n      per_category: true\n",
            "boxes_base: head.per_category: only of boxes without a mixture; take it out",
        ),
        (
            "params.yaml",
            "    title: HG\n",
            "    title: HG\n    head:\n      components: 1\n      regressors: 2\n",
            "boxes_base: head.regressors: the hierarchical model is one of poses; take it out",
        ),
        (
            "params.yaml",
            "    title: HG\n",
            f"    title: HG\n    weights: {'0a' * 32}\n",
            "boxes_base: weights: only of an imported variant; set imported: true",
        ),
        ("params.yaml", "weights: null", "weights: best.pt", "pose_authors.weights: string should match pattern"),
        # images
        (
            "params/small.yaml",
            "images:\n  source: synthetic",
            "images:\n  source: cocoa",
            "images.source: unknown word 'c",
        ),
        ("params/small.yaml", "    people:", "    poeple:", "images.pose.poeple: unknown key; did you mean 'people'?"),
        ("params/small.yaml", "      - 1\n      - 2\n", "      - 1\n", "params/small.yaml: images.pose.people"),
        ("params/small.yaml", IMAGES, "images:\n  source: coco\n  limit: 0\n", "images.limit: input should be greater"),
        (
            "params/small.yaml",
            IMAGES,
            "images:\n  source: coco\n  files: singel\n",
            "images.files: expected 'archives' or 'single', found 'singel'; did you mean 'single'?",
        ),
        # the budget
        ("params/small.yaml", "    pose: 2\n", "    poses: 2\n", "params/small.yaml: detection.epochs.poses"),
        (
            "params/small.yaml",
            "    pose: 2\n",
            "    pose: 0\n",
            "detection.epochs.pose: input should be greater than or eq",
        ),
        (
            "params/small.yaml",
            "    boxes: 96\n",
            "    boxes: 100\n",
            "detection.input_size.boxes: input should be a multiple",
        ),
        (
            "params/small.yaml",
            "      - 48\n",
            "      - 0\n",
            "detection.networks.widths.2: input should be greater than",
        ),
        (
            "params/small.yaml",
            "      - 32\n      - 32\n      - 48\n",
            "      - 32\n",
            "detection.networks.widths: tuple should",
        ),
        ("params/small.yaml", "1.0e-3", "0.0", "detection.recipe.learning_rate: input should be greater than 0"),
        ("params/small.yaml", "    batch_size: 8\n", "", "detection.recipe.batch_size: missing"),
        (
            "params/small.yaml",
            "  variants: core\n",
            "  variants: cor\n",
            "detection.variants: expected 'core' or 'all', found",
        ),
        (
            "params/small.yaml",
            "  variants: core\n",
            "  variants: core\n  test_scales:\n    - 4\n",
            "params/small.yaml: detection.test_scales",
        ),
    ],
)
def test_a_mistake_is_reported_in_one_line(root: Path, file: str, old: str, new: str, expected: str) -> None:
    if old == "  variants: core\n":  # stands there once with its two blanks, and once without
        text = (root / file).read_text()
        (root / file).write_text(text.replace(f"\n{old}", f"\n{new}"))
    else:
        edit(root, file, old, new)
    message = says(root)
    assert message.startswith(file) and expected in message, message


def test_a_variant_without_a_task_is_refused() -> None:
    with pytest.raises(ValueError, match="task"):
        DetectionVariant.model_validate({"paper": "mdn_offset", "title": "x"})
