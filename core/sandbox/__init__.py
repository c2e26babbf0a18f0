"""Run our own functions on hostile data in a killable, confined child process.

A clean "zygote" process preloads heavy modules once; each call forks a child from it, which
gives up its rights before it touches the data. Plain data goes in, plain data comes out. Light
to import: nothing starts before a `Sandbox` is entered or `probe` is called.
"""

from core.sandbox.box import Sandbox
from core.sandbox.failures import (
    AnswerRefused,
    CallRefused,
    ChildDied,
    ChildFailed,
    DeadlinePassed,
    OutOfMemory,
    OutOfTime,
    OutputTooLarge,
    SandboxUnavailable,
    ScratchFull,
    StartFailed,
    TooDeep,
)
from core.sandbox.start import probe
from core.sandbox.terms import Level, Limits, Outcome, Report

__all__ = [
    "AnswerRefused",
    "CallRefused",
    "ChildDied",
    "ChildFailed",
    "DeadlinePassed",
    "Level",
    "Limits",
    "OutOfMemory",
    "OutOfTime",
    "Outcome",
    "OutputTooLarge",
    "Report",
    "Sandbox",
    "SandboxUnavailable",
    "ScratchFull",
    "StartFailed",
    "TooDeep",
    "probe",
]
