"""The verbs of the command line, by what they are about: with cli.py, its composition root.

A verb says which words it takes and calls one function of a graph. What is heavy is imported in it,
so that `--help` costs nothing.
"""
