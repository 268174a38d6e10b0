"""The organiser's own words, slugs, age groups and order of dates: the file VIVENU_MAPPINGS_FILE.

    genders:                   # word or whole answer → female, male, diverse, undisclosed
      Hembra: female
    slugs:                     # event id, or "*" for all → which field asks
      "*": {gender: q_12}
      65a0c0ffee0000000000001a: {age: date_of_birth_2}
    age_groups: 18-29, 30-44, 45+
    date_order: day_first      # or month_first: how 03/04/1990 is read; without it the age is unknown

The words are used in `gender`, the slugs in `fields`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ticket_pipeline.primary_sales.ages import DateOrder, parse_age_groups
from ticket_pipeline.primary_sales.gender import GenderTable
from ticket_pipeline.settings.yaml_files import read_document

EVERY_EVENT = "*"


def _check_age_groups(text: str) -> str:
    parse_age_groups(text)
    return text


class Mappings(BaseModel):
    """The content of the file; an empty file is valid."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    genders: dict[str, Literal["female", "male", "diverse", "undisclosed"]] = Field(default_factory=dict)
    slugs: dict[str, dict[Literal["gender", "age"], str]] = Field(default_factory=dict)
    age_groups: Annotated[str, AfterValidator(_check_age_groups)] = (
        "16-24, 25-29, 30-34, 35-39, 40-44, 45-49, 50-54, 55-59, 60-64, 65-69, 70+"
    )
    date_order: DateOrder | None = None

    def slugs_of(self, event_id: str) -> dict[Literal["gender", "age"], str]:
        """`gender` and `age` → slug, where the file names one for this event or for all."""
        return self.slugs.get(EVERY_EVENT, {}) | self.slugs.get(event_id, {})

    def gender_table(self) -> GenderTable:
        """The usual table with the file's words."""
        return GenderTable.usual(self.genders)


def read_mappings(path: Path | None) -> Mappings:
    """Read the file; without a path there are no mappings."""
    return Mappings() if path is None else read_document(path, Mappings)
