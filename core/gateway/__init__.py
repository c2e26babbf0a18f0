"""The model path: one chat model whose seats (primary, fallback, planner) stand in for one another.

Here alone the network is tried again. A provider's text, keys and half answers do not get through.
"""

from core.gateway.budget import Budget, Caps, Price
from core.gateway.course import Desk, Seat
from core.gateway.errors import BudgetExceeded, BudgetSpent, ModelMissing, ModelsUnavailable, SeatInvalid
from core.gateway.model import Gateway
from core.gateway.seats import OPENAI, PRICES, litellm, openai

__all__ = [
    "OPENAI",
    "PRICES",
    "Budget",
    "BudgetExceeded",
    "BudgetSpent",
    "Caps",
    "Desk",
    "Gateway",
    "ModelMissing",
    "ModelsUnavailable",
    "Price",
    "Seat",
    "SeatInvalid",
    "litellm",
    "openai",
]
