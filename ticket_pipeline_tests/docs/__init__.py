"""Tests of what is written: documents say what the code says, and name only what exists."""
