"""lifting.task: what a variant minimises, and that it is watched by the figures that its evaluation gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pipeline.config import LiftingVariant
from pipeline.geometry import human36m
from pipeline.geometry.poses import PoseSet
from pipeline.geometry.skeleton import HUMAN36M_16
from pipeline.lifting import losses, task
from pipeline.lifting.data import LiftingData
from pipeline.lifting.errors import evaluate
from pipeline.lifting.losses import mean_squared_error, node_nll, pose_nll
from pipeline.lifting.mirror import mirrored
from pipeline.lifting.models import build_model
from pipeline.lifting.outputs import PoseMixture, RefinedPose
from pipeline.lifting.task import LiftingTask, loss_terms, mean_loss, predict, predictor
from pipeline.training import batch_norm

COUNT = 60
ROWS = torch.tensor([3, 17, 17, 50])


def variant_of(**settings: Any) -> LiftingVariant:
    return LiftingVariant.model_validate({"paper": "sanity", "title": "small", **settings})


SMALL = {"channels": 8, "blocks": 1, "dropout": 0.2}
POINT = variant_of(model=SMALL)
MIXTURE = variant_of(model=SMALL, head={"name": "mixture", "kernels": 3})
NODES = variant_of(model=SMALL, head={"name": "mixture", "kernels": 3, "level": "node", "sigma": "per_joint"})
REFINED = variant_of(model=SMALL | {"refinement": "pose_grammar"})
SAMPLES = variant_of(model=SMALL | {"name": "variational_autoencoder", "latent": 2, "samples": 7})
VARIANTS = pytest.mark.parametrize(
    "variant",
    [POINT, MIXTURE, NODES, REFINED, SAMPLES],
    ids=["point", "mixture", "nodes", "refined", "samples"],
)


@pytest.fixture(scope="module")
def data() -> LiftingData:
    """60 random poses, of three actions of unlike length."""
    numbers = np.random.default_rng(0)
    joints_3d = numbers.normal(0, 300, (COUNT, 17, 3)) + np.array([0, 0, 5000])
    zeros = np.zeros(COUNT, np.int16)
    pose_set = PoseSet(
        keypoints_2d=(joints_3d[..., :2] / joints_3d[..., 2:] * 1145 + 500).astype(np.float32),
        joints_3d=joints_3d.astype(np.float32),
        camera=numbers.integers(0, 4, COUNT).astype(np.int16),
        subject=zeros,
        action=np.repeat([0, 1, 2], [40, 15, 5]).astype(np.int16),
        take=zeros,
        frame=np.arange(COUNT, dtype=np.int32),
        cameras=human36m.rig("S1"),
        subjects=["S1"],
        actions=["Walking", "Sitting", "Eating"],
        takes=["a"],
    )
    return LiftingData.from_pose_set(pose_set.check())


def task_of(variant: LiftingVariant, data: LiftingData) -> LiftingTask:
    torch.manual_seed(0)
    model = build_model(variant)
    for parameter in model.parameters():  # some start at 0 and say nothing yet
        nn.init.normal_(parameter, std=0.1)
    return LiftingTask(variant, model, data, data)


class Recorder(nn.Module):
    """Predicts 0 everywhere and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Tensor] = []

    def forward(self, keypoints_2d: Tensor) -> Tensor:
        self.asked.append(keypoints_2d)
        return torch.zeros(*keypoints_2d.shape[:2], 3)


# --- mirror images in training ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("drawn", [0.0, 0.499, 0.5, 0.999])
def test_a_pose_is_mirrored_together_with_its_picture(
    data: LiftingData, monkeypatch: pytest.MonkeyPatch, drawn: float
) -> None:
    model = Recorder()
    flipped = LiftingTask(variant_of(model=SMALL, flip={"training": True}), model, data, data)
    seen: list[Tensor] = []

    def loss(prediction: Tensor, target: Tensor) -> Tensor:
        seen.append(target)
        return mean_squared_error(prediction, target)

    monkeypatch.setattr(losses, "mean_squared_error", loss)
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.full(shape, drawn))
    flipped.loss(ROWS, 0.5)
    inputs, targets = data.batch(ROWS)
    if drawn < 0.5:
        inputs, targets = (mirrored(values, HUMAN36M_16) for values in (inputs, targets))
    assert torch.equal(model.asked[0], inputs) and torch.equal(seen[0], targets)


