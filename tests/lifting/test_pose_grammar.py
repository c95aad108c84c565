"""Pose grammar: the chains of a body, one grammar against single sequences, and refinement that starts as nothing."""

import pytest
import torch
from torch import Tensor, nn

from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17, Skeleton
from pipeline.lifting.models import FullyConnected, MixtureHead, PoseGrammar
from pipeline.lifting.models.pose_grammar import Grammar, body_chains
from pipeline.lifting.outputs import RefinedPose


class Flat(nn.Module):
    """A base network that puts every joint at depth 0."""

    def forward(self, keypoints_2d: Tensor) -> Tensor:
        return nn.functional.pad(keypoints_2d, (0, 1))


def refinement(base: nn.Module | None = None, channels: int = 16) -> PoseGrammar:
    """One whose last layer has started, so that it does something."""
    torch.manual_seed(0)
    model = PoseGrammar(base or Flat(), HUMAN36M_16, channels)
    nn.init.normal_(model.output.weight)
    return model


# --- chains -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("skeleton", "trunk"),
    [
        (HUMAN36M_16, ["Hip", "Spine", "Thorax", "Head"]),
        (HUMAN36M_17, ["Hip", "Spine", "Thorax", "Neck/Nose", "Head"]),
    ],
)
def test_chains_of_the_body(skeleton: Skeleton, trunk: list[str]):
    chains = body_chains(skeleton)

    def names(joints: tuple[int, ...]) -> list[str]:
        return [skeleton.names[joint] for joint in joints]

    assert names(chains.trunk) == trunk
    assert names(chains.left_arm) == ["LShoulder", "LElbow", "LWrist"]
    assert names(chains.right_arm) == ["RShoulder", "RElbow", "RWrist"]
    assert names(chains.left_leg) == ["LHip", "LKnee", "LAnkle"]
    assert names(chains.right_leg) == ["RHip", "RKnee", "RAnkle"]
    assert sorted(sum(chains.kinematics, ())) == list(range(skeleton.joint_count))
    arms, legs = chains.symmetry
    assert names(arms) == ["LWrist", "LElbow", "LShoulder", "RShoulder", "RElbow", "RWrist"]
    assert names(legs) == ["LAnkle", "LKnee", "LHip", "RHip", "RKnee", "RAnkle"]
    one, other = chains.coordination
    assert names(one) == ["LWrist", "LElbow", "LShoulder", "RHip", "RKnee", "RAnkle"]
    assert names(other) == ["RWrist", "RElbow", "RShoulder", "LHip", "LKnee", "LAnkle"]


def test_other_bodies_are_refused():
    snake = Skeleton("snake", ("tail", "middle", "head"), (-1, 0, 1), (), ())
    with pytest.raises(ValueError, match=r"snake: .* left_leg has 0"):
        body_chains(snake)
    forked = Skeleton(
        "forked", HUMAN36M_16.names, (-1, 0, 1, 2, 0, 4, 4, *HUMAN36M_16.parents[7:]), (4, 5, 6), (1, 2, 3)
    )
    with pytest.raises(ValueError, match="forked: "):
        body_chains(forked)


# --- one grammar ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chains", [[(2, 0), (1, 4, 3), (6, 5)], [(4, 3, 2, 1, 0)]])
def test_a_grammar_reads_its_chains_one_by_one(chains: list[tuple[int, ...]]):
    torch.manual_seed(0)
    grammar, features = Grammar(8, chains, channels=6), torch.randn(5, 8, 6)
    expected = features.clone()
    for pose in range(5):
        for joints in chains:
            expected[pose, list(joints)] = grammar.recurrent(features[pose, list(joints)].unsqueeze(0))[0][0]
    torch.testing.assert_close(grammar(features), expected)
    assert torch.equal(grammar(features)[:, 7], features[:, 7])  # in no chain


def test_a_grammar_looks_both_ways():
    torch.manual_seed(0)
    grammar = Grammar(5, [(0, 1, 2), (3, 4)], channels=4)
    features = torch.randn(1, 5, 4)
    influence = torch.autograd.functional.jacobian(lambda x: grammar(x)[0], features).abs().amax(dim=(1, 2, 4)) > 0
    together = torch.block_diag(torch.ones(3, 3), torch.ones(2, 2)).bool()
    assert torch.equal(influence, together)


# --- refinement -------------------------------------------------------------------------------------------------------


