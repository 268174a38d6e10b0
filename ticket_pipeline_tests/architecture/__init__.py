"""Tests of the house itself: who may import whom, and that importing does nothing."""
