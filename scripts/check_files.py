"""Refuse files that must not enter the history: secrets, and large ones. For pre-commit, which hands over the names.

What belongs here: what a look at one file can tell. What does not: style, types and tests; those have their own tools.

    .venv/bin/python scripts/check_files.py FILE…
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

LARGEST_BYTES = 1_000_000
"""Room for a screenshot; payloads and databases belong elsewhere."""

_SECRET_NAMES = re.compile(
    r"\.env|.*credentials.*\.json|service[-_]account.*\.json|.*headers.*\.json|.*\.(?:pem|key|p12)"
)
# Shapes that are a secret wherever they stand; a test that needs one makes it at run time.
_SECRETS = {
    "a private key": re.compile(rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*(?:\\n)?[A-Za-z0-9+/]{16}"),
    "a Google API key": re.compile(rb"AIza[0-9A-Za-z_-]{35}"),
    "an access token": re.compile(
        rb"\b(?:gh[pousr]_[A-Za-z0-9]{36}|ya29\.[0-9A-Za-z_-]{20}|xox[abp]-[0-9A-Za-z-]{20})"
    ),
    "a cloud access key": re.compile(rb"\bAKIA[0-9A-Z]{16}\b"),
}


def main(names: list[str]) -> int:
    """Say on standard error what is wrong with each file; 1 where anything is."""
    problems = [f"{name}: {problem}" for name in names for problem in find_problems(Path(name))]
    print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
    return 1 if problems else 0


def find_problems(path: Path) -> list[str]:
    """What speaks against keeping this file; quotes nothing of it."""
    problems = []
    if _SECRET_NAMES.fullmatch(path.name):
        problems.append("by its name it holds secrets; keep it outside the project, and list it in .gitignore")
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        problems.append(f"has {size} bytes, at most {LARGEST_BYTES} are kept; put it elsewhere and link to it")
        return problems
    content = path.read_bytes()
    problems += [
        f"holds what looks like {what}; take it out, and revoke it if it was real"
        for what, shape in _SECRETS.items()
        if shape.search(content)
    ]
    return problems


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
