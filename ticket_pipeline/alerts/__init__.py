"""Price alerts: try the rules on new captures, store what fires, and deliver it."""
