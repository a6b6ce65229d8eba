import importlib.util
import sys
from importlib.machinery import ModuleSpec
from typing import Any


class SixForNewPythons:
    """Finds the modules of the six that urllib3 1.25 brings, whose own finder is of a kind that Python 3.12 dropped."""

    @staticmethod
    def find_spec(name: str, *_where: Any) -> ModuleSpec | None:
        finders = [finder for finder in sys.meta_path if type(finder).__name__ == "_SixMetaPathImporter"]
        found = next((finder for finder in finders if name in finder.known_modules), None)
        return importlib.util.spec_from_loader(name, found) if found else None


sys.meta_path.append(SixForNewPythons())

import urllib3  # noqa: E402 -- must find six

retry = urllib3.Retry(total=1, status_forcelist=[503], respect_retry_after_header=False)
urllib3.PoolManager(retries=retry).request("GET", sys.argv[1] + "/users")
