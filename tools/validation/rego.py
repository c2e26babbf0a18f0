"""Rego in this process, by regopy, behind walls: what regopy gets wrong is a failure, never a pass.

Known and held here: `set_input` does not escape strings, so a name could rewrite a verdict; unknown and
failing built-ins are silently undefined; results are printed as invalid JSON. `opa.runtime` would show
the process's environment to a policy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from core.errors import Invalid

# OPA's conventions as conftest reads them.
FAILURE = re.compile(r"(?:deny|violation)(?:_[a-zA-Z0-9]+)*")
WARNING = re.compile(r"warn(?:_[a-zA-Z0-9]+)*")
_PACKAGE = re.compile(r"^package[ \t]+([\w.]+)[ \t]*$", re.MULTILINE)
_HEAD = re.compile(r"^(?:default[ \t]+)?((?:deny|violation|warn)\w*)\b", re.MULTILINE)
_SET = re.compile(r"^(\w+)(?:[ \t]+contains\b|\[)", re.MULTILINE)
_CALL = re.compile(r"\b([a-z_][\w]*(?:\.[a-z_][\w]*)*)\(")
_NOT_CODE = re.compile(r'"(?:\\.|[^"\\\n])*"|`[^`]*`|#[^\n]*')
# Reachable or not, these are no business of a policy: the network, the environment, the clock, chance.
_FORBIDDEN = re.compile(
    r"\b(?:opa\.runtime|http\.send|net\.lookup_ip_addr|rand\.intn|uuid\.rfc4122|time\.now_ns|trace|print)\b"
)
_KEYWORDS = frozenset({"in", "if", "not", "some", "every", "contains", "else", "with", "as", "import"})


class PolicyRefused(Invalid):
    """A policy cannot be trusted to say no: it does not compile, or uses what we do not have."""

    code = "AW409"
    fix = "Mend the policy; `docs/validation.md` lists what policies may use."


class EvaluationFailed(Invalid):
    """A policy did not come to a verdict about a document."""

    code = "AW405"
    fix = "Look at the rule named, or at the document's values it works on."


class Policies:
    """Rego modules compiled once. `evaluate` gives every rule of the package `main` its result."""

    def __init__(self, sources: Mapping[str, str], data: Mapping[str, Any]) -> None:
        from regopy import Interpreter, LogLevel  # noqa: PLC0415  # 45 ms, only where policies are evaluated

        self.heads = heads(sources)
        # A partial set is always there, if empty: one that is missing was not evaluated.
        self._sets = {head for text in sources.values() for head in _SET.findall(text) if head in self.heads}
        self._rego = Interpreter()
        self._rego.log_level = LogLevel.NONE
        self._rego.strict_built_in_errors = True
        self._wanted = frozenset({*self.heads, "exception"})
        for name, source in sorted(sources.items()):
            _admit(self._rego, name, source, sources)
            self._guard(f"{name} does not compile", lambda n=name, s=source: self._rego.add_module(n, s))
        self._guard("the data is refused", lambda: self._rego.add_data_json(json.dumps(data)))
        self._bundle = self._guard("no compilation", lambda: self._rego.build("x = data.main", []))
        if not self._bundle.ok():
            raise PolicyRefused("The policies do not compile.", policies=sorted(sources))

    @staticmethod
    def _guard(problem: str, action: Any) -> Any:
        try:
            return action()
        except Exception as error:  # regopy throws RegoError, ValueError and others
            raise PolicyRefused(f"Policy refused: {problem}: {_short(error)}") from error

    def evaluate(self, document: Any) -> dict[str, Any]:
        """Rule name → value, for the rules that judge. Raises unless the whole evaluation is sound."""
        from regopy import rego_shared as shared  # noqa: PLC0415  # loaded with the interpreter

        output = None
        try:
            self._rego.set_input_term(json.dumps(document, ensure_ascii=False))
            output = shared.rego_bundle_query(self._rego._impl, self._bundle._impl)  # noqa: SLF001  # Output's own reader trips over its JSON
            if not shared.rego_output_ok(output):
                raise EvaluationFailed(f"The policies failed: {_short(shared.rego_output_string(output))}")
            value = _results(shared, shared.rego_output_node(output), self._wanted)
        except EvaluationFailed:
            raise
        except Exception as error:  # whatever regopy throws, there is no verdict
            raise EvaluationFailed(f"The policies failed: {_short(error)}") from error
        finally:
            if output is not None:
                shared.rego_free_output(output)
        if missing := self._sets - value.keys():
            raise EvaluationFailed(f"The policies gave no result for {', '.join(sorted(missing))}.")
        return value


def heads(sources: Mapping[str, str]) -> tuple[str, ...]:
    """The rules of package `main` that can fail or warn, in order."""
    found: set[str] = set()
    for source in sources.values():
        match = _PACKAGE.search(source)
        if match and match.group(1) == "main":
            found |= {
                head for head in _HEAD.findall(source) if FAILURE.fullmatch(head) or WARNING.fullmatch(head)
            }
    return tuple(sorted(found))


def _admit(rego: Any, name: str, source: str, sources: Mapping[str, str]) -> None:
    """Refuse built-ins we do not have or do not allow: to regopy an unknown one is merely undefined."""
    code = _NOT_CODE.sub('""', source)
    if not _PACKAGE.search(code):
        raise PolicyRefused(f"{name} names no package.", place=name)
    if forbidden := _FORBIDDEN.search(code):
        raise PolicyRefused(f"{name} uses `{forbidden.group()}`, which policies may not.", place=name)
    own = {match for text in sources.values() for match in re.findall(r"^(\w+)\(", text, re.MULTILINE)}
    for call in sorted(set(_CALL.findall(code))):
        if call in _KEYWORDS or call.rpartition(".")[2] in own or rego.is_builtin(call):
            continue
        raise PolicyRefused(f"{name} calls `{call}`, which is not available here.", place=name)


_ERROR = re.compile(r"\(error \d+:([^|()]+)\|(\d+)\|\d+\s*\(errormsg \d+:([^()]*)\)")


def _short(problem: object) -> str:
    """The first of the engine's errors; it prints its whole syntax tree with each."""
    text = " ".join(str(problem).split())
    first = _ERROR.search(text)
    return f"{first.group(3)} ({first.group(1)}, character {first.group(2)})" if first else text[:400]


