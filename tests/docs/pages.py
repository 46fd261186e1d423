"""Markdown pages as the tests of the documentation read them: fenced blocks, tables, and what the prose points at."""
import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass
class Block:
    language: str
    line: int  # of the first line inside, from 1
    lines: list[str]

    @property
    def text(self):
        return "".join(line + "\n" for line in self.lines)


def blocks(page):
    """The fenced blocks of a page, in order."""
    found, inside = [], None
    for number, line in enumerate((ROOT / page).read_text(encoding="utf-8").splitlines(), 1):
        if inside is None and line.startswith("```"):
            inside = Block(line[3:].strip(), number + 1, [])
        elif inside is not None and line == "```":
            found.append(inside)
            inside = None
        elif inside is not None:
            inside.lines.append(line)
    if inside is not None:
        raise SystemExit(f"{page}:{inside.line - 1}: this block does not end")
    return found


def types(page):
    """Rows of tables headed | C++ | SQL |: (line, C++ type, SQL type)."""
    found, inside = [], False
    for number, line in enumerate((ROOT / page).read_text(encoding="utf-8").splitlines(), 1):
        if line == "| C++ | SQL |":
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and (row := re.fullmatch(r"\| `(.+)` \| `(.+)` \|", line)):
            found.append((number, row[1], row[2]))
    return found


# What of a block is said to a database, not to the compiler at large.
STATEMENT = re.compile(r"(auto |for |try |db\.|using std::|static constexpr |std::cout)")
# What is printed although the page does not say so: its rows are compared.
ANSWER = re.compile(r"db\.(run|find)<")


def split(block):
    """The declarations of a ```cpp block and the statements behind them, as lists of (line, text)."""
    numbered = list(enumerate(block.lines, block.line))
    at = next((i for i, (_, line) in enumerate(numbered) if STATEMENT.match(line)), len(numbered))
    return numbered[:at], numbered[at:]


def is_program(block):
    return block.language == "cpp" and any(line.startswith("int main(") for line in block.lines)
