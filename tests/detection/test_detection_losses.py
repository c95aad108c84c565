"""A CenterNet's loss terms against their formulas written another way."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import special
from torch import Tensor
from truth_as_heads import people, truth_maps, variant

from pipeline.config.detection import DetectionHead, DetectionVariant, DetectionWeights
from pipeline.config.presets import SmallNetworks
from pipeline.detection.losses import focal_loss, loss_terms, masked_l1, mixture_loss
from pipeline.detection.models import build_model
from pipeline.detection.models.centernet import factors_of, heads_at_centers, minimum_sigma, mixture_of, sigma_of
from pipeline.detection.peaks import MapHeads
from pipeline.detection.targets import Targets, make_targets
from pipeline.geometry.coco_keypoints import SIGMAS

P, J = 5, 17


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float32)


def rows(components: int, seed: int = 0) -> dict[str, Tensor]:
    return {
        "sigma": numbers(P, 2 * components, seed=seed),
        "logits": numbers(P, components, seed=seed + 1),
        "keypoint_offsets": 4 * numbers(P, 2 * J * components, seed=seed + 2),
    }


def term(head: DetectionHead, raw: dict[str, Tensor], target: Tensor, mask: Tensor) -> Tensor:
    mixture = mixture_of(raw, raw["keypoint_offsets"], head)
    return mixture_loss(mixture, target, mask, factors_of(head, J, mixture.scales))


def as_coded(head: DetectionHead, raw: dict[str, Tensor], target: Tensor, mask: Tensor) -> float:
    """The authors' formula (reference_behaviour.md), object by object in float64."""
    components = raw["logits"].shape[1]
    factors = np.array(SIGMAS) if head.keypoint_factors == "multiplied" else 1 / np.array(SIGMAS)
    total, counted = 0.0, 0
    for p in range(P):
        seen = mask[p].numpy()
        if not seen.any():
            continue
        logits = raw["logits"][p].double().numpy()
        log_pi = logits - special.logsumexp(logits)
        joint = []
        for m in range(components):
            s = raw["sigma"][p, 2 * m : 2 * m + 2].double().numpy()
            s = np.clip(np.where(s > 0, s, np.expm1(s)) + head.minimum_sigma, 1e-4, 1e5)
            mu = raw["keypoint_offsets"][p, 34 * m : 34 * m + 34].double().numpy().reshape(J, 2)
            gap = ((target[p].double().numpy() - mu) / (s * factors[:, None]))[seen]
            normaliser = seen.sum() * (np.log(s).sum() + math.log(2 * math.pi))
            joint.append(log_pi[m] - normaliser - 0.5 * (gap**2).sum())
        total -= special.logsumexp(joint)
        counted += 1
    return total / (1 + counted)


@pytest.mark.parametrize("factors", ["multiplied", "divided"])
@pytest.mark.parametrize("minimum", [10.0, 1.5])
def test_the_mixture_term_is_the_formula_of_the_authors_code(factors, minimum: float) -> None:
    head = DetectionHead(components=3, keypoint_factors=factors, minimum_sigma=minimum)
    target, mask = 4 * numbers(P, J, 2, seed=9), numbers(P, J, seed=8) > 0
    mask[2] = False
    raw = rows(3)
    assert term(head, raw, target, mask).item() == pytest.approx(as_coded(head, raw, target, mask), rel=1e-5)


def test_one_component_is_a_scaled_squared_error_and_the_logarithm_of_sigma() -> None:
    head = DetectionHead(components=1, minimum_sigma=4)
    raw = rows(1) | {"sigma": torch.full((P, 2), 1.0)}  # sigma 5
    target, mask = numbers(P, J, 2, seed=9), torch.ones(P, J, dtype=torch.bool)
    gap = raw["keypoint_offsets"].view(P, J, 2) - target
    squared = (gap / (5 * torch.tensor(SIGMAS)[:, None])).square().sum() / 2
    expected = (squared + P * J * (2 * math.log(5) + math.log(2 * math.pi))) / (1 + P)
    torch.testing.assert_close(term(head, raw, target, mask), expected)


