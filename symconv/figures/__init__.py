"""Pictures of a layer: what its window meets, forwards and backwards."""
