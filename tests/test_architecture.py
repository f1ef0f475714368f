"""The laws of the tree, read from its syntax trees: who imports whom, no pickle, names that are paths, short files."""

import ast
import builtins
import inspect
import re
import sys
from functools import cache
from pathlib import Path

import pytest

import evaluation
import generators
from benchmarks import structure

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("launderette", "generators", "evaluation", "pipelines", "benchmarks")
SOURCES = sorted(
    ["flows.py", *(path.relative_to(ROOT).as_posix() for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))]
)
PREFECT = {"pipelines/run/tasks.py", "flows.py"}
LIBRARIES = {"torch", "numpy", "pandas", "safetensors"}  # all that generators/ needs
OPTIONAL = {  # what is imported where it is there
    "generators/formats/dtypes.py": {"pyarrow"},  # writes columns back as the types of Arrow that they came in
    "generators/privacy/subsampling.py": {"dp_accounting"},  # adds up steps that use a random part of the rows
}
PICKLE = re.compile(r"pickle|joblib|\bdill\b|\bshelve\b|\bmarshal\b|^torch\.(load|save|package)\b")
LONGEST = 350  # lines


@cache
def tree(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def imported(module: ast.Module, path: str) -> set[str]:
    """Return the dotted names that a module of this path imports, also inside functions, relatively and by
    import_module.
    """
    package = path.removesuffix(".py").split("/")[:-1]
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            names = [*base, *([node.module] if node.module else [])]
            found |= {".".join([*names, alias.name]) for alias in node.names}
        elif isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] in ("import_module", "__import__"):
            found.add(written(node.args[0]))
    return {name.removeprefix("launderette.") for name in found}  # the house under its one name


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for a name or an attribute of one, nothing for other expressions."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def written(node: ast.AST) -> str:
    """Return a text as far as it stands in the source: `f"generators.{name}"` is `generators.`."""
    first = node.values[0] if isinstance(node, ast.JoinedStr) and node.values else node
    return str(first.value) if isinstance(first, ast.Constant) else "*"  # computed: from anywhere


@cache
def tops(path: str) -> set[str]:
    return {name.split(".")[0] for name in imported(tree(path), path)}


