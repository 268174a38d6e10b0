"""The documents as tests read them: which there are, their links, commands and tables.

What belongs here: finding and cutting text. What does not: what must hold for it (`test_documents.py`).
"""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
README = PROJECT / "README.md"

_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```|^ {4,}\S.*?$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_SQL = re.compile(r"^```sql\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)


def documents() -> list[Path]:
    """Every Markdown file of the project."""
    return sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])


def relative_links(document: Path) -> list[tuple[Path, str]]:
    """The links that lead to files of the project: the file, and the heading's anchor or empty text."""
    targets = [found["target"] for found in _LINK.finditer(_CODE.sub("", document.read_text(encoding="utf-8")))]
    parts = [target.partition("#") for target in targets if "://" not in target]
    return [(document.parent / path if path else document, anchor) for path, _, anchor in parts]


def anchors(document: Path) -> set[str]:
    """What links can name in a document: its headings in lower case, words joined by hyphens."""
    titles = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def code_of(document: Path) -> str:
    """The code of a document, inline and in blocks, one piece per line; continued lines are joined."""
    text = document.read_text(encoding="utf-8").replace("\\\n", " ")
    return "\n".join(piece.group().strip("`") for piece in _CODE.finditer(text))


def sql_blocks(document: Path) -> list[str]:
    """The bodies of the ```sql blocks."""
    return [found["body"] for found in _SQL.finditer(document.read_text(encoding="utf-8"))]


def marked(document: Path, name: str) -> str:
    """The text between `<!-- name -->` and `<!-- /name -->`."""
    text = document.read_text(encoding="utf-8")
    _, begin, rest = text.partition(f"<!-- {name} -->")
    content, end, _ = rest.partition(f"<!-- /{name} -->")
    assert begin, f"{document.name} has no mark <!-- {name} -->"
    assert end, f"{document.name} has no mark <!-- /{name} -->"
    return content.strip()


def table_rows(table: str) -> list[list[str]]:
    """The cells of a Markdown table, header and ruler left out, back-quotes and escapes removed."""
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[re.sub(r"[`\\]", "", cell).strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
