"""The catalogue of messages: what documents say, in each language, as data."""
