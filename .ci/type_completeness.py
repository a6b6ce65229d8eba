"""Asks pyright which share of the package's names has a known type, and fails under the share given: 0.8, say.

An attribute that is set without an annotation lowers it, since type checkers may then infer different types.
"""

import json
import subprocess
import sys

PACKAGE = "pytest_integrations"

least = float(sys.argv[1])
command = ["pyright", "--ignoreexternal", "--outputjson", "--verifytypes", PACKAGE]
answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- the one on the PATH
report = json.loads(answer.stdout)["typeCompleteness"]
score = report["completenessScore"]
causes = [
    f"{symbol['name']}: {found['message'].splitlines()[0]}"
    for symbol in report["symbols"]
    for found in symbol["diagnostics"]
    if "partially unknown" not in found["message"]  # follows from another one
]
print(f"{score:.1%} of the names have a known type; {least:.0%} are asked for")
if causes:
    print(f"{len(causes)} causes, the first of them:", *causes[:10], sep="\n  ")
sys.exit(score < least)
