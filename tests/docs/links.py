"""Names every file that README.md or a page of docs/ points at and that is not there: links, and paths in backticks."""
import re
import sys

import pages

# A path in prose is relative to the repository, to include/phantomdb/, to tests/ or to the page.
PATH = re.compile(r"(?:[\w.-]+/)+[\w.-]*")
SUFFIXES = (".hpp", ".ipp", ".cpp", ".md", ".txt", ".py", ".sql", ".json", ".cmake")


def missing(page):
    fenced = False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            fenced = not fenced
        if fenced:
            continue
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", line):
            if "://" not in target and not (page.parent / target).exists():
                yield number, target
        for code in re.findall(r"`([^`]+)`", line):
            named = PATH.fullmatch(code.rstrip("*"))
            if not named or not (code.endswith(SUFFIXES) or code.endswith("/")):
                continue
            places = (pages.ROOT, pages.ROOT / "include/phantomdb", pages.ROOT / "tests", page.parent)
            if not any((place / code).exists() for place in places):
                yield number, code


wrong = [f"{page.relative_to(pages.ROOT)}:{number}: {target} is not there"
         for page in [pages.ROOT / "README.md", *sorted((pages.ROOT / "docs").rglob("*.md"))]
         for number, target in missing(page)]
print(*wrong, sep="\n")
sys.exit(1 if wrong else 0)
