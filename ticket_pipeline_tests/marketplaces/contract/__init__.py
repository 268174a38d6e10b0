"""One contract for every listings client: the same questions to each, in its own format (`subjects`)."""
