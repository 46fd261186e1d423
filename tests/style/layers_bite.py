"""Proves that tools/check_layers names the includes it must, and only those: a small tree with planted offences."""
import pathlib
import subprocess
import sys
import tempfile

TREE = {
    "base/config.hpp": "#include <vector>\n",
    "value/type.hpp": "#include <phantomdb/base/config.hpp>\n#include <phantomdb/value/other.hpp>\n",
    "value/other.hpp": "#pragma once\n",
    "env/file.hpp": "// first\n#include <phantomdb/value/type.hpp>\n",
    "base/up.hpp": "#include <phantomdb/query/ir.hpp>\n",
    "query/ir.hpp": '#include "phantomdb/base/config.hpp"\n#  include <phantomdb/phantomdb.hpp>\n',
    "exec/gone.ipp": "#include <phantomdb/value/gone.hpp>\n",
    "manager/x.hpp": "\n",
    "phantomdb.hpp": "#include <phantomdb/query/ir.hpp>\n",
}
EXPECTED = [
    "include/phantomdb/base/up.hpp:1: 'base/up.hpp' (rank 0) includes 'query/ir.hpp' (rank 4)",
    "include/phantomdb/env/file.hpp:2: 'env/file.hpp' (rank 1) includes 'value/type.hpp' (rank 1)",
    "include/phantomdb/exec/gone.ipp:1: 'exec/gone.ipp' includes 'value/gone.hpp', which does not exist",
    "include/phantomdb/manager/x.hpp:1: 'manager/x.hpp' is in a folder that no layer names",
    "include/phantomdb/query/ir.hpp:1: 'query/ir.hpp' includes \"phantomdb/base/config.hpp\"; say <phantomdb/layer/file.hpp>",
    "include/phantomdb/query/ir.hpp:2: 'query/ir.hpp' includes the umbrella 'phantomdb.hpp'",
    "6 include(s) against the layers",
]

checker = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check_layers"
with tempfile.TemporaryDirectory() as root:
    for name, text in TREE.items():
        path = pathlib.Path(root, "include/phantomdb", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    result = subprocess.run([sys.executable, checker, root], capture_output=True, text=True)
print(result.stdout, result.stderr)
if result.returncode != 1 or result.stdout.splitlines() != EXPECTED:
    sys.exit("expected, with exit status 1:\n" + "\n".join(EXPECTED))
