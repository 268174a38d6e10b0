"""The fault plan: which requests go wrong."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ticket_pipeline.simulator.faults import Fault, FaultKind, FaultPlan


def test_a_fault_happens_as_often_as_it_says() -> None:
    plan = FaultPlan()
    plan.add(Fault(FaultKind.SERVER_ERROR, times=2))
    assert [plan.draw("1") is not None for _ in range(4)] == [True, True, False, False]
    assert plan.pending() == []


def test_a_fault_without_a_number_happens_until_cleared() -> None:
    plan = FaultPlan()
    plan.add(Fault(FaultKind.SERVER_ERROR, times=None))
    assert all(plan.draw("1") for _ in range(50))
    plan.clear()
    assert plan.draw("1") is None


def test_a_fault_of_one_event_leaves_the_others_alone() -> None:
    plan = FaultPlan()
    plan.add(Fault(FaultKind.FORBIDDEN, external_id="1"))
    assert plan.draw("2") is None
    assert plan.draw(None) is None
    assert plan.draw("1") == Fault(FaultKind.FORBIDDEN, external_id="1")


def test_faults_happen_in_the_order_they_were_added() -> None:
    plan = FaultPlan()
    plan.add(Fault(FaultKind.SERVER_ERROR))
    plan.add(Fault(FaultKind.FORBIDDEN))
    assert [fault.kind for fault in (plan.draw("1"), plan.draw("1")) if fault] == ["server_error", "forbidden"]


def test_chance_is_drawn_from_the_seed() -> None:
    def drawn(seed: int) -> list[bool]:
        plan = FaultPlan(seed=seed)
        plan.add(Fault(FaultKind.SERVER_ERROR, times=None, probability=0.3))
        return [plan.draw("1") is not None for _ in range(1000)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 230 <= sum(drawn(1)) <= 370


@pytest.mark.parametrize(
    "wrong",
    [
        {"times": 0},
        {"probability": 0},
        {"probability": 1.1},
        {"delay_seconds": -1},
        {"retry_after": "1\r\nx: y"},
        {"skew_seconds": 1e9},
    ],
)
def test_a_value_out_of_bounds_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Fault(FaultKind.SLOW, **wrong)  # type: ignore[arg-type]
