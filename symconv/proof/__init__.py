"""Proofs: what a verdict rests on. Nothing here differentiates, and nothing here prints."""
