"""`python -m ticket_pipeline.cli`, for child processes that must use the same Python."""

from ticket_pipeline.cli import main

main()
