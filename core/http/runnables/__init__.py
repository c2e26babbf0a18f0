"""LangServe's routes over the front: its wire form, its clients and its playgrounds, not its server.

LangServe's own handler drops thread ids and interrupts, hides failures and costs a quarter more CPU;
`tests/http/runnables/test_wire.py` holds this package to what that handler answers.
"""

from core.http.runnables.routes import router

__all__ = ["router"]