def _results(shared: Any, results: Any, wanted: frozenset[str]) -> dict[str, Any]:
    """Results > Result > (Terms, Bindings > Binding(Var, Term)): the wanted parts of the value of `x`."""
    if shared.rego_node_size(results) == 0:
        return {}
    bindings = shared.rego_node_get(shared.rego_node_get(results, 0), 1)
    node = shared.rego_node_get(shared.rego_node_get(bindings, 0), 1)
    while shared.rego_node_type(node) == shared.NodeKind.Term:
        node = shared.rego_node_get(node, 0)
    found: dict[str, Any] = {}
    for index in range(shared.rego_node_size(node)):
        item = shared.rego_node_get(node, index)
        name = _value(shared, shared.rego_node_get(item, 0))
        if name in wanted:
            found[name] = _value(shared, shared.rego_node_get(item, 1))
    return found


def _value(shared: Any, node: Any) -> Any:
    """A node as Python data. Not by its JSON text: that is not escaped properly."""
    kinds = shared.NodeKind
    kind = shared.rego_node_type(node)
    if kind in (kinds.Term, kinds.Scalar):
        return _value(shared, shared.rego_node_get(node, 0))
    size = shared.rego_node_size(node)
    if kind in (kinds.Array, kinds.Set, kinds.Terms):
        return [_value(shared, shared.rego_node_get(node, i)) for i in range(size)]
    if kind == kinds.Object:
        return dict(_item(shared, shared.rego_node_get(node, i)) for i in range(size))
    return _scalar(kinds, kind, shared.rego_node_value(node))


def _item(shared: Any, node: Any) -> tuple[str, Any]:
    key = _value(shared, shared.rego_node_get(node, 0))
    text = key if isinstance(key, str) else json.dumps(key, sort_keys=True)
    return text, _value(shared, shared.rego_node_get(node, 1))


def _scalar(kinds: Any, kind: Any, text: str) -> Any:
    if kind == kinds.String:
        return _text(text)
    if kind == kinds.Int:
        return int(text)
    if kind == kinds.Float:
        return float(text)
    if kind in (kinds.True_, kinds.False_, kinds.Boolean):
        return text == "true"
    if kind in (kinds.Null, kinds.Undefined):
        return None
    raise EvaluationFailed(f"The policies gave something unexpected: {_short(text)}")


_BARE_QUOTE = re.compile(r'(?<!\\)((?:\\\\)*)"')


def _text(text: str) -> str:
    """Strings made by `lower`, `concat` and others carry bare quotes that were never there."""
    if '"' not in text and "\\" not in text:
        return text
    bare = _BARE_QUOTE.sub(r"\1", text)
    try:
        value: str = json.loads(f'"{bare}"', strict=False)
    except ValueError:
        return bare
    return value
