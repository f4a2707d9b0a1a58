# SPDX-License-Identifier: MIT
"""All cases, in the order in which they are told."""
from . import calls, case, json_port
# Each of these adds its cases to case.ALL.
from . import startup, tree, executing, events, security, extensions  # noqa: F401
from . import defects, direct, chaos  # noqa: F401

CASES = calls.CASES + json_port.CASES + case.ALL
_names = [one.name for one in CASES]
assert len(set(_names)) == len(_names), {name for name in _names if _names.count(name) > 1}
