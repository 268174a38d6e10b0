"""The log of this package: level, context, scrubbing, and where lines go beside the log of a Dagster run.

What belongs here: set-up, once per process. Modules log by `logging.getLogger(__name__)` and bind what a line is about
by `structlog.contextvars` (run_id, marketplace, external_id, attempt); structlog renders both. What does not: Dagster's
own handler, which writes the log of a run.
"""

from __future__ import annotations

import logging
import re
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from pathlib import Path

    from structlog.stdlib import ProcessorFormatter

    from ticket_pipeline.settings.model import Settings

FILE_NAME = "ticket-pipeline.jsonl"

_OURS = "ticket_pipeline"
_FILE_BYTES = 10_000_000
_FILES = 10
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]+")  # from the start of a word only: linear in a long one


def set_up_logs(settings: Settings) -> None:
    """Set LOG_LEVEL on our own loggers, and add the outputs that the settings ask for. Idempotent."""
    ours = logging.getLogger(_OURS)
    ours.setLevel(settings.log_level)
    logging.setLogRecordFactory(_scrubbed_record)
    for handler in [handler for handler in ours.handlers if isinstance(handler.formatter, _OurFormatter)]:
        ours.removeHandler(handler)
        handler.close()
    if settings.log_format == "json":
        _add(ours, StderrHandler())
    if settings.enable_file_logging:
        _add_file(ours, settings.state_dir / "logs")
    ours.propagate = settings.log_format != "json"


def _add_file(ours: logging.Logger, folder: Path) -> None:
    # Several processes write the same file: each line and each rotation is under a lock. It takes 0.1 s to load.
    from concurrent_log_handler import ConcurrentRotatingFileHandler  # noqa: PLC0415

    file = folder / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.open("a").close()
    except OSError as error:
        ours.warning("Could not write %s: %s. Nothing is logged to a file; check STATE_DIR.", file, error.strerror)
        return
    _add(ours, ConcurrentRotatingFileHandler(str(file), maxBytes=_FILE_BYTES, backupCount=_FILES, encoding="utf-8"))


class StderrHandler(logging.Handler):
    """Writes to what stderr is at the moment: a progress bar replaces it, and makes room for a line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        sys.stderr.write(f"{self.format(record)}\n")


class LineFormatter(logging.Formatter):
    """For people: colors and context on a terminal, one plain line elsewhere."""

    @cached_property
    def _for_terminals(self) -> ProcessorFormatter:
        import structlog  # noqa: PLC0415 - takes 0.1 s to load, and most commands log nothing

        return _build_formatter(structlog.dev.ConsoleRenderer(pad_event_to=0), with_origin=False)

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        if not sys.stderr.isatty():
            return f"{record.levelname}: {record.getMessage()}" + (
                f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
            )
        return self._for_terminals.format(record)


class _OurFormatter(logging.Formatter):
    """JSON, one object a line; marks our own handlers."""

    def __init__(self) -> None:
        import structlog  # noqa: PLC0415 - as above

        super().__init__()
        self._formatter = _build_formatter(structlog.processors.JSONRenderer(), with_origin=True)

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        return self._formatter.format(record)


def _add(ours: logging.Logger, handler: logging.Handler) -> None:
    handler.setFormatter(_OurFormatter())
    ours.addHandler(handler)


def _build_formatter(renderer: Any, *, with_origin: bool) -> ProcessorFormatter:  # noqa: ANN401 - any of structlog's
    import structlog  # noqa: PLC0415 - as above

    origin: list[Any] = [structlog.stdlib.add_logger_name, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    return structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _scrub_values, renderer],
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            *(origin if with_origin else ()),
            structlog.processors.format_exc_info,
        ],
    )


def _scrubbed_record(*arguments: Any, **named: Any) -> logging.LogRecord:  # noqa: ANN401 - as logging's own
    """A record of ours without secrets and personal data, whoever handles it, Dagster included."""
    record = logging.LogRecord(*arguments, **named)
    if str(record.name).startswith(_OURS):
        record.msg, record.args = _scrub(record.getMessage()), ()
    return record


def _scrub_values(_logger: object, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Scrub the context and the traceback, too; the message (event) is clean."""
    return {
        name: _scrub(value) if isinstance(value, str) and name != "event" else value for name, value in line.items()
    }


def _scrub(text: str) -> str:
    from ticket_pipeline.http.scrubbing import HIDDEN, redact_text  # noqa: PLC0415 - only for those who log something

    return _EMAIL.sub(HIDDEN, redact_text(text))
