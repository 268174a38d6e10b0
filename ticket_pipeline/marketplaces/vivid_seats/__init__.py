"""Vivid Seats: its client and its parser."""
