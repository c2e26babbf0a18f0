"""The one layer under every protocol: admit a run, see that it is worked on, tell what happens, end.

Nothing here knows a protocol, and no protocol has logic of its own (`core.http.front` is the border).
"""
