"""The archive: months of listings in Parquet files, verified before their rows are deleted, and restored on demand."""
