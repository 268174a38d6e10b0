"""Tests of the embedded server: real programs, real processes, real kills."""
