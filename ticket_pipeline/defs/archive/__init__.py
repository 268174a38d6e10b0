"""The archive of old listings."""
