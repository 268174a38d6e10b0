"""Tests of `scripts/`: run as programs, the way people and hooks run them."""
