"""Tests of the archive in Dagster."""
