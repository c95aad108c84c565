import pytest

from pipeline.training.schedules import Cosine, Drops, Exponential, OneCycle, Schedule, Step, WarmUp


def test_one_cycle_is_a_triangle_with_its_peak_in_the_middle():
    schedule = OneCycle(6e-3)
    assert schedule.rate(0.0) == 0 and schedule.rate(1.0) == 0
    assert schedule.rate(0.5) == 6e-3
    assert schedule.rate(0.25) == pytest.approx(3e-3) == schedule.rate(0.75)
    area = sum(schedule.rate((step + 0.5) / 1000) for step in range(1000)) / 1000
    assert area == pytest.approx(3e-3)  # half the peak: the mean of a triangle


def test_step_drops_by_its_factor_and_not_between():
    schedule = Step(1e-3, factor=0.5, every_epochs=10, stated_epochs=30)
    assert [schedule.rate(epoch / 30) for epoch in (0, 9.9, 10, 19.9, 20)] == [1e-3, 1e-3, 5e-4, 5e-4, 2.5e-4]


def test_a_short_run_sees_the_whole_schedule():
    # Progress, not epochs, drives a schedule: at 100 % it has dropped as often as in the full training.
    assert Step(1.0, 0.96, 4.1, stated_epochs=30).rate(1.0) == pytest.approx(0.96**7)
    assert Exponential(1e-3, 0.9, stated_epochs=20).rate(0.5) == pytest.approx(1e-3 * 0.9**10)
    assert Schedule(0.1).rate(0.7) == 0.1


def test_drops_come_at_their_share_of_any_run():
    # CenterNet's: a tenth after epoch 40 of 50. A run of 10 epochs drops after its eighth.
    schedule = Drops(2.5e-4, (40,), stated_epochs=50)
    for epochs in (50, 10, 5):
        rates = [schedule.rate((epoch + 0.5) / epochs) for epoch in range(epochs)]
        expected = [2.5e-4] * round(0.8 * epochs) + [2.5e-5] * round(0.2 * epochs)
        assert rates == pytest.approx(expected), epochs


def test_every_drop_is_a_tenth():
    schedule = Drops(1.0, (90, 120), stated_epochs=140)
    rates = [schedule.rate(epoch / 140) for epoch in (0, 89.9, 90, 119.9, 120, 140)]
    assert rates == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])
    assert Drops(1.0, (), stated_epochs=140).rate(1.0) == 1


def test_cosine_falls_from_the_rate_to_nothing():
    schedule = Cosine(1e-3)
    assert schedule.rate(0.0) == 1e-3 and schedule.rate(1.0) == pytest.approx(0)
    assert schedule.rate(0.5) == pytest.approx(0.5e-3) and schedule.rate(1 / 3) == pytest.approx(0.75e-3)
    rates = [schedule.rate(progress / 100) for progress in range(101)]
    assert rates == sorted(rates, reverse=True)
    assert sum(rates) / 101 == pytest.approx(0.5e-3)  # the mean of half a cosine


def test_a_warm_up_rises_in_a_line_and_falls_along_a_cosine():
    schedule = WarmUp(2e-3, rise=0.1)
    assert [schedule.rate(done) for done in (0.0, 0.025, 0.05)] == pytest.approx([0, 5e-4, 1e-3])
    assert schedule.rate(0.1) == 2e-3
    assert [schedule.rate(done) for done in (0.4, 0.55, 1.0)] == pytest.approx([1.5e-3, 1e-3, 0])
