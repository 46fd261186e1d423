"""check.py PAGE BINARY_FOLDER CMAKE: builds what extract.py made of a page and holds the page to what it shows.

    ```cpp        compiled and run over the directory store.phantom
    ```sql        run by phantomsql over a directory of its own; the rows are those of the ```cpp above it
    ```text       exactly what the ```cpp above it prints
    ```console    each line after a $ is run, the rest is exactly what it prints (the port is a free one; & waits for it)
    ```cmake      a list of lines that tests/install_consume/ uses

In the end the directory that C++ made and the one that SQL made have the same tables with the same rows. "phantomdb: …" in the
prose is a sentence that tests/compile_fail/ holds the compiler to. Ends with 77 where psql is shown but not installed.
"""
import difflib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pages

PAGE, BINARIES, CMAKE = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
PROGRAM = "docs_" + pathlib.Path(PAGE).stem.lower()
SHELL = BINARIES / "phantomsql"
failures, skipped = [], []


def fail(line, *what):
    failures.append(line)
    print(f"{PAGE}:{line}:", *what, sep="\n", file=sys.stderr)


def run(*command, **options):
    return subprocess.run([str(part) for part in command], text=True, capture_output=True, timeout=300, **options)


def sql(directory, text, *options):
    done = run(SHELL, directory, "-q", "--stop-on-error", *options, "-f", "-", input=text)
    return done.stdout, done.stderr


def rows(text, ordered):
    return text.splitlines() if ordered else sorted(text.splitlines())


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def outputs(printed):
    """What was printed behind each @@ LINE."""
    parts = re.split(r"^@@ (\d+)\n", printed, flags=re.MULTILINE)
    return {int(line): text for line, text in zip(parts[1::2], parts[2::2])}


def check_fragments(blocks, folder, printed):
    said = outputs(printed)
    above = None
    for block in blocks:
        if block.language == "cpp":
            above = block
        elif block.language in ("sql", "text"):
            typed = said.get(above.line if above else None)
            if typed is None:
                fail(block.line, "no statement above says this")
            elif block.language == "text":
                if typed != block.text:
                    fail(block.line, "shown:", block.text, "printed:", typed)
            else:
                answer, errors = sql(folder / "sql.phantom", block.text, "--csv", "-t")
                ordered = "order by" in block.text.lower()
                if errors or rows(answer, ordered) != rows(typed, ordered):
                    fail(block.line, "SQL:", answer + errors, "C++:", typed)
                if "select" in block.text and re.match(r"\s*select", block.text) and not answer:
                    fail(block.line, "an example without a row shows nothing")


def compare_directories(folder):
    typed, by_sql = folder / "store.phantom", folder / "sql.phantom"
    tables = sql(typed, "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1;",
                 "-t", "--csv")[0].split()
    if not tables:
        fail(1, "C++ made no table")
    script = "\\dt\n\\di\n" + "".join(f"\\d {table}\nselect * from {table} order by 1;\n" for table in tables)
    a, b = sql(typed, script), sql(by_sql, script)
    if a != b or a[1]:
        fail(1, "C++ and SQL do not make the same directory:",
             *difflib.unified_diff(a[0].splitlines(), b[0].splitlines(), "C++", "SQL", lineterm=""), a[1], b[1])


def check_console(block, folder):
    port = str(free_port())
    environment = dict(os.environ, PATH=f"{BINARIES}{os.pathsep}{os.environ['PATH']}", PGCONNECT_TIMEOUT="20")
    servers = []
    commands, expected = [], []
    for line in block.lines:
        if line.startswith("$ "):
            commands.append(line[2:])
            expected.append([])
        else:
            expected[-1].append(line)
    shown_port = next((found[1] for c in commands if (found := re.search(r"--listen \S+:(\d+)", c))), None)
    try:
        for command, lines in zip(commands, expected):
            if command.split()[0] == "psql" and not shutil.which("psql"):
                skipped.append("psql is not installed")
                continue
            ours = command.replace(shown_port, port) if shown_port else command
            if ours.endswith("&"):
                servers.append(subprocess.Popen(["exec " + ours[:-1]], shell=True, cwd=folder, env=environment))
                for _ in range(600):
                    with socket.socket() as s:
                        if s.connect_ex(("127.0.0.1", int(port))) == 0:
                            break
                    time.sleep(0.05)
                else:
                    fail(block.line, f"{command}\nlets nobody in")
                continue
            done = run("bash", "-c", ours, cwd=folder, env=environment)
            printed = (done.stdout + done.stderr).rstrip("\n").splitlines()
            while lines and not lines[-1]:
                lines.pop()
            if printed != lines or done.returncode != 0:
                fail(block.line, f"$ {command}\nends with {done.returncode} and prints:", *printed, "shown:", *lines)
    finally:
        for server in servers:
            server.send_signal(signal.SIGTERM)
            if server.wait(60) != 0:
                fail(block.line, f"the server ended with {server.returncode}")


def check_sentences():
    held = [next(iter(path.read_text(encoding="utf-8").splitlines()), "")
            for path in (pages.ROOT / "tests/compile_fail").glob("*.cpp")]
    for number, line in enumerate((pages.ROOT / PAGE).read_text(encoding="utf-8").splitlines(), 1):
        for sentence in re.findall(r'"phantomdb: ([^"]+)"', line):
            if not any(sentence in first for first in held):
                fail(number, f"no program of tests/compile_fail/ is answered with: {sentence}")


def check_cmake(block):
    used = "".join(path.read_text() for path in (pages.ROOT / "tests/install_consume").glob("*/CMakeLists.txt"))
    for number, line in enumerate(block.lines, block.line):
        line = line.split("#")[0].strip().replace("(app ", "(consumer ").rstrip(")")
        if line and line not in used:
            fail(number, f"tests/install_consume/ does not use: {line}")


def main():
    blocks = pages.blocks(PAGE)
    known = {"cpp", "sql", "text", "console", "cmake"}
    for block in blocks:
        if block.language not in known:
            fail(block.line - 1, f"a block is one of {', '.join(sorted(known))}")
    built = run(CMAKE, "--build", BINARIES, "--target", PROGRAM, "phantomsql", "phantomd")
    if built.returncode != 0:
        print(built.stdout, built.stderr, file=sys.stderr)
        raise SystemExit(f"{PAGE} does not compile")
    check_sentences()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        ran = run(BINARIES / "tests" / PROGRAM, cwd=folder)
        if ran.returncode != 0:
            raise SystemExit(f"{PAGE}: its program ended with {ran.returncode}\n{ran.stdout}{ran.stderr}")
        if not any(pages.is_program(block) for block in blocks):
            check_fragments(blocks, folder, ran.stdout)
            compare_directories(folder)
        for block in blocks:
            if block.language == "console":
                check_console(block, folder)
            elif block.language == "cmake":
                check_cmake(block)
    if failures:
        raise SystemExit(f"{PAGE}: {len(failures)} wrong")
    if skipped:
        print(*skipped, sep="\n")
        raise SystemExit(77)


if __name__ == "__main__":
    main()
