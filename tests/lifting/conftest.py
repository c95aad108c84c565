"""What the tests of errors share: 60 poses."""

from __future__ import annotations

import pytest
from evaluated_poses import make_data

from pipeline.lifting.data import LiftingData


@pytest.fixture
def data() -> LiftingData:
    return make_data()
