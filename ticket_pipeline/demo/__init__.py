"""The demo's past: what the pipeline would have stored, had it polled the simulated marketplaces all along.

What belongs here: when each event would have been polled, what came back, and storing it by the pipeline's own ingest.
What does not: the markets themselves (`simulator`), and when `run` plays the past (`cli`).
"""