def test_equal_components_count_as_one() -> None:
    one = rows(1)
    five = {name: value.repeat(1, 5) for name, value in one.items()}
    target, mask = numbers(P, J, 2, seed=9), torch.ones(P, J, dtype=torch.bool)
    expected = term(DetectionHead(components=1), one, target, mask)
    torch.testing.assert_close(term(DetectionHead(components=5), five, target, mask), expected)


@pytest.mark.parametrize("value", [100.0, math.nan])
def test_a_missing_keypoint_changes_neither_value_nor_gradient(value: float) -> None:
    head, mask = DetectionHead(components=2), torch.ones(P, J, dtype=torch.bool)
    mask[0, 3] = mask[4] = False  # a keypoint, and all of a person
    results = []
    for held in (0.0, value):
        target = numbers(P, J, 2, seed=9)
        target[~mask] = held
        raw = {name: tensor.requires_grad_() for name, tensor in rows(2).items()}
        loss = term(head, raw, target, mask)
        loss.backward()
        results.append((loss, *(tensor.grad for tensor in raw.values())))
    for one, other in zip(*results, strict=True):
        assert one is not None and other is not None and other.isfinite().all()
        assert torch.equal(one, other)
    offsets = results[1][-1]
    assert offsets is not None
    gradient = offsets.view(P, 2, J, 2)
    assert not gradient[0, :, 3].any() and not gradient[4].any() and gradient[0, :, 4].any()


def test_sigma_is_elu_and_a_minimum_between_its_limits() -> None:
    raw = torch.tensor([[-1e9, 0.0], [3.0, -1.0]])
    expected = torch.tensor([[9.0, 10.0], [13.0, 10 + math.exp(-1) - 1]])
    torch.testing.assert_close(sigma_of(raw, 10), expected)
    assert sigma_of(torch.tensor([-1e9, 1e9]), 1).tolist() == pytest.approx([1e-4, 1e5])


def test_shared_axes_have_the_sigma_of_their_mean() -> None:
    sigma = sigma_of(torch.tensor([[2.0, 4.0]]), 10, axes="shared")
    assert sigma.tolist() == [[13.0, 13.0]]


@pytest.mark.parametrize(
    ("minimum", "factor", "expected"),
    [
        (10, 1, 10),
        (10, 2 / 9, 3),  # a floor of 9 cells becomes one of 2
        (2, 0.25, 1.25),
        (3, 0.25, 1.5),
        (2, 1e-9, 1.0001),
        (1.0001, 0.3, 1.0001),
        (1, 0.3, 1),
        (1, 5, 1),
        (2, 5, 6),
    ],
)
def test_the_floor_follows_the_grid_unless_it_is_near_zero(minimum, factor, expected) -> None:
    assert minimum_sigma(DetectionHead(components=1, minimum_sigma=minimum), factor) == pytest.approx(expected)


def test_focal_loss_is_cornernets_formula() -> None:
    logits, heatmap = 3 * numbers(2, 2, 4, 4), torch.rand(2, 2, 4, 4, generator=torch.Generator().manual_seed(1))
    heatmap[0, 0, 1, 1] = heatmap[1, 1, 2, 3] = heatmap[1, 0, 0, 0] = 1
    total = 0.0
    for z, y in zip(logits.flatten().tolist(), heatmap.flatten().tolist(), strict=True):
        p = min(max(1 / (1 + math.exp(-z)), 1e-4), 1 - 1e-4)
        total -= (1 - p) ** 2 * math.log(p) if y == 1 else (1 - y) ** 4 * p**2 * math.log(1 - p)
    assert focal_loss(logits, heatmap).item() == pytest.approx(total / 3, rel=1e-5)


def test_focal_loss_without_positives_is_not_divided_and_sure_logits_are_finite() -> None:
    empty = torch.zeros(1, 1, 2, 2)
    expected = 4 * 0.5**2 * math.log(2)
    assert focal_loss(torch.zeros(1, 1, 2, 2), empty).item() == pytest.approx(expected)
    assert focal_loss(torch.full((1, 1, 2, 2), 1e4), empty).isfinite()


