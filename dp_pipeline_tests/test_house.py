"""What holds of all of the code: names, imports and sizes that a reader can rely on."""

import ast
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

TESTS = Path(__file__).resolve().parent
PACKAGE = TESTS.parent / "dp_pipeline"
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 400, 60
# Dagster's private names stand here, each with its reason.
PRIVATE = {"dagster_internals.py", "dagster_storage.py"}


def modules() -> dict[str, tuple[Path, ast.Module]]:
    """Every module by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path, ast.parse(path.read_text())
    return found


def test_no_two_classes_share_a_name() -> None:
    places = defaultdict(list)
    for name, (_, tree) in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(name)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_private_names_of_dagster_stand_where_their_reason_is() -> None:
    importing = {
        path.name
        for path, tree in (found for found in modules().values())
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("dagster")
        and "._" in (node.module or "")
    }
    assert importing == PRIVATE


def test_no_module_or_package_imports_one_that_imports_it() -> None:
    found = modules()
    of_files: dict[str, set[str]] = {}
    of_packages: dict[str, set[str]] = defaultdict(set)
    for name, (_, tree) in found.items():
        imported = set()
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dp_pipeline"):
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    imported.add(inner if inner in found else str(node.module))
        of_files[name] = imported - {name}
        package = name.split(".")[1:2]
        for other in imported:
            if package and other.split(".")[1:2] not in ([], package):
                of_packages[package[0]].add(other.split(".")[1])
    for graph in (of_files, of_packages):
        TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_no_file_is_longer_than_a_reader_keeps_in_mind_and_no_function_either() -> None:
    long = []
    for path, tree in modules().values():
        lines = len(path.read_text().splitlines())
        long += [f"{path.name}: {lines} lines"] if lines > MOST_LINES else []
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > MOST_LINES_OF_A_FUNCTION:
                    long.append(f"{path.name}, {node.name}: {lines} lines")
    for path in TESTS.rglob("*.py"):
        lines = len(path.read_text().splitlines())
        long += [f"{path.name}: {lines} lines"] if lines > MOST_LINES else []
    assert long == []


def test_no_test_is_imported_by_another_one() -> None:
    importing = {
        path.name
        for path in TESTS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith(TESTS.name)
        and any(
            part.startswith("test_")
            for part in (*(node.module or "").split("."), *(alias.name for alias in node.names))
        )
    }
    assert importing == set(), "what two tests share stands in a helper or a conftest"
