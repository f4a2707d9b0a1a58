# SPDX-License-Identifier: MIT
"""usage: json_check.py PAGE COMMAND <OUTPUT
          json_check.py PAGE --commands <HELP

Holds what a command printed against its section of docs/json.md: every key that is printed is
documented with its type, and every key that is documented, and not optional, is printed. With
--commands, every command that --help lists must have a section, or stand in the page's beginning.
"""
import json
import re
import sys

TYPES = {"string": str, "number": (int, float), "boolean": bool, "object": dict}


def rows(section):
    for keys, kinds, says in re.findall(r"^\| (`.*?) \| (.*?) \| ?(.*?) ?\|$", section, re.M):
        kinds = kinds.split(", ")
        for i, name in enumerate(re.findall(r"`([^`]+)`", keys)):
            yield name, kinds[min(i, len(kinds) - 1)], "optional" in says


def check(value, path, known, met):
    """Every key on the way, down to what is documented as a whole."""
    if path in known:
        kind = known[path]
        met.add(path)
        good = (value is None and kind.endswith("?")) or isinstance(value, TYPES[kind.rstrip("?")])
        assert good, f"{path} is no {kind}: {value}"
    elif isinstance(value, dict):
        for key, below in value.items():
            check(below, f"{path}.{key}" if path else key, known, met)
    elif isinstance(value, list):
        assert any(k.startswith(path + "[]") for k in known), f"not documented: {path}"
        met.add(path + "[]")
        for below in value:
            check(below, path + "[]", known, met)
    elif value is None and any(k.startswith((path + ".", path + "[]")) for k in known):
        met.add(path)  # the whole object or list is not there
    else:
        raise AssertionError(f"not documented: {path}")


def is_met(name, met):
    """It was there, or something above it was empty."""
    for end in (m.end() for m in re.finditer(r"\[\]", name)):
        above = name[:end]
        if above in met and not any(m.startswith(above + ".") for m in met):
            return True
    return name in met or any(name.startswith(m + ".") or name.startswith(m + "[]") for m in met)


def sections(text):
    """By command. A heading may name several."""
    found = {}
    for heading, section in re.findall(r"^## (`reeve .*?)\n(.*?)(?=^## |\Z)", text, re.M | re.S):
        for command in re.findall(r"`reeve ([^`]*)`", heading):
            found[command] = section
    return found


def main():
    page, command = sys.argv[1:]
    text = open(page).read()
    printed = sys.stdin.read()
    if command == "--commands":
        beginning = set(re.findall(r"`(?:reeve )?([a-z ]+)`", text[:text.index("\n## ")]))
        listed = set(re.findall(r"^  ([a-z]+(?: [a-z]+)*)  ", printed, re.M))
        assert len(listed) > 40, listed
        lacking = listed - beginning - set(sections(text))
        sys.exit(f"not in {page}: {sorted(lacking)}" if lacking else 0)
    documented = list(rows(sections(text)[command]))
    known = {name: kind for name, kind, _ in documented}
    met = set()
    try:
        check(json.loads(printed), "", known, met)
        for name, _, optional in documented:
            assert optional or is_met(name, met), f"not printed: {name}"
    except (AssertionError, ValueError) as error:
        sys.exit(f"reeve {command}: {error}\n{printed[:3000]}")


main()