def test_masked_l1_is_the_mean_over_what_counts() -> None:
    prediction, target = torch.zeros(2, 3, 2), torch.tensor([1.0, -3.0]).expand(2, 3, 2).clone()
    mask = torch.tensor([[True, False, False], [True, True, False]])[..., None]
    target[0, 1] = math.nan
    assert masked_l1(prediction, target, mask).item() == pytest.approx(3 * 4 / (6 + 1e-4))
    assert masked_l1(prediction[1:], target[1:]).item() == pytest.approx(3 * 4 / (6 + 1e-4))
    assert masked_l1(prediction[:0], target[:0]).item() == 0


def test_losses_refuse_targets_of_another_shape() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        masked_l1(torch.zeros(2, 2), torch.zeros(2, 1))
    with pytest.raises(ValueError, match="differ in shape"):
        focal_loss(torch.zeros(1, 1, 2, 2), torch.zeros(1, 2, 2, 2))


class StackedMaps:
    """A network whose features are its heads' full maps, one set per stack."""

    def maps(self, features: list, stack: int = -1) -> dict[str, Tensor]:
        return features[stack]

    def at(self, features: list, image: Tensor, cell: Tensor, names: tuple[str, ...], stack: int = -1) -> dict:
        return dict(MapHeads(features[stack]).at(image, cell, names))


def terms(what: DetectionVariant, targets: Targets, stacks: list[dict[str, Tensor]]) -> dict[str, float]:
    found = loss_terms(what, StackedMaps(), stacks, targets)  # type: ignore[arg-type]
    return {name: value.item() for name, value in found.items()}


def pose_targets() -> Targets:
    return make_targets(people(2, 128), "pose", 1, 2, 32)


NAMES = {"center", "center_offset", "size", "regression", "keypoint_heatmap", "keypoint_local_offset"}


def test_true_heads_have_no_l1_error_and_almost_no_focal_loss() -> None:
    what, targets = variant("pose"), pose_targets()
    found = terms(what, targets, [truth_maps(targets, what)] * 2)
    assert found.keys() == NAMES
    for name in NAMES - {"center", "keypoint_heatmap"}:
        assert found[name] == pytest.approx(0, abs=1e-6)


def test_every_term_is_the_stacks_mean_times_its_weight() -> None:
    targets, plain = pose_targets(), variant("pose")
    weights = {"center": 2.0, "offset": 3.0, "size": 5.0, "regression": 7.0, "keypoint_heatmap": 11.0}
    what = plain.model_copy(update={"loss": DetectionWeights(**weights)})
    right = truth_maps(targets, plain)
    wrong = {name: whole + 1 for name, whole in right.items()}
    alone = plain.model_copy(update={"loss": DetectionWeights(**dict.fromkeys(weights, 1.0))})
    first, second = terms(alone, targets, [right]), terms(alone, targets, [wrong])
    assert second["size"] == pytest.approx(1, rel=1e-4) and second["regression"] == pytest.approx(1, rel=1e-4)
    both = terms(what, targets, [right, wrong])
    for name, value in both.items():
        weight = weights["offset" if name.endswith("offset") else name]
        assert value == pytest.approx(weight * (first[name] + second[name]) / 2, rel=1e-5)


@pytest.mark.parametrize("task", ["pose", "boxes"])
def test_the_mixture_term_is_the_last_stacks_halved_or_all_stacks_mean(task) -> None:
    name, categories = ("regression", 1) if task == "pose" else ("size", 3)
    what = variant(task, components=2)
    everywhere = variant(task, components=2, stacks="all")
    targets = make_targets(people(2, 128, categories=categories), task, categories, 2, 32)
    right = truth_maps(targets, what)
    wrong = right | {"sigma": right["sigma"] + 20}
    first, second = (terms(what, targets, [stack])[name] for stack in (right, wrong))
    assert first != pytest.approx(second)
    assert terms(what, targets, [right, wrong])[name] == pytest.approx(second / 2)
    assert terms(everywhere, targets, [right, wrong])[name] == pytest.approx((first + second) / 2)


