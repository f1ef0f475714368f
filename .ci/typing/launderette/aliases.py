"""`import generators` in a checkout is `import launderette.generators`: one module under two names, never two
copies of a class.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

PACKAGE = __name__.partition(".")[0]


class _Loaded(Loader):
    """Hands out a module that is there already."""

    def __init__(self, module: ModuleType) -> None:
        self.module, self.spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.spec  # the import system has put the alias's there


class _Aliases(MetaPathFinder):
    """Finds what lies below a top-level name that is ours."""

    def __init__(self) -> None:
        self.tops: set[str] = set()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return a spec that loads the module of the same name below the package; None for names that are not ours."""
        top, _, inner = name.partition(".")
        if top not in self.tops or not inner:
            return None
        return ModuleSpec(name, _Loaded(import_module(f"{PACKAGE}.{name}")))


_FINDER = _Aliases()


def alias(name: str) -> None:
    """Let the top-level module `name`, which is being imported from a checkout, be the package's own."""
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
    _FINDER.tops.add(name)
    sys.modules[name] = import_module(f"{PACKAGE}.{name}")
