"""`SymConv.v`: the theorem for every rank and every shape, over any commutative ring, proved in Coq without axioms."""
