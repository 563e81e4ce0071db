"""The house: who may import whom, what may stand in code, and that the documents say what the package says.

Read from the sources (AST), so that nothing needs to run.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from empowersim.parameters import passports

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "empowersim"
FILES = sorted(SOURCE.rglob("*.py"))

# One-way order of docs/architecture.md: a module imports only from its own layer or from layers before it.
LAYERS = (
    "_version",
    "errors",
    "_jit",
    "maths",
    "rng",
    "schema",
    "parameters",
    "rules",
    "engine",
    "extend",
    "scenario",
    "results",
    "experiments",
    "trials",
    "evidence",
    "calibration",
    "abm",
    "fronts",
    "__init__",
    "__main__",
)


def dotted(path: Path) -> str:
    """Name below the package: ``rules.month``; the package itself is ``__init__``."""
    parts = list(path.relative_to(SOURCE).with_suffix("").parts)
    if len(parts) > 1 and parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


def layer(name: str) -> str:
    return name.partition(".")[0]


MODULES = {dotted(path): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def imported(name: str, tree: ast.AST) -> Iterator[str]:
    """Full names of everything a module imports anywhere, as ``numpy.random`` or ``empowersim.rules.month``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = ["empowersim", *name.split(".")]
                base = ".".join([*package[: len(package) - node.level], *([base] if base else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def own(name: str, tree: ast.AST) -> Iterator[str]:
    """Modules of the package that a module imports, below the package: ``rules.month``."""
    for full in imported(name, tree):
        if full.split(".")[0] != "empowersim":
            continue
        parts = full.split(".")[1:]
        while parts and ".".join(parts) not in MODULES:
            parts.pop()
        yield ".".join(parts) or "__init__"


# --- the import contract ------------------------------------------------------------------------------------------


def test_every_module_has_a_place_in_the_order():
    assert {layer(name) for name in MODULES} - set(LAYERS) == set()


@pytest.mark.parametrize("name", MODULES)
def test_imports_only_point_upwards(name):
    order = {known: position for position, known in enumerate(LAYERS)}
    against = [
        other
        for other in own(name, MODULES[name])
        if order[layer(other)] > order[layer(name)] or (layer(other) == "__init__" and layer(name) != "__main__")
    ]
    assert [other for other in against if other != name] == []


def test_no_circles_between_modules():
    edges = {name: set(own(name, tree)) - {name} for name, tree in MODULES.items()}
    while True:
        free = {name for name, targets in edges.items() if not targets & set(edges)}
        if not free:
            break
        edges = {name: targets for name, targets in edges.items() if name not in free}
    assert edges == {}, "modules that import each other in a circle"


CORE = [name for name in MODULES if layer(name) in {"errors", "_jit", "maths", "rng", "schema", "rules", "engine"}]
NOT_IN_THE_CORE = {"yaml", "csv", "json", "pandas", "pyarrow", "duckdb", "matplotlib", "mesa", "rich", "pydantic"}
NOT_IN_THE_CORE |= {"SALib", "ema_workbench", "pymoo", "streamlit", "distributed", "dask"}


@pytest.mark.parametrize("name", CORE)
def test_the_core_reads_no_files_and_knows_no_front(name):
    roots = {full.split(".")[0] for full in imported(name, MODULES[name])}
    assert roots & NOT_IN_THE_CORE == set()
    if name == "_jit":
        return  # reads the package's own sources to key its cache
    calls = {
        node.func.id for node in ast.walk(MODULES[name]) if isinstance(node, ast.Call) and hasattr(node.func, "id")
    }
    opened = {node.attr for node in ast.walk(MODULES[name]) if isinstance(node, ast.Attribute)}
    assert "open" not in calls
    assert opened & {"read_text", "read_bytes", "write_text", "write_bytes", "fromfile", "tofile", "loadtxt"} == set()


@pytest.mark.parametrize("name", MODULES)
def test_no_hidden_randomness(name):
    full = set(imported(name, MODULES[name]))
    assert not {one for one in full if one.split(".")[0] in {"random", "secrets", "uuid"}}
    assert not {one for one in full if one.startswith("numpy.random")}
    for node in ast.walk(MODULES[name]):
        if isinstance(node, ast.Attribute) and node.attr == "random" and isinstance(node.value, ast.Name):
            assert node.value.id not in {"np", "numpy"}, f"line {node.lineno}"


@pytest.mark.parametrize("name", MODULES)
def test_results_do_not_hang_on_string_hashes(name):
    """`hash` of a string changes from process to process."""
    calls = [
        node.lineno
        for node in ast.walk(MODULES[name])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hash"
    ]
    assert calls == []


def test_libraries_used_are_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(line for extra in extras.values() for line in extra)]
    declared = {re.split(r"[<>=;\[ ]", line)[0].lower() for line in wanted}
    names = {"yaml": "pyyaml", "dask": "distributed", "llvmlite": "numba", "pydantic_core": "pydantic"}
    used = {full.split(".")[0] for name, tree in MODULES.items() for full in imported(name, tree)}
    outside = {one for one in used if one not in sys.stdlib_module_names and one != "empowersim"}
    assert {one for one in outside if names.get(one, one).lower() not in declared} == set()


@pytest.mark.parametrize("statement", ["import empowersim", "import empowersim.fronts.cli"])
def test_importing_is_light(statement):
    """Heavy libraries load where they are used, so that ``empowersim --help`` answers at once."""
    heavy = ["numba", "numpy", "pandas", "pyarrow", "matplotlib", "scipy", "mesa", "pydantic", "yaml"]
    code = f"{statement}; import sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


# --- the rules ----------------------------------------------------------------------------------------------------

RULE_MODULES = sorted(name for name in MODULES if name.startswith("rules."))


def rules_of(name: str) -> list[ast.FunctionDef]:
    """Functions of a module that carry ``@rule``."""
    return [
        node
        for node in MODULES[name].body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(mark, ast.Name) and mark.id == "rule" for mark in node.decorator_list)
    ]


RULES = [(name, node) for name in RULE_MODULES for node in rules_of(name)]
BY_RULE = pytest.mark.parametrize(("name", "node"), RULES, ids=[f"{name}.{node.name}" for name, node in RULES])


def test_there_are_rules():
    assert len(RULE_MODULES) >= 10
    assert len(RULES) >= 40


STRUCTURE = {
    ("rules.start", 28): "halvings of a bisection, beyond the precision of float32",
}


@pytest.mark.parametrize("name", RULE_MODULES)
def test_no_coefficient_stands_in_a_rule(name):
    """0, 1 and 2 are structure (a bound, a doubling), and so is a power of one half; anything else has a passport."""
    found = [
        (node.lineno, node.value)
        for node in ast.walk(MODULES[name])
        if isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
        and node.value not in {0, 1, 2}
        and (name, node.value) not in STRUCTURE
    ]
    exponents = {
        node.right.lineno
        for node in ast.walk(MODULES[name])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant)
    }
    assert [(line, value) for line, value in found if line not in exponents] == []