def pickled(module: ast.Module) -> list[str]:
    """Return what in a module names a pickle: modules, functions, arguments and texts, not docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    prose = {
        id(node.body[0].value)
        for node in ast.walk(module)
        if isinstance(node, documented) and node.body and ast.get_docstring(node)
    }
    said = [*imported(module, "x.py")]
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute | ast.Name):
            said.append(dotted(node))
        elif isinstance(node, ast.keyword) and node.arg:
            said.append(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            said.append(node.value)
    return sorted({text for text in said if PICKLE.search(text)})


def below(folder: str) -> list[str]:
    return [path for path in SOURCES if path.startswith(f"{folder}/")]


def test_generators_and_evaluation_know_neither_each_other_nor_pipelines():
    for folder, other in (("generators", "evaluation"), ("evaluation", "generators")):
        for path in below(folder):
            assert not tops(path) & {other, "pipelines", "flows", "benchmarks", "tests", "*"}, path


def test_pipelines_join_the_two_and_flows_come_last():
    joined = set().union(*(tops(path) for path in below("pipelines")))
    assert {"generators", "evaluation"} <= joined
    assert "pipelines" in tops("flows.py")
    # the command line starts the flows; nothing that a flow is made of may know it
    starters = {"pipelines/cli/serving.py", "pipelines/cli/terminal.py", "pipelines/run/api.py"}
    assert {path for path in below("pipelines") if "flows" in tops(path)} == starters


def test_prefect_is_imported_in_two_files_only():
    assert {path for path in SOURCES if any(name.startswith("prefect") for name in tops(path))} == PREFECT


def test_generators_need_four_libraries():
    for path in below("generators"):
        own = {"generators"} | OPTIONAL.get(path, set())
        assert tops(path) <= LIBRARIES | own | {"aliases"} | set(sys.stdlib_module_names), path


def test_nothing_is_pickled():
    assert not {path: found for path in SOURCES if (found := pickled(tree(path)))}


def test_prefect_stores_no_result():
    """One cache is enough, and a result stored without a serializer named would be a pickle."""
    nodes = [node for path in PREFECT for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    made = [call for call in nodes if dotted(call.func) in ("flow", "task")]
    assert len(made) == 4 and all(keeps_nothing(call) for call in made)


def keeps_nothing(call: ast.Call) -> bool:
    given = {k.arg: k.value for k in call.keywords}
    persists = given.get("persist_result")
    return isinstance(persists, ast.Constant) and persists.value is False and "cache_key_fn" not in given


def test_names_of_generators_are_paths():
    assert "tabular.autoregressive" in generators.names()
    for name in generators.names():
        path = f"generators/{name.replace('.', '/')}.py"
        module = generators.load(name)
        assert Path(module.__file__) == ROOT / path
        assert {"Config", "Model", "fit", "restore"} <= set(vars(module)), path


def test_names_of_metrics_are_paths():
    assert {"fidelity.shape", "utility.target", "diversity.coverage", "privacy.membership"} <= set(evaluation.names())
    for name in evaluation.names() + evaluation.names("image"):
        section, function = name.split(".")
        source = Path(inspect.getsourcefile(evaluation.load(name)))
        assert source == ROOT / "evaluation" / f"{section}.py" or source.parent == ROOT / "evaluation" / section
        assert function in {node.name for node in tree(str(source)).body if isinstance(node, ast.FunctionDef)}


OWN = {"LaunderError", "Unavailable", "GeneratorError", "EvaluationError", "Diverged"}
BUILT_IN = {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, Exception)}


def foreign(module: ast.Module) -> list[int]:
    """Return the lines that make or raise a built-in exception, whose text the redaction keeps back; pydantic's
    validators have to.
    """
    validators = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef) and validates(node)]
    inside = {id(node) for function in validators for node in ast.walk(function)}
    nodes = [node for node in ast.walk(module) if id(node) not in inside]
    named = [node.func for node in nodes if isinstance(node, ast.Call)] + [
        node.exc for node in nodes if isinstance(node, ast.Raise)
    ]
    return [kind.lineno for kind in named if kind is not None and dotted(kind) in BUILT_IN]


def validates(function: ast.FunctionDef) -> bool:
    called = [one.func for one in function.decorator_list if isinstance(one, ast.Call)]
    return any(dotted(one) in ("field_validator", "model_validator") for one in called)


def quoting(module: ast.Module) -> list[int]:
    """Return the lines that take over the text of an exception that may not be one of our own; looking into it is
    no taking over.
    """
    found = []
    for handler in (node for node in ast.walk(module) if isinstance(node, ast.ExceptHandler) and node.name):
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if {dotted(kind).split(".")[-1] for kind in kinds} <= OWN:
            continue
        looked = {id(inner) for node in ast.walk(handler) if isinstance(node, ast.Compare) for inner in ast.walk(node)}
        chosen = {
            id(node.body) for node in ast.walk(handler) if isinstance(node, ast.IfExp) and asks_for_own(node.test)
        }
        found += [
            node.lineno for node in ast.walk(handler) if id(node) not in looked | chosen and shows(node, handler.name)
        ]
    return found


def asks_for_own(test: ast.AST) -> bool:
    """Tell whether a condition is isinstance(error, one of our own types)."""
    return (
        isinstance(test, ast.Call) and dotted(test.func) == "isinstance" and dotted(test.args[1]).split(".")[-1] in OWN
    )


def shows(node: ast.AST, name: str) -> bool:
    """Tell whether a node is the text of the exception `name`: f"{error}", str(error), error.args."""
    told = isinstance(node, ast.Call) and dotted(node.func) in ("str", "repr") and node.args
    text = node.value if isinstance(node, ast.FormattedValue) else node.args[0] if told else None
    return (isinstance(text, ast.Name) and text.id == name) or dotted(node) == f"{name}.args"


def test_sentences_for_users_are_exceptions_of_our_own():
    """Only their texts pass the redaction: that of a built-in exception may quote a row."""
    shown = (path for path in SOURCES if not path.startswith(("benchmarks/", "launderette/")))
    assert not {path: lines for path in shown if (lines := foreign(tree(path)) + quoting(tree(path)))}


@pytest.mark.parametrize(
    "source",
    [
        "raise ValueError('expected x')",
        "raise TypeError",
        "def wrong(text):\n    return ValueError(f'expected x, found {text}')",
        "class A:\n    @property\n    def f(self):\n        raise KeyError(1)",
        "try:\n    f()\nexcept ValueError as error:\n    raise LaunderError(str(error)) from None",
        "try:\n    f()\nexcept (GeneratorError, OSError) as e:\n    raise LaunderError(f'expected x, found {e!r}') "
        "from None",
        "try:\n    f()\nexcept ValueError as e:\n    raise LaunderError('expected {}'.format(e.args[0])) from None",
        "try:\n    f()\nexcept OSError as e:\n    said = str(e)\n    raise LaunderError(said) from None",
    ],
)
def test_a_foreign_text_is_seen_however_it_is_passed_on(source):
    assert foreign(ast.parse(source)) or quoting(ast.parse(source))


def test_files_are_short():
    lines = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert not {path: count for path, count in lines.items() if count > LONGEST}


def test_no_class_and_no_constant_shares_its_name_with_another():
    found = {name: sorted(places) for name, places in structure.meanings().items()}
    assert not found, "rename one, or say in structure.INTERFACE of what interface it is"


IMPORTS = {
    "import evaluation.samples as s": "evaluation.samples",
    "def f():\n    from evaluation import samples": "evaluation.samples",
    "from ..evaluation import samples": "evaluation.samples",
    "from importlib import import_module\nimport_module(f'evaluation.{x}')": "evaluation.",
    "__import__(name)": "*",
}


@pytest.mark.parametrize("source", IMPORTS)
def test_an_import_is_seen_however_it_is_written(source):
    assert IMPORTS[source] in imported(ast.parse(source), "generators/x.py")


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import dump",
        "import torch\ntorch.load(path)",
        "from torch import load as read\nread(path)",
        "frame.to_pickle(path)",
        "np.load(path, allow_pickle=True)",
        "task(result_serializer='pickle')",
        "import_module('cloud' 'pickle')",
    ],
)
def test_a_pickle_is_seen_by_any_name(source):
    assert pickled(ast.parse(source))
