"""From settings to a database URL: what is used, and that a mistake in it never shows the password."""

from __future__ import annotations

import traceback

import pytest
from pydantic import SecretStr

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.connect import database_url


def test_a_usable_url_is_handed_on_as_it_is() -> None:
    url = "postgresql://me:s%25cret@db.example:5433/tickets"

    assert database_url(Settings(database_url=SecretStr(url))) == url


@pytest.mark.parametrize("url", ["dbname=x password=s3c'retpw %", "postgresql://me:s3c%retpw@127.0.0.1/db"])
def test_a_malformed_url_is_explained_without_the_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"%25") as raised:
        database_url(Settings(database_url=SecretStr(url)))

    assert "retpw" not in "".join(traceback.format_exception(raised.value))


def test_the_parts_make_a_url_with_the_password_kept_whole() -> None:
    settings = Settings(db_host="db.example", db_user="me", db_password=SecretStr("a b%c@d"), db_name="market")

    assert "password='a b%c@d'" in database_url(settings)
