"""What the tests of errors share: 60 poses."""

from __future__ import annotations

import pytest
from evaluated_poses import make_data

from pipeline.lift.dataset import LiftData


@pytest.fixture
def data() -> LiftData:
    return make_data()
