"""The algorithms: each takes a `Task` to an array program of equal value, where its domain allows."""
