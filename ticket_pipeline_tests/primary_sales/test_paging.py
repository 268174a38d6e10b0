"""Pages of vivenu's sets: an empty one beside an error is no empty set."""

from __future__ import annotations

import json

import pytest

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline.primary_sales.paging import read_page


@pytest.mark.parametrize("key", ["rows", "docs"])
@pytest.mark.parametrize(
    "beside",
    [
        {"error": "Jane Doe has no access"},
        {"success": False, "message": "invalid token"},
        {"errors": [{"message": "timeout"}]},
        {"code": 401},
        {"status": 503},
        {"message": "Session expired"},
        {"isPartial": True},
    ],
    ids=json.dumps,
)
def test_an_empty_page_beside_an_error_is_no_empty_set(key: str, beside: dict[str, object]) -> None:
    with pytest.raises(UnexpectedPayload, match="the page is empty and names an error") as caught:
        read_page(json.dumps({key: [], "total": 0, **beside}).encode(), "tickets")
    assert "Jane" not in str(caught.value)


@pytest.mark.parametrize(
    "beside", [{}, {"error": None, "status": "ok"}, {"message": "", "code": 0}, {"hasMore": False}]
)
def test_an_empty_page_beside_no_error_is_an_empty_set(beside: dict[str, object]) -> None:
    page = read_page(json.dumps({"rows": [], "docs": [], "total": 0, **beside}).encode(), "tickets")
    assert (page.total, page.rows, page.docs) == (0, [], [])
