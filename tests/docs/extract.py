"""extract.py PAGE SOURCE: writes the C++ of a page as one translation unit.

A page with a whole program (with `int main(`) gives that program. Any other gives one made of its fragments, in order:
declarations at namespace scope, statements in main. `db.run<…>(…);` and `db.find<…>(…);` print their rows as CSV. Before the
statements of each block a line `@@ LINE` is printed, so that its output can be told from the others'. Errors of the compiler
name the page and the line there.
"""
import sys

import pages


def located(page, numbered):
    last = None
    for number, line in numbered:
        if last is None or number != last + 1:
            yield f'#line {number} "{page}"\n'
        last = number
        yield line + "\n"


def statements(page, numbered):
    """The statements of a block; those that are rows are shown."""
    showing = False
    for text in located(page, numbered):
        if pages.ANSWER.match(text):
            showing, text = True, "show(" + text
        if showing and text.endswith(";\n"):
            showing, text = False, text[:-2] + ");\n"
        yield text


def program(page):
    fragments = [block for block in pages.blocks(page) if block.language == "cpp"]
    whole = [block for block in fragments if pages.is_program(block)]
    if whole:
        if len(whole) != 1 or len(fragments) != 1:
            raise SystemExit(f"{page}: one whole program, or fragments, not both")
        yield from located(page, list(enumerate(whole[0].lines, whole[0].line)))
        return
    parts = [(block, *pages.split(block)) for block in fragments]
    for _, declarations, _ in parts:
        yield from located(page, declarations)
    yield '#include "show.hpp"\n'
    for line, cpp, sql in pages.types(page):
        yield f'#line {line} "{page}"\n'
        yield f'static_assert(is_called<{cpp}>("{sql}"), "SQL does not call {cpp} {sql}");\n'
    yield "int main() {\n"
    for block, _, said in parts:
        if said:
            yield f'std::cout << "@@ {block.line}\\n";\n'
            yield from statements(page, said)
    yield "}\n"


if __name__ == "__main__":
    with open(sys.argv[2], "w", encoding="utf-8") as source:
        source.writelines(program(sys.argv[1]))