def test_a_box_is_one_point_with_a_factor_of_one() -> None:
    what = variant("boxes", components=1, minimum_sigma=2)
    targets = make_targets(people(2, 128, categories=3), "boxes", 3, 2, 32)
    maps = truth_maps(targets, what)
    maps["size"] = maps["size"] + torch.tensor([1.0, -2.0])[:, None, None]
    count = len(targets.image)
    each = 2 * math.log(2) + math.log(2 * math.pi) + 0.5 * (0.5**2 + 1.0**2)
    found = terms(what, targets, [maps])
    assert found.keys() == {"center", "center_offset", "size"}
    assert found["size"] == pytest.approx(0.1 * count * each / (1 + count), rel=1e-5)


def test_only_the_size_of_the_objects_own_category_counts() -> None:
    what = variant("boxes", per_category=True)
    targets = make_targets(people(2, 128, categories=3), "boxes", 3, 2, 32)
    assert terms(what, targets, [truth_maps(targets, what)])["size"] == pytest.approx(0, abs=1e-6)


def test_two_regressors_share_the_weights_by_the_classifier() -> None:
    what, targets = variant("pose", components=1, regressors=2), pose_targets()
    maps = truth_maps(targets, what) | {"classifier": torch.full((2, 1, 32, 32), 1e5)}
    maps["logits"] = torch.zeros_like(maps["logits"])
    alone = variant("pose", components=1)
    first = maps | {"keypoint_offsets": maps["keypoint_offsets"][:, :34], "sigma": maps["sigma"][:, :2]}
    first["logits"] = maps["logits"][:, :1]
    expected = terms(alone, targets, [first])["regression"]
    assert terms(what, targets, [maps])["regression"] == pytest.approx(expected, rel=1e-5)
    assert "classifier" in heads_at_centers("pose", what.head)


def test_people_without_keypoints_learn_no_size_and_a_batch_without_people_has_a_loss() -> None:
    annotations, what = people(2, 128), variant("pose", components=2)
    annotations.visible[:] = False
    bare = annotations.__class__(
        *(getattr(annotations, name) for name in ("image", "category", "boxes", "keypoints", "visible")),
        annotated=torch.zeros(len(annotations), dtype=torch.bool),
    )
    targets = make_targets(bare, "pose", 1, 2, 32)
    maps = {name: whole + 1 for name, whole in truth_maps(targets, what).items()}
    found = terms(what, targets, [maps])
    assert found["size"] == found["center_offset"] == found["regression"] == 0 and found["center"] > 0
    nobody = bare.__class__(*(getattr(bare, name)[:0] for name in vars(bare)))
    found = terms(what, make_targets(nobody, "pose", 1, 2, 32), [maps])
    assert all(math.isfinite(value) for value in found.values())


# A first width below 32 is not for training: in torch 2.13 it damages the heap (oneDNN, AVX-512, backward).
SMALL = SmallNetworks(stacks=2, widths=(32, 40, 48, 64), map_width=16, center_width=16)
HEADS = [
    {},
    {"components": 3},
    {"components": 2, "stacks": "all", "axes": "shared"},
    {"components": 1, "regressors": 2},
]


@pytest.mark.parametrize("head", HEADS, ids=str)
def test_a_networks_loss_is_that_of_its_full_maps_and_reaches_the_heads_that_it_should(head: dict) -> None:
    torch.manual_seed(0)
    what, targets = variant("pose", **head), pose_targets()
    model = build_model(what, 1, SMALL).train()
    features = model.features(torch.randn(2, 3, 128, 128))
    found = loss_terms(what, model, features, targets)
    maps = [model.whole(features, model.head_names, stack) for stack in range(2)]
    expected = loss_terms(what, StackedMaps(), maps, targets)  # type: ignore[arg-type]
    for name, value in found.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=1e-5, msg=name)
    torch.stack(list(found.values())).sum().backward()
    silent = {"keypoint_offsets", "sigma", "logits", "classifier"}
    last_only = what.mixture and what.head.stacks == "last"
    for stack in range(2):
        for name in model.head_names:
            reached = model.head(name, stack).output.weight.grad is not None
            assert reached == (not (last_only and stack == 0 and name in silent)), (stack, name)
