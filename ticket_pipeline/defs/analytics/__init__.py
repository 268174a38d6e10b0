"""What follows from captures, in their own transaction: what changed between them."""
