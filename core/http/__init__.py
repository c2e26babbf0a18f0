"""HTTP machinery without a domain word: problems, limits, keys, and one adapter for each protocol.

An adapter translates between its protocol and `core.http.front`, and decides nothing of its own.
"""
