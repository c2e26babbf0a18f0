"""Measures what the assistant, `integrate` and the catalog do, over sets of cases with known answers."""
