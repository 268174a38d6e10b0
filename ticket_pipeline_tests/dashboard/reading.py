"""What stands in a page, as a reader sees it: its tables as text."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = {"meta", "link", "input", "br", "img"}


class _Tables(HTMLParser):
    """Rows of cells of every table, by its id or that of the section around it."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.scripts = 0
        self._names = [""]
        self._rows: list[list[str]] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        if tag in {"section", "table"}:
            self._names.append(dict(attrs).get("id") or self._names[-1])
        if tag == "table":
            self._rows = self.tables.setdefault(self._names[-1], [])
        if tag == "tr":
            self._rows.append([])
        if tag in {"td", "th"}:
            self._rows[-1].append("")
        self._in_cell = tag in {"td", "th"} or (self._in_cell and tag not in {"title", "tr"})

    def handle_endtag(self, tag: str) -> None:
        if tag in {"section", "table"}:
            self._names.pop()
        self._in_cell = self._in_cell and tag not in {"td", "th", "tr"}

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self._rows[-1][-1] = f"{self._rows[-1][-1]} {data.strip()}".strip()


def read(page: str) -> dict[str, list[list[str]]]:
    """The tables of a page: id → rows of cells; it has the page's own script and no other."""
    parser = _Tables()
    parser.feed(page)
    assert parser.scripts == 1
    return parser.tables
