"""The OpenAI-compatible door: chat graphs as models, for clients that know nothing of AutoWeave.

Translation only. Approvals become a question in plain text, which the next turn answers.
"""

from core.http.completions.routes import router

__all__ = ["router"]
