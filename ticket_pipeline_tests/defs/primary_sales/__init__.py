"""Tests of `ticket_pipeline.defs.primary_sales`."""
