"""Prints what the Python package offers, one line each: python.py FOLDER, the package's folder.

Only what is written is read, nothing is imported: signatures of .py and .pyi files. Where both are there, the .pyi counts.
"""

import ast
import pathlib
import sys

ROOT = pathlib.Path(sys.argv[1])


def module(name):
    """The statements of a module, those under `if TYPE_CHECKING:` included."""
    for suffix in (".pyi", ".py"):
        file = ROOT / f"{name}{suffix}"
        if file.exists():
            return list(flat(ast.parse(file.read_text()).body))
    raise SystemExit(f"there is no module {name}")


def flat(body):
    for node in body:
        if isinstance(node, ast.If):
            yield from flat(node.body)
            yield from flat(node.orelse)
        else:
            yield node


def public(name):
    # What a TypedDict must have stands in a base of its own.
    return not name.startswith("_") or name == "__init__" or name.endswith("Required")


def function(where, node):
    """A line for the function, and one for each argument."""
    name = f"{where}{node.name}"
    marks = {ast.unparse(mark) for mark in node.decorator_list}
    kind = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    if "property" in marks:
        kind = "property"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    yield f"{kind} {name}{returns}"
    given = node.args
    plain = given.posonlyargs + given.args
    defaults = [None] * (len(plain) - len(given.defaults)) + list(given.defaults)
    for argument, default in zip(plain, defaults):
        if argument.arg not in ("self", "cls") and public(argument.arg):
            yield parameter(name, argument, default is None, "")
    if given.vararg:
        yield parameter(name, given.vararg, False, "*")
    for argument, default in zip(given.kwonlyargs, given.kw_defaults):
        if public(argument.arg):
            yield parameter(name, argument, default is None, "keyword ")
    if given.kwarg:
        yield parameter(name, given.kwarg, False, "**")


def parameter(name, argument, required, kind):
    hint = f": {ast.unparse(argument.annotation)}" if argument.annotation else ""
    return f"argument {name}({kind}{argument.arg}{hint}){f' [required by {name}]' if required else ''}"


def lines(where, body, wanted=public):
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and wanted(node.name):
            yield from function(where, node)
        elif isinstance(node, ast.ClassDef) and wanted(node.name):
            bases = ", ".join(ast.unparse(base) for base in node.bases)
            yield f"class {where}{node.name}({bases})"
            # What a TypedDict of arguments must have, callers have to give.
            must = f" [required by {where}{node.name}]" if "TypedDict" in bases and "total=False" not in ast.unparse(node).split("\n", 1)[0] else ""
            for line in lines(f"{where}{node.name}.", flat(node.body)):
                must_not = "NotRequired[" in line or not line.startswith("field ")
                yield line if must_not else line + must
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and wanted(node.target.id):
            yield f"field {where}{node.target.id}: {ast.unparse(node.annotation)}"
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and wanted(target.id) and target.id != "__slots__":
                    yield from (f"value {where}{target.id} | {part}" for part in parts(node.value))


def parts(value):
    """A union is a line for each of its members, so that another one breaks nothing."""
    if isinstance(value, ast.Subscript) and ast.unparse(value.value) in ("Union", "Literal"):
        members = value.slice.elts if isinstance(value.slice, ast.Tuple) else [value.slice]
        for member in members:
            yield from parts(member)
    else:
        yield ast.unparse(value)


def exports():
    """Names of the package itself, and the modules that they come from."""
    found = {}
    for node in module("__init__"):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            for alias in node.names:
                found[alias.asname or alias.name] = (node.module, alias.name)
    return found


def main():
    names = exports()
    everything = []
    for name, (source, original) in sorted(names.items()):
        if not public(name):
            continue
        if source is None:
            everything.append(f"module approute.{name}")
            everything += lines(f"approute.{name}.", module(original))
            continue
        everything.append(f"name approute.{name}")
        everything += lines("approute.", module(source), lambda given, wanted=original: given == wanted)
    # The resources of a client are not names of the package, but what is used most.
    everything += lines("approute.", module("_resources"))
    everything += lines("approute.", module("_base"), lambda given: given in ("BaseClient", "base_url", "with_options"))
    everything += lines("approute.", module("_options"))
    print("\n".join(dict.fromkeys(everything)))


main()
