"""One contract for every marketplace's client: the same questions to each, in its own format (`subjects`)."""
