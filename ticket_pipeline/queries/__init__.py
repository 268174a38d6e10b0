"""Questions over the database: typed and read-only. Whatever shows or sends numbers gets them here."""
