"""What goes out to the user: numbers of `queries`, written where the user works. Nothing is computed here."""
