"""Import every module of the package, in an interpreter of its own, and print what the imports did besides.

Run as a program with the folder of the package as its argument; each line printed is something that our code did while
it was imported: read the environment or a clock, opened a file or a socket, started a program. What a library does when
it is imported itself is its own business.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import time
from collections.abc import Callable
from typing import Any

FOLDER = sys.argv[1]
EFFECTS = ("open", "socket.", "subprocess.", "os.", "shutil.", "tempfile.", "sqlite3.", "urllib.", "ctypes.dlopen")
LIBRARIES_OWN_SWITCHES = ("PYDANTIC_", "DAGSTER_")  # looked at by them, when one of our classes is made
IMPORT_MACHINERY = "<frozen importlib"

done: list[str] = []


def our_code() -> str | None:
    """The line of ours that is running, unless it is merely importing something else."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(IMPORT_MACHINERY):
            return None
        if name.startswith(os.path.join(FOLDER, "ticket_pipeline") + os.sep):  # noqa: PTH118 - no imports in a hook
            return f"{name[len(FOLDER) + 1 :]}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]  # None ends the walk
    return None


def audit(event: str, arguments: tuple[object, ...]) -> None:
    """Note what the interpreter reports."""
    if event.startswith(EFFECTS) and (place := our_code()):
        done.append(f"{place}: {event} {arguments[:1]}")


class WatchedEnvironment(dict[str, str]):
    """An empty environment that notes who looks."""

    def _note(self, name: str) -> None:
        if not name.startswith(LIBRARIES_OWN_SWITCHES) and (place := our_code()):
            done.append(f"{place}: environment {name}")

    def __getitem__(self, name: str) -> str:
        self._note(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as a dict's
        """As a dict has it."""
        self._note(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self._note(str(name))
        return super().__contains__(name)


def watched(name: str, clock: Callable[[], float]) -> Callable[[], float]:
    """A clock that notes who reads it."""

    def read(*arguments: Any) -> float:  # noqa: ANN401 - whatever the clock takes
        if place := our_code():
            done.append(f"{place}: {name}")
        return clock(*arguments)

    return read


def main() -> None:
    """Import all, then print."""
    sys.path.insert(0, FOLDER)
    os.environ = WatchedEnvironment()  # type: ignore[assignment]  # noqa: B003 - this interpreter ends in a moment
    for name in ("time", "monotonic", "perf_counter"):
        setattr(time, name, watched(f"time.{name}", getattr(time, name)))
    sys.addaudithook(audit)
    package = importlib.import_module("ticket_pipeline")
    for module in pkgutil.walk_packages(package.__path__, "ticket_pipeline."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    sys.stdout.write("".join(f"{line}\n" for line in done))


if __name__ == "__main__":
    main()
