"""The layer of outputs: what goes to where the user works."""
