"""Tests of the house itself: what stands in its files, and that importing does nothing."""