@BY_RULE
def test_a_rule_says_what_it_returns(name, node):
    """A docstring with a unit, a range or the name of what comes out."""
    text = ast.get_docstring(node) or ""
    assert text.endswith((".", "]", ")")), "a full sentence"
    assert re.search(r"\(.+?\)|\b0\b|\b1\b|\bL\b|`\w+`|\ba (year|month)\b|[Ss]hare of", text), "unit or range"


@BY_RULE
def test_a_rule_has_no_branches(name, node):
    """A branch stops the loop over households from being vectorised; `select` and a loop of fixed length do not."""
    branches = [
        (part.lineno, type(part).__name__)
        for part in ast.walk(node)
        if isinstance(part, ast.If | ast.IfExp | ast.While | ast.Try | ast.BoolOp)
        or (isinstance(part, ast.For) and not ast.unparse(part.iter).startswith("range(_"))
    ]
    assert branches == []


NO_TOPIC_OF_ITS_OWN = {"rules.month", "rules.start", "rules.survey"}  # they compose the rules of other topics


@pytest.mark.parametrize("name", [name for name in RULE_MODULES if name not in {"rules", *NO_TOPIC_OF_ITS_OWN}])
def test_a_rule_module_names_its_numbers_and_its_evidence(name):
    text = ast.get_docstring(MODULES[name]) or ""
    assert ".yaml" in text, "the parameter file"
    assert re.search(r"C\d{3}|section \d|domain model|assumed", text), "evidence, or that it is assumed"


@BY_RULE
def test_every_rule_is_part_of_the_model(name, node):
    """Called somewhere outside its own definition; a rule that nothing calls is dead science."""
    called = {
        part.attr if isinstance(part, ast.Attribute) else part.id
        for other, tree in MODULES.items()
        if layer(other) in {"rules", "engine", "abm", "scenario", "experiments"}
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        for part in [call.func]
        if isinstance(part, ast.Attribute | ast.Name)
    }
    assert node.name in called


