"""Tests of the assets, checks and sensors of alerts."""