def test_starts_as_the_identity():
    torch.manual_seed(0)
    base = FullyConnected(16, 3, nn.Identity(), channels=16, dropout=0.0)
    model, keypoints_2d = PoseGrammar(base, HUMAN36M_16), torch.randn(8, 16, 2)
    refined = model(keypoints_2d)
    assert isinstance(refined, RefinedPose)
    assert torch.equal(refined.pose, refined.before) and torch.equal(refined.before, base(keypoints_2d))
    model.eval()
    assert torch.equal(model(keypoints_2d), base(keypoints_2d))


def test_both_modes_give_the_same_pose():
    model, keypoints_2d = refinement(), torch.randn(4, 16, 2)
    refined = model(keypoints_2d)
    assert torch.equal(refined.before, Flat()(keypoints_2d)) and (refined.pose - refined.before).abs().max() > 0.01
    torch.testing.assert_close(model.eval()(keypoints_2d), refined.pose)


def test_a_refinement_by_hand():
    model, keypoints_2d = refinement(channels=6), torch.randn(1, 16, 2)
    base, chains = Flat()(keypoints_2d), body_chains(HUMAN36M_16)
    features = [
        (model.input.weight @ torch.cat([base[0, joint], keypoints_2d[0, joint]]) + model.joint_vectors[joint]).relu()
        for joint in range(16)
    ]

    def read(grammar: Grammar, along: list[tuple[int, ...]], features: list[Tensor]) -> list[Tensor]:
        result = list(features)
        for joints in along:
            read = grammar.recurrent(torch.stack([features[joint] for joint in joints]))[0]
            for place, joint in enumerate(joints):
                result[joint] = read[place]
        return result

    below = read(model.kinematics, chains.kinematics, features)
    symmetry = read(model.symmetry, chains.symmetry, below)
    coordination = read(model.coordination, chains.coordination, below)
    average = (torch.stack(symmetry) + torch.stack(coordination)) / 2
    expected = base[0] + average @ model.output.weight.t() + model.output.bias
    torch.testing.assert_close(model.eval()(keypoints_2d)[0], expected)
    assert torch.equal(torch.stack(symmetry)[list(chains.trunk)], torch.stack(below)[list(chains.trunk)])


def test_learns_what_its_base_cannot_and_teaches_the_base():
    """Depth is a function of the other arm's 2D elbow: no joint's own input says it."""
    torch.manual_seed(0)
    model = PoseGrammar(FullyConnected(16, 3, nn.Identity(), channels=8, dropout=0.0), HUMAN36M_16, channels=32)
    keypoints_2d = torch.randn(64, 16, 2)
    joints_3d = Flat()(keypoints_2d) / 4
    joints_3d[:, 10:13, 2] = keypoints_2d[:, 14:15, 0] / 4
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(120):
        refined = model(keypoints_2d)
        before, after = ((pose - joints_3d).square().mean() for pose in (refined.before, refined.pose))
        optimizer.zero_grad()
        (before + after).backward()
        optimizer.step()
    assert after < 0.3 * before
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in model.base.parameters())


def test_a_seed_decides_and_a_pose_does_not_depend_on_its_batch():
    first, second, keypoints_2d = refinement().eval(), refinement().eval(), torch.randn(6, 16, 2)
    together = first(keypoints_2d)
    assert torch.equal(together, second(keypoints_2d))
    torch.testing.assert_close(torch.cat([first(one) for one in keypoints_2d.split(1)]), together)


def test_saves_weights_and_nothing_that_follows_from_the_skeleton():
    model = refinement()
    assert set(model.state_dict()) == {name for name, _ in model.named_parameters()}


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 17, 2), (4, 16, 3), (16, 2)])
def test_input_of_another_shape_is_refused(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match=r"expected keypoints_2d \[B, 16, 2\], found \["):
        refinement()(torch.zeros(shape))


def test_a_base_that_gives_no_poses_is_refused():
    head = MixtureHead(16, 2)
    with pytest.raises(ValueError, match=r"refines poses \[4, 16, 3\], its base network gave PoseMixture"):
        refinement(FullyConnected(16, head.outputs, head, channels=8))(torch.randn(4, 16, 2))
    with pytest.raises(ValueError, match=r"its base network gave \[4, 16, 2\]"):
        refinement(nn.Identity())(torch.randn(4, 16, 2))


@pytest.mark.parametrize("channels", [0, 1, 7])
def test_channels_that_cannot_be_halved_are_refused(channels: int):
    with pytest.raises(ValueError, match=f"{channels} cannot be halved"):
        PoseGrammar(Flat(), HUMAN36M_16, channels)
