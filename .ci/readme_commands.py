"""Prints one of the two commands that README.md tells a newcomer to type: the first, or the second.

They stand in the first two `console` fences, one each, on a line that starts with `$`.
"""

import re
import sys
from pathlib import Path

number = int(sys.argv[1])
page = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
fences = re.findall(r"^```console\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
if len(fences) < number:
    sys.exit(f"README.md has {len(fences)} console fences; CI needs its first two to hold the commands")
commands = [line.removeprefix("$ ") for line in fences[number - 1].splitlines() if line.startswith("$ ")]
if len(commands) != 1:
    sys.exit(f"console fence {number} of README.md has {len(commands)} lines that start with '$ '; CI needs one")
print(commands[0])