# --- the parameters -----------------------------------------------------------------------------------------------


def attributes_in(layers: set[str]) -> set[str]:
    """Names read as ``something.name`` in modules of these layers."""
    return {
        node.attr
        for name, tree in MODULES.items()
        if layer(name) in layers
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
    }


def test_every_parameter_is_used():
    """Read as ``p.name`` (or ``parameters.name``) in a rule or in the engine; nobody keeps a number for show."""
    used = attributes_in({"rules", "engine", "scenario", "experiments"})
    assert sorted({name for name, one in passports().items() if one.topic != "survey"} - used) == []


def test_what_surveys_get_wrong_is_used_where_surveys_are_and_nowhere_else():
    """Parameters of the topic `survey`: read where studies are, and by nothing that a household lives through."""
    errors_of_surveys = {name for name, one in passports().items() if one.topic == "survey"}
    assert errors_of_surveys
    assert sorted(errors_of_surveys - attributes_in({"trials", "evidence"})) == []
    assert sorted(errors_of_surveys & attributes_in({"rules", "engine", "scenario", "experiments"})) == []


def test_every_parameter_that_a_rule_reads_exists():
    read = {
        (name, node.attr)
        for name in RULE_MODULES
        for node in ast.walk(MODULES[name])
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "p"
    }
    assert sorted((name, attribute) for name, attribute in read if attribute not in passports()) == []


# --- the documents ------------------------------------------------------------------------------------------------


def script(name: str):
    """Load a file of scripts/ as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES = script("make_docs").pages()


@pytest.mark.parametrize("page", PAGES)
def test_generated_documents_are_up_to_date(page):
    assert (ROOT / page).read_text(encoding="utf-8") == PAGES[page], "run: python3 go.py docs"


def version() -> str:
    text = (SOURCE / "_version.py").read_text(encoding="utf-8")
    return re.search(r'__version__ = "(.+)"', text)[1]


def test_the_version_is_written_once():
    """The files that must repeat it agree with it, and no module writes it again."""
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {version()}\n" in citation
    assert "version" in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dynamic"]
    again = [
        path for path in FILES if path.name != "_version.py" and f'"{version()}"' in path.read_text(encoding="utf-8")
    ]
    assert again == []


def test_the_changelog_tells_changes_of_numbers_apart():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert any(section.startswith(("Unreleased", version())) for section in sections)
    assert [section.split("\n")[0] for section in sections if "### Changes of numbers" not in section] == []


LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("path", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_links_between_documents_lead_somewhere(path):
    targets = [link for link in LINK.findall(path.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in targets if not (path.parent / link).exists()] == []


def test_decisions_are_numbered_and_name_what_lost():
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    without = [path.name for path in decisions if "## What lost" not in path.read_text(encoding="utf-8")]
    assert without == []


def test_the_readme_names_the_two_commands_that_the_ci_runs():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"python3 go\.py (\w+)", readme)
    assert {"demo", "test"} <= set(commands)
    assert "python3 go.py test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


# --- what must not be in any file ---------------------------------------------------------------------------------


def kept_files() -> list[Path]:
    """Files under version control, or about to be: all that git does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [ROOT / line for line in done.stdout.splitlines()]
    return [path for path in paths if path.is_file() and path.suffix not in {".png", ".parquet", ".ico"}]


# written in pieces, so that this file does not find itself
FORBIDDEN = {
    "home folder": re.compile(r"(?<![\w.])/(?:root|home|Users)" + r"/[\w.-]+"),
    "folder of a machine": re.compile(r"(?<![\w.~<>}-])/(?:tmp|work|farm|opt|mnt|srv|etc)" + r"/[\w.-]+"),
    "drive letter": re.compile(r"(?<!\w)[C-Z]:" + r"\\{1,2}[A-Za-z]"),
    "host of a package registry": re.compile(
        r"pypi" + r"\.org|python" + r"hosted|npm" + r"js|anaconda" + r"\.org|deb\." + r"debian"
    ),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_machine_paths_and_no_registries_in_the_files(what):
    hits = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in kept_files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if FORBIDDEN[what].search(line)
    ]
    assert hits == []


def test_constraints_are_plain_pins():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    pattern = re.compile(
        r"[a-z0-9-]+==[0-9][\w.]*( ; python_version == \"3\.\d+\"( or python_version == \"3\.\d+\")*)?"
    )
    assert [line for line in pins if not pattern.fullmatch(line)] == []
    assert len(pins) >= 20
