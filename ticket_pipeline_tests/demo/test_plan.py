"""When the past was polled: by the cadence of each band, with jitter, few failures, one gap and one cut response."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.demo.plan import CADENCE, PlannedPoll, Watched, plan_polls
from ticket_pipeline.ingest.poll import build_cadence
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.settings.model import Settings

BEGAN = datetime(2026, 6, 1, 12, tzinfo=UTC)
PAST = timedelta(days=45)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def watched(ahead: timedelta, key: str = "1", own: timedelta | None = None) -> Watched:
    return Watched(Marketplace.STUBHUB, key, BEGAN + ahead, own)


def planned(ahead: timedelta, key: str = "1", own: timedelta | None = None) -> list[PlannedPoll]:
    return list(plan_polls(watched(ahead, key, own), BEGAN, seed=1, past=PAST))


def test_the_past_has_the_cadence_that_the_pipeline_has_by_default() -> None:
    assert build_cadence(Settings()) == CADENCE


@pytest.mark.parametrize(
    ("ahead", "least", "most", "interval"),
    [
        (40 * DAY, 30 * DAY, 100 * DAY, 12 * HOUR),
        (5 * DAY, 7 * DAY, 30 * DAY, 4 * HOUR),
        (2 * HOUR, DAY, 7 * DAY, HOUR),
        (-DAY, timedelta(), DAY, HOUR / 4),
    ],
)
def test_each_band_has_its_interval(ahead: timedelta, least: timedelta, most: timedelta, interval: timedelta) -> None:
    gaps = []
    for key in range(40):
        before = [poll for poll in planned(ahead, str(key)) if poll.at < BEGAN - MINUTE]
        polls = [poll for poll in before if least < BEGAN + ahead - poll.at < most]
        gaps += [
            later.at - earlier.at
            for earlier, later in pairwise(polls)
            if earlier.error is None and later.at - earlier.at < 2 * interval
        ]
    assert fmean(gap / interval for gap in gaps) == pytest.approx(1, rel=0.05)
    assert min(gaps) >= 0.4 * interval


@given(st.timedeltas(-400 * DAY, 60 * DAY), st.sampled_from([None, 12 * HOUR]), st.integers(0, 5))
def test_polls_are_in_order_and_end_with_the_event_or_the_beginning_of_the_world(
    ahead: timedelta, own: timedelta | None, key: int
) -> None:
    polls = planned(ahead, str(key), own)
    end = min(BEGAN, BEGAN + ahead)
    assert all(earlier.at < later.at for earlier, later in pairwise(polls))
    assert end - PAST <= polls[0].at
    assert end - 20 * HOUR < polls[-1].at < end
    if ahead > timedelta():  # every market has just been seen when the demo's own pace begins
        assert polls[-1].at >= BEGAN - MINUTE
        assert polls[-1].error is None
    assert [poll.at for poll in planned(ahead, str(key), own)] == [poll.at for poll in polls]
    if own:
        assert fmean((later.at - earlier.at) / own for earlier, later in pairwise(polls)) == pytest.approx(1, abs=0.2)


def test_few_polls_fail_and_the_next_one_is_soon() -> None:
    pasts = [planned(5 * DAY, str(key)) for key in range(30)]
    assert 0.003 < fmean(poll.error is not None for polls in pasts for poll in polls) < 0.02
    waits = [
        later.at - earlier.at for polls in pasts for earlier, later in pairwise(polls) if earlier.error is not None
    ]
    assert sum(wait > timedelta(minutes=8) for wait in waits) <= 2, "where the pipeline was off meanwhile"


def test_nothing_was_polled_while_the_pipeline_was_off_and_everything_due_right_after() -> None:
    off_until = BEGAN - timedelta(days=20, hours=9) + timedelta(hours=15)
    for key in range(10):
        moments = [poll.at for poll in planned(5 * DAY, str(key))]
        assert not [moment for moment in moments if off_until - 15 * HOUR <= moment < off_until]
        assert any(off_until <= moment < off_until + timedelta(minutes=1) for moment in moments)


def test_one_response_of_one_event_was_cut_short() -> None:
    cut = [poll for poll in planned(5 * DAY, "157563127") if poll.share < 0.5]
    assert len(cut) == 1
    assert not [poll for poll in planned(5 * DAY, "157310846") if poll.share < 1]
