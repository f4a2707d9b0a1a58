"""What a bats file holds: its cases with their tags, which say where and beside what they can run.

`# bats test_tags=alone` before a case (or `# bats file_tags=...` for all that follow) says that it
looks at or changes something of the whole machine: nothing else runs beside it. `userland` says that
no kernel can make a difference to it: the virtual machines leave it out.
"""
import re

CASE = re.compile(r'^@test "(.*)" \{$')
TAGS = re.compile(r"^#\s*bats\s+(test|file)_tags=(.*)$")
KNOWN = {"alone", "userland"}


class Case:
    def __init__(self, number, name, tags):
        self.number = number
        self.name = name
        self.tags = tags


class BatsError(Exception):
    """A sentence that says which line of which file is wrong."""


def read_cases(text, path):
    """All cases of a file, in order, numbered from one as bats numbers them."""
    cases, of_file, of_test = [], frozenset(), frozenset()
    for place, line in enumerate(text.splitlines(), 1):
        match = TAGS.match(line)
        if match:
            tags = frozenset(filter(None, re.split(r"\s*,\s*", match.group(2).strip())))
            if tags - KNOWN:
                raise BatsError(f"{path}:{place}: no tag is called {', '.join(sorted(tags - KNOWN))}; "
                                f"there are {', '.join(sorted(KNOWN))}")
            of_file, of_test = (tags, of_test) if match.group(1) == "file" else (of_file, tags)
        if line.startswith("@test"):
            match = CASE.match(line)
            if not match:
                raise BatsError(f'{path}:{place}: a case begins as in: @test "name" {{')
            cases.append(Case(len(cases) + 1, match.group(1), of_file | of_test))
            of_test = frozenset()
    return cases


class File:
    def __init__(self, path):
        self.path = path
        self.size = path.stat().st_size
        self.cases = read_cases(path.read_text(), path)

    def numbers(self, unlike):
        """The numbers of the cases without this tag."""
        return [case.number for case in self.cases if unlike not in case.tags]


def read_folder(folder):
    """All files, the longest first: what takes longest must not begin last."""
    return sorted(map(File, folder.glob("*.bats")), key=lambda file: -file.size)


def only(names):
    """bats's words for the cases of these names and no others."""
    escaped = (re.sub(r"([][().*+?^$|{}\\])", r"\\\1", name) for name in names)
    return ["--filter", f"^({'|'.join(escaped)})$"]
