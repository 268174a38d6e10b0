"""The guard lets in a user's own browser and programs, and no page of another site."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from ticket_pipeline.web_guard import STRICT_HEADERS, Guard, allowed_hosts
from ticket_pipeline_tests.simulator_support.serving import open_client

PASSWORD = "Gr\u00fcn: 1"  # noqa: S105 - of a test
APP = Starlette(routes=[Route("/", lambda _: PlainTextResponse("hello"), methods=["GET", "POST"])])


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of a guarded app that answers anything."""
    with open_client(Guard(APP, headers=STRICT_HEADERS)) as opened:
        yield opened


@pytest.mark.parametrize("host", ["127.0.0.1:3001", "localhost:3001", "[::1]:3001", "LOCALHOST"])
def test_names_of_this_machine_are_let_in(client: httpx.Client, host: str) -> None:
    assert client.get("/", headers={"host": host}).text == "hello"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:3001", "", "127.0.0.1@evil.example", "[::1"]
)
def test_another_name_for_this_machine_is_refused(client: httpx.Client, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_of_another_site_or_port_is_refused(client: httpx.Client, method: str, origin: str) -> None:
    assert client.request(method, "/", headers={"origin": origin}).status_code == 403


def test_our_own_page_a_program_and_a_followed_link_are_let_in(client: httpx.Client) -> None:
    own = {"origin": str(client.base_url), "sec-fetch-site": "same-origin"}
    assert client.post("/", headers=own).status_code == 200
    assert client.post("/").status_code == 200
    followed = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/", headers=followed).status_code == 200
    assert client.post("/", headers=followed).status_code == 403
    assert client.get("/", headers=followed | {"sec-fetch-mode": "no-cors"}).status_code == 403


def test_a_link_does_not_lead_where_a_get_may_change_something(client: httpx.Client) -> None:
    followed = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    with open_client(Guard(APP, unlinked=["/"], hosts=None)) as guarded:
        assert guarded.get("/", headers=followed | {"host": "any.example"}).status_code == 403
        assert guarded.get("/", headers={"host": "any.example", "sec-fetch-site": "none"}).status_code == 200
    assert client.get("/", headers=followed).status_code == 200


def test_a_password_is_asked_for_and_compared() -> None:
    with open_client(Guard(APP, password=PASSWORD)) as client:
        refused = client.get("/")
        assert (refused.status_code, refused.headers["www-authenticate"][:5]) == (401, "Basic")
        assert client.get("/", auth=("anyone", "wrong")).status_code == 401
        assert client.get("/", auth=("anyone", PASSWORD)).status_code == 200
        for nonsense in ("Basic", "Basic !!", "Bearer x", "Basic eA=="):
            assert client.get("/", headers={"authorization": nonsense}).status_code == 401


def test_every_answer_has_the_headers_also_a_refusal(client: httpx.Client) -> None:
    for response in (client.get("/"), client.get("/", headers={"host": "evil.example"})):
        assert {name: response.headers[name] for name in STRICT_HEADERS} == STRICT_HEADERS
    assert "unsafe" not in STRICT_HEADERS["content-security-policy"]


def test_a_proxys_name_is_known_and_an_address_for_all_is_none() -> None:
    everywhere = allowed_hosts("0.0.0.0", "https://tickets.example/board")  # noqa: S104 - it is refused as a name
    assert everywhere == allowed_hosts("::1", None) | {"tickets.example"}
