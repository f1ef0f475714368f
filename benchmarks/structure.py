"""The house in figures: folders, depth, functions, names that mean several things, types.

    python -m benchmarks.structure

A name has several meanings where modules of the house bind it, at their top, to classes or constants that differ.
"""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("generators", "evaluation", "pipelines", "benchmarks", "tests")
TYPED = ("generators", "evaluation", "pipelines")
# what each module of a kind has under the same name: it is one idea, not several; name -> the room of this kind
INTERFACE = {
    **dict.fromkeys(("Config", "Model", "FAMILY"), "generators/"),
    **dict.fromkeys(("Autoregressive", "Diffusion", "Adversarial", "Autoencoder"), "generators/"),  # when fitted
    **dict.fromkeys(
        ("NAME", "SOURCE", "UNIT", "GENERATOR", "LIKELIHOOD", "RANKED", "REPEATED_UNDER"), "pipelines/modalities/"
    ),
    **dict.fromkeys(("COMPARED_BY", "ATTACKED_BY", "PROTECTED"), "pipelines/modalities/"),
    **dict.fromkeys(("SPARE", "STEPS", "REPEATS", "COMPARED"), "pipelines/augment/"),
    "VARIANTS": "evaluation/calibration/",  # of flaws, by section
    "LEARNERS": "evaluation/models/",  # of cross-validation, by modality
}
# sections of a configuration as `launder schema` prints them, named as the values of generators that they state
PUBLIC = {"Budget", "Images", "Privacy"}
AT_FIRST = 104  # names with several meanings when they were first counted, nine of those in the two sets above included

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*packages: str) -> list[Path]:
    """Return the Python files of packages."""
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def largest_folder() -> tuple[int, str]:
    """Return how many files the fullest folder holds, and its path."""
    files = [p for package in PACKAGES for p in (ROOT / package).rglob("*") if p.is_file() and p.suffix != ".pyc"]
    folder, count = Counter(path.parent for path in files).most_common(1)[0]
    return count, folder.relative_to(ROOT).as_posix()


def deepest_path() -> tuple[int, str]:
    """Return the levels of folders below the top on the way to the deepest file, and its path."""
    paths = [path.relative_to(ROOT) for path in sources(*PACKAGES)]
    deepest = max(paths, key=lambda path: len(path.parts))
    return len(deepest.parts) - 1, deepest.as_posix()


def functions(*packages: str) -> Iterator[tuple[Path, Function]]:
    """Yield every function and method with its file."""
    for path in sources(*packages):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, Function):
                yield path, node


def lines_of(function: Function) -> int:
    """Return the lines of a function without its decorators and docstring."""
    documented = ast.get_docstring(function) is not None
    first = function.body[0]
    return function.end_lineno - function.lineno + 1 - (first.end_lineno - first.lineno + 1 if documented else 0)


def typed(function: Function) -> bool:
    """Tell whether every argument but self and the result have a type."""
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
    named = [argument for argument in every if argument.arg not in ("self", "cls") and not argument.arg.startswith("_")]
    return function.returns is not None and all(argument.annotation for argument in named)


def meanings() -> dict[str, set[str]]:
    """Return names of classes and constants that modules bind differently: name -> the modules."""
    bound: dict[str, dict[str, str]] = defaultdict(dict)  # name -> module -> what it is bound to
    for path in sources(*TYPED):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            module = path.relative_to(ROOT).as_posix()
            for name, value in _bindings(node):
                one_idea = name in INTERFACE and module.startswith(INTERFACE[name])
                bound[name][module] = "interface" if one_idea else value
    return {name: set(bound[name]) for name in bound.keys() - PUBLIC if len(set(bound[name].values())) > 1}


def _bindings(node: ast.stmt) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.ClassDef):
        yield node.name, f"class at {id(node)}"
    elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            yield from ((n.id, ast.unparse(node.value)) for n in names if isinstance(n, ast.Name) and n.id.isupper())


def main() -> None:
    """Print one table."""
    every, own = list(functions(*TYPED)), meanings()
    longest = max(every, key=lambda found: lines_of(found[1]))
    median = sorted(lines_of(function) for _, function in every)[len(every) // 2]
    longest_file = max(sources(*PACKAGES), key=lambda path: len(path.read_text(encoding="utf-8").splitlines()))
    share = sum(typed(function) for _, function in every) / len(every)
    table = Table("what", "figure", "where")
    table.add_row("files in the largest folder", *map(str, largest_folder()))
    table.add_row("levels of folders below the top", *map(str, deepest_path()))
    lines = len(longest_file.read_text(encoding="utf-8").splitlines())
    table.add_row("lines of the longest file", str(lines), longest_file.relative_to(ROOT).as_posix())
    table.add_row(
        "lines of the longest function", str(lines_of(longest[1])), f"{longest[0].relative_to(ROOT)}: {longest[1].name}"
    )
    table.add_row("lines of the median function", str(median), f"{len(every):,} functions")
    table.add_row("names with several meanings", f"{len(own)} ({AT_FIRST} at first)", ", ".join(sorted(own)) or "-")
    table.add_row("functions wholly typed", f"{share:.1%}", ", ".join(TYPED))
    Console().print(table)


if __name__ == "__main__":
    main()
