"""The Dagster wiring, over ephemeral instances, a simulated marketplace and a real database."""
