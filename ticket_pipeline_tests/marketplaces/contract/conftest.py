"""The one parameter of this room: whose contract is tried."""

from __future__ import annotations

import pytest

from ticket_pipeline_tests.marketplaces.contract.subject import Subject
from ticket_pipeline_tests.marketplaces.contract.subjects import SUBJECTS


@pytest.fixture(params=SUBJECTS, ids=lambda subject: subject.name, scope="session")
def subject(request: pytest.FixtureRequest) -> Subject:
    """Each client, in each of its shapes."""
    found: Subject = request.param
    return found
