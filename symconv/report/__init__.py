"""Reports: derivations and verdicts as text, LaTeX and JSON. Nothing here derives, and nothing here decides."""
