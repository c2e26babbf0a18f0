"""Swagger 2.0 to OpenAPI 3.0. The document must be bundled: every reference is a `#/` one."""

from __future__ import annotations

from typing import Any, Final

from . import grammar

_MOVED: Final = (
    ("#/definitions/", "#/components/schemas/"),
    ("#/parameters/", "#/components/parameters/"),
    ("#/responses/", "#/components/responses/"),
)
_FORM: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_NOT_SCHEMA: Final = frozenset({
    "name", "in", "description", "required", "collectionFormat", "allowEmptyValue", "schema", "x-example",
})  # fmt: skip
_STYLES: Final = {"ssv": "spaceDelimited", "pipes": "pipeDelimited"}
_FLOWS: Final = {
    "implicit": "implicit",
    "password": "password",
    "application": "clientCredentials",
    "accessCode": "authorizationCode",
}


def upgraded(document: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI 3.0.3 document. Schemas are changed in place, so `document` is used up."""
    for kind, node, _ in grammar.walk(document, "root", grammar.V2):
        if kind == "schema":
            _schema(node)
        elif "$ref" in node:
            _moved(node)
    return _Upgrade(document).run()


def _moved(node: dict[str, Any]) -> None:
    ref = node["$ref"]
    if isinstance(ref, str):
        for before, after in _MOVED:
            if ref.startswith(before):
                node["$ref"] = after + ref[len(before) :]


def _schema(node: dict[str, Any]) -> None:
    if "$ref" in node:
        _moved(node)
    if isinstance(node.get("discriminator"), str):
        node["discriminator"] = {"propertyName": node["discriminator"]}
    if node.pop("x-nullable", None) is True:
        node["nullable"] = True
    if node.get("type") == "file":
        node["type"], node["format"] = "string", "binary"


def _value_schema(source: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter, header or item that 2.0 writes without one."""
    kept = {key: value for key, value in source.items() if key not in _NOT_SCHEMA and key != "items"}
    schema = {key: value for key, value in kept.items() if not key.startswith("x-") or key == "x-nullable"}
    schema.update({key: value for key, value in kept.items() if key.startswith("x-enum")})
    if isinstance(source.get("items"), dict):
        items = source["items"]
        schema["items"] = items if "$ref" in items else _value_schema(items)
    _schema(schema)
    return schema


def _extensions(source: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in source.items() if key.startswith("x-")}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


class _Upgrade:
    def __init__(self, document: dict[str, Any]) -> None:
        self._old = document
        self._consumes = _texts(document.get("consumes"))
        self._produces = _texts(document.get("produces"))
        self._shared = _mapping(document.get("parameters"))

    def run(self) -> dict[str, Any]:
        old = self._old
        new: dict[str, Any] = {"openapi": "3.0.3"}
        new.update({key: old[key] for key in ("info", "tags", "externalDocs", "security") if key in old})
        new.update(_extensions(old))
        servers = self._servers(_texts(old.get("schemes")))
        if servers:
            new["servers"] = servers
        new["paths"] = {
            path: self._path(item) if isinstance(item, dict) and not path.startswith("x-") else item
            for path, item in _mapping(old.get("paths")).items()
        }
        components = self._components()
        if components:
            new["components"] = components
        return new

    def _servers(self, schemes: list[str]) -> list[dict[str, Any]]:
        host = self._old.get("host")
        base = self._old.get("basePath")
        base = base if isinstance(base, str) else ""
        if not isinstance(host, str) or not host:
            return [{"url": base}] if base else []
        return [{"url": f"{scheme}://{host}{base}"} for scheme in schemes or ["https"]]

    def _components(self) -> dict[str, Any]:
        old = self._old
        made = {
            "schemas": old.get("definitions"),
            "responses": {
                name: self._response(each, self._produces)
                for name, each in _mapping(old.get("responses")).items()
            },
            "parameters": {
                name: _parameter(each)
                for name, each in self._shared.items()
                if isinstance(each, dict) and each.get("in") not in ("body", "formData")
            },
            "requestBodies": {
                name: self._body(each, self._consumes)
                for name, each in self._shared.items()
                if isinstance(each, dict) and each.get("in") == "body"
            },
            "securitySchemes": {
                name: _security(each) for name, each in _mapping(old.get("securityDefinitions")).items()
            },
        }
        return {key: value for key, value in made.items() if value}

    def _path(self, item: dict[str, Any]) -> dict[str, Any]:
        shared = self._resolved(item.get("parameters"))
        bodies = [each for each in shared if each.get("in") in ("body", "formData")]
        new: dict[str, Any] = {}
        for key, value in item.items():
            if key == "parameters":
                plain = [_parameter(each) for each in shared if each not in bodies]
                if plain:
                    new[key] = plain
            elif key in grammar.METHODS and isinstance(value, dict):
                new[key] = self._operation(value, bodies)
            else:
                new[key] = value
        return new

    def _resolved(self, parameters: Any) -> list[dict[str, Any]]:
        """Parameters with references to shared body and form parameters replaced by what they name."""
        made: list[dict[str, Any]] = []
        for each in parameters if isinstance(parameters, list) else []:
            if not isinstance(each, dict):
                continue
            ref = each.get("$ref")
            name = (
                ref.rpartition("/")[2].replace("~1", "/").replace("~0", "~") if isinstance(ref, str) else ""
            )
            named = self._shared.get(name)
            if isinstance(named, dict) and named.get("in") in ("body", "formData"):
                made.append({**named, "x-shared": name} if named.get("in") == "body" else named)
            else:
                made.append(each)
        return made

    def _operation(self, old: dict[str, Any], path_bodies: list[dict[str, Any]]) -> dict[str, Any]:
        consumes = _texts(old["consumes"]) if "consumes" in old else self._consumes
        produces = _texts(old["produces"]) if "produces" in old else self._produces
        own = self._resolved(old.get("parameters"))
        body = next((each for each in (*own, *path_bodies) if each.get("in") == "body"), None)
        form = [each for each in own if each.get("in") == "formData"]
        named = {each.get("name") for each in form}
        form += [e for e in path_bodies if e.get("in") == "formData" and e.get("name") not in named]
        dropped = ("consumes", "produces", "schemes", "parameters", "responses")
        new = {key: value for key, value in old.items() if key not in dropped}
        plain = [_parameter(each) for each in own if each.get("in") not in ("body", "formData")]
        if plain:
            new["parameters"] = plain
        if body is not None:
            new["requestBody"] = self._request(body, consumes)
        elif form:
            new["requestBody"] = _form(form, consumes)
        if "responses" in old:
            new["responses"] = {
                code: self._response(each, produces) if not str(code).startswith("x-") else each
                for code, each in _mapping(old["responses"]).items()
            }
        if _texts(old.get("schemes")) and self._old.get("host"):
            new["servers"] = self._servers(_texts(old["schemes"]))
        return new

    def _request(self, body: dict[str, Any], consumes: list[str]) -> dict[str, Any]:
        shared = body.get("x-shared")
        if shared is not None and consumes == self._consumes:
            name = shared.replace("~", "~0").replace("/", "~1")
            return {"$ref": f"#/components/requestBodies/{name}"}
        return self._body({key: value for key, value in body.items() if key != "x-shared"}, consumes)

    def _body(self, old: dict[str, Any], consumes: list[str]) -> dict[str, Any]:
        types = [each for each in consumes if each not in _FORM] or consumes or ["application/json"]
        new: dict[str, Any] = {"description": old["description"]} if "description" in old else {}
        media = {"schema": old["schema"]} if "schema" in old else {}
        new["content"] = {each: dict(media) for each in types}
        if old.get("required") is True:
            new["required"] = True
        return {**new, **_extensions(old)}

    def _response(self, old: Any, produces: list[str]) -> Any:
        if not isinstance(old, dict) or "$ref" in old:
            return old
        new: dict[str, Any] = {"description": old.get("description", "")}
        headers = _mapping(old.get("headers"))
        if headers:
            new["headers"] = {name: _header(each) for name, each in headers.items()}
        content: dict[str, Any] = {}
        if isinstance(old.get("schema"), dict):
            content = {each: {"schema": old["schema"]} for each in produces or ["application/json"]}
        for kind, example in _mapping(old.get("examples")).items():
            content.setdefault(kind, {})["example"] = example
        if content:
            new["content"] = content
        return {**new, **_extensions(old)}


def _parameter(old: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in old:
        return old
    new: dict[str, Any] = {key: old[key] for key in ("name", "in", "description", "required") if key in old}
    if old.get("allowEmptyValue") is True and old.get("in") == "query":
        new["allowEmptyValue"] = True
    new.update(_collection(old))
    if "x-example" in old:
        new["example"] = old["x-example"]
    new["schema"] = _value_schema(old)
    return {**new, **{key: value for key, value in _extensions(old).items() if key != "x-example"}}


def _collection(old: dict[str, Any]) -> dict[str, Any]:
    """How 3.0 writes a list in one text. `tsv` has no counterpart and is told as a comma list."""
    if old.get("type") != "array":
        return {}
    where, form = old.get("in"), old.get("collectionFormat", "csv")
    if where in ("path", "header"):
        return {"style": "simple"}
    if form == "multi":
        return {"style": "form", "explode": True}
    return {"style": _STYLES.get(form, "form") if isinstance(form, str) else "form", "explode": False}


def _header(old: Any) -> Any:
    if not isinstance(old, dict) or "$ref" in old:
        return old
    new = {"description": old["description"]} if "description" in old else {}
    return {**new, "schema": _value_schema(old), **_extensions(old)}


def _form(fields: list[dict[str, Any]], consumes: list[str]) -> dict[str, Any]:
    has_file = any(each.get("type") == "file" for each in fields)
    types = [each for each in consumes if each in _FORM and (each != _FORM[0] or not has_file)]
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    encoding: dict[str, Any] = {}
    for each in fields:
        name = str(each.get("name", ""))
        value = _value_schema(each)
        if "description" in each:
            value["description"] = each["description"]
        schema["properties"][name] = value
        if each.get("type") == "array":
            encoding[name] = _collection(each)
    required = [str(each.get("name", "")) for each in fields if each.get("required") is True]
    if required:
        schema["required"] = required
    media = {"schema": schema, **({"encoding": encoding} if encoding else {})}
    new: dict[str, Any] = {"content": dict.fromkeys(types or [_FORM[1] if has_file else _FORM[0]], media)}
    if required:
        new["required"] = True
    return new


def _security(old: Any) -> Any:
    if not isinstance(old, dict) or "$ref" in old:
        return old
    rest = {"description": old["description"]} if "description" in old else {}
    rest.update(_extensions(old))
    if old.get("type") == "basic":
        return {"type": "http", "scheme": "basic", **rest}
    if old.get("type") != "oauth2":
        return old
    flow = {
        new: old[key]
        for key, new in (("authorizationUrl", "authorizationUrl"), ("tokenUrl", "tokenUrl"))
        if key in old
    }
    flow["scopes"] = _mapping(old.get("scopes"))
    return {"type": "oauth2", "flows": {_FLOWS.get(str(old.get("flow")), "implicit"): flow}, **rest}
