"""Tests of the demo's past."""
