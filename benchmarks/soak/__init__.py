"""Leave the pipeline alone for simulated weeks, kill it at random, and compare all that it left with the truth."""
