"""lifting.remedies and lifting.mixture_start: what a variant's settings make of a mixture's training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from evaluated_poses import make_data
from torch import Tensor

from pipeline.config import LiftingVariant
from pipeline.lifting.checkpoints import load_model, save_model, seeded_model
from pipeline.lifting.losses import loss_terms, node_nll, pose_nll
from pipeline.lifting.mixture_start import BiasedMixtureHead, start_at_clusters
from pipeline.lifting.outputs import PoseMixture, distribution, hypotheses
from pipeline.lifting.task import LiftingTask, predict, total
from pipeline.training.loop import LoopSettings, Resume, train
from pipeline.training.schedules import OneCycle

SMALL = {"channels": 8, "blocks": 1, "dropout": 0.1}
LIKELIHOODS = {
    "annealed": {"kind": "annealed"},
    "evolving_winners": {"kind": "evolving_winners", "share_of_steps": 0.6, "share_of_losers": 0.0},
    "dirichlet_prior": {"kind": "dirichlet_prior"},
}
KINDS = tuple(LIKELIHOODS)
NODE = {"level": "node", "sigma": "per_joint"}
LEVELS = pytest.mark.parametrize(("head", "nll"), [({}, pose_nll), (NODE, node_nll)], ids=["pose", "node"])


def variant_of(kind: str | None = None, **head: Any) -> LiftingVariant:
    settings: dict[str, Any] = {"paper": "sanity", "title": "small", "model": SMALL}
    settings["head"] = {"name": "mixture", "kernels": 3, **head}
    settings["optimizer"] = {"batch_size": 16}
    return LiftingVariant.model_validate(settings | ({"likelihood": LIKELIHOODS[kind]} if kind else {}))


def given(variant: LiftingVariant) -> tuple[PoseMixture, Tensor]:
    inputs, targets = make_data().batch(slice(None))
    return predict(seeded_model(variant, 0), inputs), targets  # type: ignore[return-value]


@LEVELS
@pytest.mark.parametrize("kind", ["annealed", "evolving_winners"])
@pytest.mark.parametrize("done", [0.6, 1.0])
def test_after_its_share_of_the_steps_a_remedy_is_the_plain_likelihood(
    kind: str, done: float, head: dict[str, Any], nll: Any
) -> None:
    variant = variant_of(kind, **head)
    mixture, targets = given(variant)
    assert total(loss_terms(variant, mixture, targets, done=done)) == pytest.approx(float(nll(mixture, targets)))


@LEVELS
@pytest.mark.parametrize("kind", KINDS)
def test_outside_training_the_loss_is_the_plain_likelihood(kind: str, head: dict[str, Any], nll: Any) -> None:
    variant = variant_of(kind, **head)
    mixture, targets = given(variant)
    assert loss_terms(variant, mixture, targets) == {"negative log-likelihood": nll(mixture, targets)}
    assert total(loss_terms(variant, mixture, targets, done=0.1)) != pytest.approx(float(nll(mixture, targets)))


def test_at_the_start_all_components_win_and_at_the_end_of_the_winners_the_nearest_pose() -> None:
    variant = variant_of("evolving_winners")
    mixture, targets = given(variant)
    density = distribution(mixture)
    log_joint = density.component_log_prob(targets.flatten(1)) + density.log_weights
    nearest = (mixture.means - targets[:, None]).flatten(2).norm(dim=-1).argmin(dim=-1)
    winner = log_joint.gather(1, nearest[:, None])
    assert total(loss_terms(variant, mixture, targets, done=0.0)) == pytest.approx(-float(log_joint.mean()))
    assert total(loss_terms(variant, mixture, targets, done=0.59)) == pytest.approx(-float(winner.mean()))


def test_the_other_components_have_the_share_that_the_settings_state() -> None:
    variant = variant_of("evolving_winners")
    mixture, targets = given(variant)
    losers = LIKELIHOODS["evolving_winners"] | {"share_of_losers": 0.25}
    shared = LiftingVariant.model_validate(variant.model_dump() | {"likelihood": losers})
    density = distribution(mixture)
    log_joint = density.component_log_prob(targets.flatten(1)) + density.log_weights
    of_winners = total(loss_terms(variant, mixture, targets, done=0.59))
    of_all = -float(log_joint.sum(dim=1).mean())  # 3 components, one of which wins
    expected = 0.75 * of_winners + 0.25 * (of_all - of_winners) / 2
    assert total(loss_terms(shared, mixture, targets, done=0.59)) == pytest.approx(expected, rel=1e-5)


def test_the_prior_counts_once_per_pose_or_per_joint() -> None:
    for head, joints in (({}, 1), (NODE, 16)):
        variant = variant_of("dirichlet_prior", **head)
        mixture, targets = given(variant)
        terms = loss_terms(variant, mixture, targets, done=0.5)
        log_weights = mixture.logits.log_softmax(dim=-1)
        expected = -log_weights.sum(dim=-1).mean() * joints
        torch.testing.assert_close(terms["Dirichlet prior"], expected)


@pytest.mark.parametrize("variant", [*map(variant_of, KINDS), variant_of(start="clusters")], ids=[*KINDS, "clusters"])
def test_a_stopped_training_with_a_remedy_ends_with_the_same_bits(variant: LiftingVariant, tmp_path: Path) -> None:
    """The progress of a remedy follows from the step alone."""
    data = make_data()

    def run(folder: str, stop_at: int | None = None) -> dict[str, Tensor]:
        model = seeded_model(variant, 0)
        if variant.head.start == "clusters":
            start_at_clusters(model, data.targets, 0)
        task, seen = LiftingTask(variant, model, data, data), 0
        whole = task.loss

        def loss(indices: Tensor, done: float) -> dict[str, Tensor]:
            nonlocal seen
            if seen == stop_at:
                raise SystemExit("killed")
            seen += 1
            return whole(indices, done)

        task.loss = loss  # type: ignore[method-assign]
        resume = Resume(tmp_path / folder / "state.pt", "a", save_every_seconds=0.0)
        train(task, OneCycle(6e-3), LoopSettings(epochs=3, seed=0, max_gradient_norm=1.0), resume, "test")
        return {name: value.clone() for name, value in model.state_dict().items()}

    straight = run("straight")
    with pytest.raises(SystemExit):
        run("stopped", stop_at=5)
    torch.manual_seed(99)
    again = run("stopped")
    assert all(torch.equal(straight[name], again[name]) for name in straight)


# --- start at clusters ------------------------------------------------------------------------------------------------


def head_of(model: torch.nn.Module) -> BiasedMixtureHead:
    return next(module for module in model.modules() if isinstance(module, BiasedMixtureHead))


@pytest.mark.parametrize("head", [{}, NODE])
def test_until_it_starts_at_clusters_the_head_is_the_papers(head: dict[str, Any]) -> None:
    plain, started = seeded_model(variant_of(**head), 0), seeded_model(variant_of(start="clusters", **head), 0)
    raw = torch.randn(5, 16, head_of(started).outputs)
    one, other = plain.head(raw), head_of(started)(raw)
    for name in ("means", "scales", "logits"):
        assert torch.equal(getattr(one, name), getattr(other, name))
    weights, others = plain.state_dict(), started.state_dict()
    assert all(torch.equal(weights[name], others[name]) for name in weights)  # the same random start
    assert set(others) - set(weights) == {"head.start"}


def test_means_start_at_the_kinds_of_training_poses() -> None:
    kinds = 0.2 * torch.randn(3, 16, 3, generator=torch.Generator().manual_seed(0))
    poses = kinds.repeat(20, 1, 1)
    model = seeded_model(variant_of(start="clusters"), 0)
    before = torch.get_rng_state()
    start_at_clusters(model, poses, seed=0)
    assert torch.equal(before, torch.get_rng_state())
    made = head_of(model)(torch.zeros(1, 16, head_of(model).outputs)).means[0]
    nearest = (kinds[:, None] - made).flatten(2).norm(dim=-1).min(dim=1)
    assert sorted(nearest.indices.tolist()) == [0, 1, 2] and nearest.values.max() < 1e-5


def test_a_start_further_than_a_metre_stays_finite() -> None:
    model = seeded_model(variant_of(start="clusters"), 0)
    start_at_clusters(model, 3 * torch.randn(50, 16, 3), seed=0)
    assert head_of(model).start.isfinite().all()
    with pytest.raises(ValueError, match=r"2 objects .* too few for 3"):
        start_at_clusters(model, torch.randn(2, 16, 3), seed=0)


def test_a_checkpoint_keeps_the_start(tmp_path: Path) -> None:
    variant = variant_of(start="clusters")
    model = seeded_model(variant, 0)
    start_at_clusters(model, make_data().targets, seed=0)
    save_model(tmp_path / "checkpoint.pt", "small", variant, 0, 1, model.state_dict())
    again = load_model(tmp_path / "checkpoint.pt").model
    inputs = make_data().inputs
    assert torch.equal(hypotheses(predict(model, inputs)), hypotheses(predict(again, inputs)))  # type: ignore[arg-type]
