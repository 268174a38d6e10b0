"""Primary sales: assets, checks, and the pipelines that users write."""
