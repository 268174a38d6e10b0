"""What is due now and how often; fetch, validate and write snapshots. The only place where marketplaces meet storage."""
