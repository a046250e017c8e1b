"""Audits of foreign implementations: is a backward that of the theorem, and if not, what is its mistake?"""
