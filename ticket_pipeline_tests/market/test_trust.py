"""Which captures are believed: every word of the rule, and what a new capture may change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.trust import CaptureSize, find_suspects

sizes = st.integers(0, 60).flatmap(
    lambda received: st.builds(CaptureSize, st.just(received), st.sampled_from([received, 0]), st.booleans())
)


def judge(*accepted: int | None) -> list[bool]:
    """Judge captures of so many listings; None is a capture whose listings were all rejected."""
    captures = [CaptureSize(9, 0) if number is None else CaptureSize(number, number) for number in accepted]
    return find_suspects(captures)


@pytest.mark.parametrize(
    ("accepted", "suspect"),
    [
        ((), ()),
        ((3,), (False,)),
        ((100, 50), (False, False)),  # half is enough
        ((100, 49), (False, True)),
        ((100, 300, 149), (False, False, True)),  # the level is that of the last trusted one
        ((100, 40, 30), (False, False, False)),  # a quarter of the suspect one's listings apart, in both directions
        ((100, 36, 45), (False, False, False)),
        ((100, 36, 46), (False, True, True)),
        ((100, 40, 29), (False, True, True)),
        ((100, 40, 51), (False, True, False)),  # above half again: trusted, but no confirmation
        ((100, 48, 52), (False, False, False)),  # above half again, and so close that it confirms
        ((100, 40, 40, 21), (False, False, False, False)),  # the confirmed level is the new one
        ((100, 40, 40, 19), (False, False, False, True)),
        ((100, 40, 20, 20), (False, True, False, False)),  # only the one before is confirmed
        ((100, 0), (False, True)),
        ((100, 0, 0), (False, False, False)),
        ((0, 100), (False, False)),  # an empty market may fill
        ((None,), (True,)),
        ((None, None, 4), (True, True, False)),
        ((100, None, None), (False, True, True)),  # never believed, however often seen
        ((100, 10, None, 10), (False, True, True, True)),
        ((100, None, 0), (False, True, True)),  # nothing usable confirms nothing
    ],
)
def test_the_rule(accepted: tuple[int | None, ...], suspect: tuple[bool, ...]) -> None:
    assert judge(*accepted) == list(suspect)


@given(st.lists(sizes, min_size=1, max_size=12))
def test_a_new_capture_changes_the_judgement_of_the_one_before_it_at_most(captures: list[CaptureSize]) -> None:
    earlier = find_suspects(captures[:-1])
    now = find_suspects(captures)
    assert now[: len(earlier) - 1] == earlier[:-1] if earlier else True
    if earlier and now[len(earlier) - 1] != earlier[-1]:
        assert earlier[-1], "a trusted capture was made suspect"


@given(st.lists(sizes, max_size=12))
def test_a_trusted_capture_is_usable(captures: list[CaptureSize]) -> None:
    for capture, is_suspect in zip(captures, find_suspects(captures), strict=True):
        assert is_suspect or not capture.is_unusable


@given(st.lists(sizes, max_size=12))
def test_judging_may_begin_at_the_last_but_one_trusted_capture(captures: list[CaptureSize]) -> None:
    whole = find_suspects(captures)
    trusted = [index for index, is_suspect in enumerate(whole) if not is_suspect]
    if len(trusted) > 1:
        begin = trusted[-2]
        assert find_suspects(captures[begin:], begins_trusted=True) == whole[begin:]


def disputed(number: int, announced: int) -> CaptureSize:
    """A capture of so many listings beside a total."""
    return CaptureSize(number, number, is_disputed=number != announced)


@pytest.mark.parametrize(
    ("captures", "suspect"),
    [
        ([(20, 20), (11, 20), (20, 20)], [False, True, False]),
        ([(20, 20), (19, 20), (20, 20)], [False, False, False]),  # so near that the next one confirms it
        ([(20, 20), (19, 20)], [False, True]),
        ([(20, 20), (11, 20), (12, 12)], [False, False, False]),
        ([(20, 20), (11, 20), (11, 20), (20, 20)], [False, False, False, False]),
        ([(11, 20)], [True]),
        ([(11, 20), (20, 20)], [True, False]),
        ([(11, 20), (14, 14)], [True, False]),
        ([(11, 20), (12, 21), (11, 20), (12, 21)], [False, False, False, False]),  # a habit of the source
        ([(20, 20), (30, 40), (20, 20)], [False, True, False]),  # more than before, and still not all
        ([(20, 20), (9, 20), (9, 20), (9, 20)], [False, True, True, True]),
    ],
)
def test_a_capture_that_contradicts_its_totals_is_suspect_until_the_next_confirms_its_level(
    captures: list[tuple[int, int]], suspect: list[bool]
) -> None:
    assert find_suspects([disputed(*each) for each in captures]) == suspect


@pytest.mark.parametrize(
    "loss",
    [CaptureSize(100, 3), CaptureSize(10, 10, is_disputed=True)],
    ids=["mostly rejected", "contradicts its own totals"],
)
def test_a_loss_that_may_be_a_broken_answer_is_not_confirmed_by_another(loss: CaptureSize) -> None:
    whole, real = CaptureSize(100, 100), CaptureSize(loss.accepted, loss.accepted)
    assert find_suspects([whole, loss, loss, loss]) == [False, True, True, True]
    assert find_suspects([whole, loss, real, real]) == [False, True, False, False]