def test_each_pose_has_a_draw_of_its_own(data: LiftingData, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Recorder()
    flipped = LiftingTask(variant_of(model=SMALL, flip={"training": True}), model, data, data)
    monkeypatch.setattr(torch, "rand", lambda *_, **__: torch.tensor([0.1, 0.9, 0.2, 0.8]))
    flipped.loss(ROWS, 0.5)
    inputs = data.inputs_of(ROWS)
    image = mirrored(inputs, HUMAN36M_16)
    assert torch.equal(model.asked[0], torch.stack((image[0], inputs[1], image[2], inputs[3])))


def test_without_the_setting_nothing_is_mirrored(data: LiftingData, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Recorder()
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.zeros(shape))
    LiftingTask(POINT, model, data, data).loss(ROWS, 0.5)
    assert torch.equal(model.asked[0], data.inputs_of(ROWS))


# --- terms ------------------------------------------------------------------------------------------------------------


def test_each_kind_of_output_has_its_loss(data: LiftingData) -> None:
    for variant, expected in (
        (POINT, lambda output, targets: {"mean squared error": mean_squared_error(output, targets)}),
        (MIXTURE, lambda output, targets: {"negative log-likelihood": pose_nll(output, targets)}),
        (NODES, lambda output, targets: {"negative log-likelihood": node_nll(output, targets)}),
    ):
        made = task_of(variant, data)
        made.model.eval()
        inputs, targets = data.batch(ROWS)
        output = made.model(inputs)
        assert made.loss(ROWS, 0.5) == expected(output, targets)


def test_a_refined_pose_is_to_be_right_before_and_after(data: LiftingData) -> None:
    refined = task_of(REFINED, data)
    torch.manual_seed(3)
    terms = refined.loss(ROWS, 0.5)
    torch.manual_seed(3)  # the same joints drop out
    inputs, targets = data.batch(ROWS)
    output = refined.model(inputs)
    assert isinstance(output, RefinedPose)
    assert terms == {
        "mean squared error": (output.pose - targets).square().mean(),
        "mean squared error, before": (output.before - targets).square().mean(),
    }
    assert terms["mean squared error"] != terms["mean squared error, before"]


def test_a_variational_autoencoders_loss_is_its_own(data: LiftingData) -> None:
    samples = task_of(SAMPLES, data)
    torch.manual_seed(3)
    terms = samples.loss(ROWS, 0.5)
    torch.manual_seed(3)
    expected = samples.model.loss(*data.batch(ROWS))  # type: ignore[operator]
    assert terms == expected and set(terms) == {"reconstruction", "prior", "divergence"}
    # Watched, it is judged by its samples' mean.
    inputs, targets = data.batch(ROWS)
    output = predict(samples.model, inputs)
    watched = loss_terms(SAMPLES, output, targets)
    mean = output.poses.mean(dim=1)  # type: ignore[union-attr]
    mean[:, 0] = 0
    assert watched == {"mean squared error": pytest.approx(float((mean - targets).square().mean()), rel=1e-6)}


# --- figures ----------------------------------------------------------------------------------------------------------


@VARIANTS
def test_the_mean_loss_over_chunks_is_the_loss_over_everything(
    data: LiftingData, variant: LiftingVariant, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = task_of(variant, data)
    output = predict(made.model, data.inputs)
    expected = float(sum(loss_terms(variant, output, data.targets).values()))
    monkeypatch.setattr(task, "BATCH", 7)  # 60 is no multiple of it
    assert mean_loss(variant, predictor(made.model, data), data) == pytest.approx(expected, rel=1e-5)


@VARIANTS
def test_training_is_watched_by_the_figures_of_the_evaluation(
    data: LiftingData, variant: LiftingVariant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task, "BATCH", 7)
    made = task_of(variant, data)
    made.model.train()
    figures = made.validate()
    assert made.model.training  # as it was
    watched = predictor(made.model, data, task.WATCHED_SAMPLES)
    found = evaluate(watched, data)
    main = found.predictions["mean" if variant in (MIXTURE, NODES, SAMPLES) else "point"]
    expected = {"test_mpjpe": main.mpjpe.action_average, "test_loss": mean_loss(variant, watched, data)}
    if variant in (MIXTURE, NODES):
        expected = {"test_oracle_mpjpe": found.predictions["oracle"].mpjpe.action_average, **expected}
    assert figures == pytest.approx(expected, rel=1e-5)
    assert list(figures) == list(expected)  # training keeps the model that is best by the first
    assert main.mpjpe.action_average != pytest.approx(main.mpjpe.frame_average, rel=1e-3)


@VARIANTS
def test_predictions_do_not_depend_on_batches_nor_on_dropout(
    data: LiftingData, variant: LiftingVariant, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = task_of(variant, data)
    made.model.train()
    whole = predict(made.model, data.inputs)
    monkeypatch.setattr(task, "BATCH", 7)
    again = predict(made.model, data.inputs)
    for one, other in zip(task_tensors(whole), task_tensors(again), strict=True):
        torch.testing.assert_close(one, other)
    assert made.model.training


def task_tensors(output: Any) -> list[Tensor]:
    if isinstance(output, PoseMixture):
        return [output.means, output.scales, output.logits]
    return [output if isinstance(output, Tensor) else output.poses]


def test_only_as_many_samples_are_drawn_as_are_asked_for(data: LiftingData) -> None:
    samples = task_of(SAMPLES, data)
    few, all_of_them = (predict(samples.model, data.inputs, count).poses for count in (5, None))  # type: ignore
    assert (few.shape[1], all_of_them.shape[1]) == (5, 7)
    torch.testing.assert_close(few, all_of_them[:, :5])
    point = task_of(POINT, data)
    assert predict(point.model, data.inputs, 5).shape == (COUNT, 16, 3)  # type: ignore[union-attr]


def test_batches_and_examples(data: LiftingData) -> None:
    made = LiftingTask(variant_of(model=SMALL, optimizer={"batch_size": 32}), Recorder(), data, data)
    assert (made.examples, made.batch_size, made.unit, made.device) == (COUNT, 32, "poses", "cpu")


MIRRORED = variant_of(model=SMALL, flip={"training": True, "testing": True})


@pytest.mark.parametrize(
    "variant",
    [POINT, MIXTURE, NODES, REFINED, SAMPLES, MIRRORED],
    ids=["point", "mixture", "nodes", "refined", "samples", "mirrored"],
)
def test_batch_norms_are_renewed_for_every_kind_of_network(variant: LiftingVariant, data: LiftingData) -> None:
    """Those of the samples' encoder too; what is drawn on the way changes no random number of the training."""
    watched = task_of(variant, data)
    before = {name: value.clone() for name, value in watched.model.state_dict().items()}
    random = torch.get_rng_state()
    with batch_norm.renewed(watched):
        renewed = watched.model.state_dict()
        for name, value in before.items():
            assert torch.equal(value, renewed[name]) == ("running" not in name and "num_batches" not in name), name
        first = watched.validate()
    with batch_norm.renewed(watched):
        assert watched.validate() == first
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, before[name]) for name, value in watched.model.state_dict().items())


@pytest.mark.parametrize("name", ["graph_network", "fully_connected"])
@pytest.mark.parametrize("count", [1, 2])
def test_one_pose_or_two_to_train_on_give_a_number(name: str, count: int, data: LiftingData) -> None:
    few = LiftingData.from_pose_set(data.pose_set.select(np.arange(count)))
    variant = variant_of(model=SMALL | {"name": name})
    watched = LiftingTask(variant, build_model(variant), few, data)
    with batch_norm.renewed(watched):
        assert all(np.isfinite(value) for value in watched.validate().values())
