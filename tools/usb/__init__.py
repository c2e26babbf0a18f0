"""USB devices as the kernel shows them, each with an identity that survives re-plugging.

Reads sysfs and opens no device: no driver is taken away, and no right is needed.
"""

from .devices import Device, scan
from .matching import Matcher, MatcherInvalid, find
from .sysfs import SYSFS, DevicesHidden

__all__ = ["SYSFS", "Device", "DevicesHidden", "Matcher", "MatcherInvalid", "find", "scan"]
