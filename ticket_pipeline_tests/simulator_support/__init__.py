"""What tests need of a simulator beyond what `ticket-pipeline simulate` serves."""
