"""The organiser's own words and slugs: the file VIVENU_MAPPINGS_FILE.

    genders:                   # word or whole answer → female, male, diverse, undisclosed
      Hembra: female
    slugs:                     # event id, or "*" for all → which field asks
      "*": {gender: q_12}
      65a0c0ffee0000000000001a: {age: date_of_birth_2}

The words are used in `gender`, the slugs in `fields`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ticket_pipeline.primary_sales.gender import GenderTable
from ticket_pipeline.settings.yaml_files import read_document

EVERY_EVENT = "*"


class Mappings(BaseModel):
    """The content of the file; an empty file is valid."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    genders: dict[str, Literal["female", "male", "diverse", "undisclosed"]] = Field(default_factory=dict)
    slugs: dict[str, dict[Literal["gender", "age"], str]] = Field(default_factory=dict)

    def slugs_of(self, event_id: str) -> dict[Literal["gender", "age"], str]:
        """`gender` and `age` → slug, where the file names one for this event or for all."""
        return self.slugs.get(EVERY_EVENT, {}) | self.slugs.get(event_id, {})

    def gender_table(self) -> GenderTable:
        """The usual table with the file's words."""
        return GenderTable.usual(self.genders)


def read_mappings(path: Path | None) -> Mappings:
    """Read the file; without a path there are no mappings."""
    return Mappings() if path is None else read_document(path, Mappings)
