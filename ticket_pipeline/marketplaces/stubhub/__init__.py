"""StubHub: its client and its parser."""
