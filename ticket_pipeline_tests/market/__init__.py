"""The market's rules and arithmetic: pure functions, checked against brute force and by property."""
