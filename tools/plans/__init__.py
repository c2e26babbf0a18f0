"""What would change in the repository, its risk and its digest. Pure: knows no git and no disk."""

from tools.plans.changes import Action, Change
from tools.plans.plan import FORMAT, Plan, PlanInvalid, PlanTampered, make
from tools.plans.planfile import from_json, to_json, view
from tools.plans.risk import Risk, assess
from tools.plans.show import diffs, summary, text, tree

__all__ = [
    "FORMAT",
    "Action",
    "Change",
    "Plan",
    "PlanInvalid",
    "PlanTampered",
    "Risk",
    "assess",
    "diffs",
    "from_json",
    "make",
    "summary",
    "text",
    "to_json",
    "tree",
    "view",
]
