"""Benchmarks beside named baselines: `python -m benchmarks`, or `make bench`. What they found: docs/benchmarks.md."""
