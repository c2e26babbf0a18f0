"""GitHub's REST interface as far as we use it, over real TLS on loopback: a small git in memory.

It refuses what GitHub refuses, and notes in `wrong` each request whose form GitHub's own description
does not allow. `exchanges` can be held against that description where it is at hand.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.tls_host import AUTHORITY
from tools import catalog
from tools.catalog.sources import blob_id

HOST: Final = "api.github.com"
REPOSITORY: Final = "org/cloud_iac_factory"
TOKEN: Final = "token-of-a-test"
SHA: Final = "[0-9a-f]{40}"
R: Final = "/repos/{owner}/{repo}"
# Of GitHub's OpenAPI description: the fields of a body, those it must have first.
BODIES: Final[dict[tuple[str, str], tuple[set[str], set[str]]]] = {
    ("POST", f"{R}/git/blobs"): ({"content"}, {"encoding"}),
    ("POST", f"{R}/git/trees"): ({"tree"}, {"base_tree"}),
    ("POST", f"{R}/git/commits"): ({"message", "tree"}, {"parents", "author", "committer", "signature"}),
    ("POST", f"{R}/git/refs"): ({"ref", "sha"}, set()),
    ("PATCH", f"{R}/git/refs/{{ref}}"): ({"sha"}, {"force"}),
    ("POST", f"{R}/pulls"): ({"head", "base"}, {"title", "body", "draft", "maintainer_can_modify"}),
    ("PATCH", f"{R}/pulls/{{pull_number}}"): (set(), {"title", "body", "state", "base"}),
}
QUERIES: Final = {
    f"{R}/contents/{{path}}": {"ref"},
    f"{R}/pulls": {"state", "head", "base", "sort", "direction", "per_page", "page"},
}


@dataclass
class Fault:
    """One answer in place of the right one; `after` the work was done all the same."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "It fails."
    after: bool = False


@dataclass
class Exchange:
    method: str
    template: str
    body: Any
    status: int
    answer: Any


@dataclass(frozen=True)
class Request:
    """`words` are of its path and query."""

    words: dict[str, str]
    heads: dict[str, str]
    body: Any


class Refusal(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Double:
    blobs: dict[str, bytes] = field(default_factory=dict)
    trees: dict[str, dict[str, str]] = field(default_factory=dict)
    commits: dict[str, dict[str, Any]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    faults: dict[tuple[str, str], list[Fault]] = field(default_factory=dict)
    exchanges: list[Exchange] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    is_readable: bool = True

    def __enter__(self) -> Self:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        AUTHORITY.issue_cert(HOST, "localhost").configure_cert(context)
        self._server = _server(self)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
        assert kind or self.wrong == []

    @property
    def address(self) -> str:
        return f"localhost:{self._server.server_address[1]}"

    def wire(self, **options: Any) -> catalog.Wire:
        trust = ssl.create_default_context()
        AUTHORITY.configure_trust(trust)
        port = self._server.server_address[1]

        def connect(_host: str, _port: int, timeout_s: float) -> socket.socket:
            return socket.create_connection(("127.0.0.1", port), timeout=timeout_s)

        return catalog.Wire(**{"token": TOKEN, "trust": trust, "connect": connect, **options})

    def github(self, **options: Any) -> catalog.GitHub:
        return catalog.GitHub(catalog.Factory(repository=REPOSITORY), self.wire(**options))

    def fail(self, method: str, template: str, *faults: Fault) -> None:
        self.faults[(method, R + template)] = list(faults)

    def push(self, files: dict[str, bytes], branch: str = "main") -> str:
        """A commit on the branch with these files on top of what it has."""
        parent = self.refs.get(branch)
        tree = dict(self.trees[self.commits[parent]["tree"]]) if parent else {}
        for path, data in files.items():
            self.blobs[blob_id(data)] = data
            tree[path] = blob_id(data)
        self.refs[branch] = self.commit(self.tree(tree), [parent] if parent else [], "Push")
        return self.refs[branch]

    def files(self, branch: str) -> dict[str, bytes]:
        tree = self.trees[self.commits[self.refs[branch]]["tree"]]
        return {path: self.blobs[sha] for path, sha in tree.items()}

    def tree(self, entries: dict[str, str]) -> str:
        sha = _sha(entries)
        self.trees[sha] = dict(sorted(entries.items()))
        return sha

    def commit(self, tree: str, parents: list[str], message: str) -> str:
        made = {"tree": tree, "parents": parents, "message": message}
        sha = _sha([made, len(self.commits)])
        self.commits[sha] = made
        return sha

    # -- one request

    def answer(
        self, method: str, target: str, heads: dict[str, str], data: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
        self.heads.append(heads)
        for verb, template, work in _ROUTES:
            hit = re.fullmatch(_pattern(template), unquote(parts.path))
            if hit and verb == method:
                body = json.loads(data) if data else None
                request = Request({**hit.groupdict(), **query}, heads, body)
                return self._worked(method, template, work, request)
        self.wrong.append(f"no route {method} {target}")
        return 404, {}, b'{"message": "Not Found"}'

    def _worked(
        self, method: str, template: str, work: Callable[..., Any], request: Request
    ) -> tuple[int, dict[str, str], bytes]:
        self._check(method, template, request)
        planned = self.faults.get((method, template), [])
        fault = planned.pop(0) if planned else None
        status, found = (0, None) if fault and not fault.after else self._done(method, work, request)
        if fault:
            return fault.status, fault.headers, json.dumps({"message": fault.message}).encode()
        if isinstance(found, bytes):
            if "raw" not in request.heads["accept"]:
                self.wrong.append(f"a file was asked for as {request.heads['accept']}")
            return status, {}, found
        self.exchanges.append(Exchange(method, template, request.body, status, found))
        return status, {}, json.dumps(found).encode()

    def _done(self, method: str, work: Callable[..., Any], request: Request) -> tuple[int, Any]:
        words, known = request.words, request.heads.get("authorization")
        try:
            if known not in {f"Bearer {TOKEN}", None}:
                raise Refusal(401, "Bad credentials")
            if known is None and method != "GET":
                raise Refusal(401, "Requires authentication")
            if not self.is_readable or f"{words['owner']}/{words['repo']}" != REPOSITORY:
                raise Refusal(404, "Not Found")
            return 201 if method == "POST" else 200, work(self, words, request.body)
        except Refusal as refusal:
            return refusal.status, {"message": str(refusal)}

    def _check(self, method: str, template: str, request: Request) -> None:
        heads = request.heads
        if heads.get("host") not in {HOST, self.address}:
            self.wrong.append(f"{method} {template}: host is {heads.get('host')}")
        for name, wanted in (("user-agent", "autoweave"), ("x-github-api-version", "2022-11-28")):
            if heads.get(name) != wanted:
                self.wrong.append(f"{method} {template}: {name} is {heads.get(name)}")
        if not heads.get("accept", "").startswith("application/vnd.github"):
            self.wrong.append(f"{method} {template}: accept is {heads.get('accept')}")
        named = set(re.findall(r"{(\w+)}", template))
        if odd := request.words.keys() - named - QUERIES.get(template, set()):
            self.wrong.append(f"{method} {template}: query {sorted(odd)}")
        must, may = BODIES.get((method, template), (set(), set()))
        given = set(request.body or {})
        if method != "GET" and (must - given or given - must - may):
            self.wrong.append(f"{method} {template}: body {sorted(given)}")


def _server(double: Double) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            heads = {name.lower(): value for name, value in self.headers.items()}
            data = self.rfile.read(int(heads.get("content-length", "0")))
            status, more, body = double.answer(self.command, self.path, heads, data)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _any  # noqa: N815  # the library's names

        def log_message(self, *_: Any) -> None:
            """Nothing is said on stderr."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A client that hangs up is no news."""

    return Server(("127.0.0.1", 0), Handler)


def _sha(value: Any) -> str:
    return hashlib.sha1(json.dumps(value, sort_keys=True).encode(), usedforsecurity=False).hexdigest()


def _pattern(template: str) -> str:
    return re.sub(
        r"{(\w+)}", lambda hit: f"(?P<{hit[1]}>{'.+' if hit[1] in {'path', 'ref'} else '[^/]+'})", template
    )


def _commit_of(double: Double, branch: str) -> dict[str, Any]:
    if branch not in double.refs:
        raise Refusal(404, f"No commit found for the ref {branch}")
    return double.commits[double.refs[branch]]


def _repository(_: Double, __: dict[str, str], ___: Any) -> Any:
    return {"full_name": REPOSITORY, "default_branch": "main"}


def _contents(double: Double, words: dict[str, str], _: Any) -> Any:
    tree = double.trees[_commit_of(double, words.get("ref", "main"))["tree"]]
    path = words["path"]
    if path in tree:
        return double.blobs[tree[path]]
    inside = {name[len(path) + 1 :] for name in tree if name.startswith(f"{path}/")}
    if not inside:
        raise Refusal(404, "Not Found")
    return [
        {"name": name, "path": f"{path}/{name}", "type": "file" if name in inside else "dir",
         "sha": tree.get(f"{path}/{name}", "0" * 40), "size": 1}
        for name in sorted({each.partition("/")[0] for each in inside})
    ]  # fmt: skip


def _ref(branch: str, sha: str) -> dict[str, Any]:
    return {"ref": f"refs/heads/{branch}", "object": {"type": "commit", "sha": sha}}


def _get_ref(double: Double, words: dict[str, str], _: Any) -> Any:
    branch = words["ref"].removeprefix("heads/")
    if branch not in double.refs:
        raise Refusal(404, "Not Found")
    return _ref(branch, double.refs[branch])


def _get_commit(double: Double, words: dict[str, str], _: Any) -> Any:
    if words["commit_sha"] not in double.commits:
        raise Refusal(404, "Not Found")
    made = double.commits[words["commit_sha"]]
    return {"sha": words["commit_sha"], "message": made["message"], "tree": {"sha": made["tree"]}}


def _post_blob(double: Double, _: dict[str, str], body: Any) -> Any:
    data = (
        base64.b64decode(body["content"], validate=True)
        if body["encoding"] == "base64"
        else body["content"].encode()
    )
    double.blobs[blob_id(data)] = data
    return {"sha": blob_id(data), "url": f"https://{HOST}/blobs/{blob_id(data)}"}


def _post_tree(double: Double, _: dict[str, str], body: Any) -> Any:
    entries = dict(double.trees[body["base_tree"]]) if "base_tree" in body else {}
    for each in body["tree"]:
        if each["mode"] != "100644" or each["type"] != "blob" or ("sha" in each) == ("content" in each):
            raise Refusal(422, "tree.sha or tree.content")
        if "content" in each:
            data = each["content"].encode()
            double.blobs[blob_id(data)] = data
            entries[each["path"]] = blob_id(data)
        elif each["sha"] is None:
            del entries[each["path"]]
        elif each["sha"] in double.blobs:
            entries[each["path"]] = each["sha"]
        else:
            raise Refusal(422, "tree.sha is not a valid blob")
    return {"sha": double.tree(entries), "truncated": False, "tree": []}


def _post_commit(double: Double, _: dict[str, str], body: Any) -> Any:
    if body["tree"] not in double.trees or any(each not in double.commits for each in body["parents"]):
        raise Refusal(422, "Tree or parent does not exist")
    return {"sha": double.commit(body["tree"], body["parents"], body["message"])}


def _post_ref(double: Double, _: dict[str, str], body: Any) -> Any:
    branch = body["ref"].removeprefix("refs/heads/")
    if branch in double.refs or branch == body["ref"]:
        raise Refusal(422, "Reference already exists")
    if body["sha"] not in double.commits:
        raise Refusal(422, "Object does not exist")
    double.refs[branch] = body["sha"]
    return _ref(branch, body["sha"])


def _patch_ref(double: Double, words: dict[str, str], body: Any) -> Any:
    branch = words["ref"].removeprefix("heads/")
    if double.refs[branch] not in double.commits[body["sha"]]["parents"] or body.get("force"):
        raise Refusal(422, "Update is not a fast forward")
    double.refs[branch] = body["sha"]
    return _ref(branch, body["sha"])


def _get_pulls(double: Double, words: dict[str, str], _: Any) -> Any:
    return [
        each for each in double.pulls
        if each["state"] == words["state"] and words["head"] == f"org:{each['head']['ref']}"
        and each["base"]["ref"] == words.get("base", each["base"]["ref"])
    ]  # fmt: skip


def _post_pull(double: Double, _: dict[str, str], body: Any) -> Any:
    if any(each["head"]["ref"] == body["head"] and each["state"] == "open" for each in double.pulls):
        raise Refusal(422, f"A pull request already exists for org:{body['head']}.")
    if body["head"] not in double.refs or body["base"] not in double.refs:
        raise Refusal(422, "Validation Failed")
    number = len(double.pulls) + 1
    double.pulls.append(
        {"number": number, "state": "open", "title": body["title"], "body": body["body"],
         "html_url": f"https://github.com/{REPOSITORY}/pull/{number}",
         "head": {"ref": body["head"], "sha": double.refs[body["head"]]}, "base": {"ref": body["base"]}}
    )  # fmt: skip
    return double.pulls[-1]


def _patch_pull(double: Double, words: dict[str, str], body: Any) -> Any:
    double.pulls[int(words["pull_number"]) - 1] |= body
    return double.pulls[int(words["pull_number"]) - 1]


_ROUTES: Final[tuple[tuple[str, str, Callable[..., Any]], ...]] = (
    ("GET", R, _repository),
    ("GET", f"{R}/contents/{{path}}", _contents),
    ("GET", f"{R}/git/ref/{{ref}}", _get_ref),
    ("GET", f"{R}/git/commits/{{commit_sha}}", _get_commit),
    ("POST", f"{R}/git/blobs", _post_blob),
    ("POST", f"{R}/git/trees", _post_tree),
    ("POST", f"{R}/git/commits", _post_commit),
    ("POST", f"{R}/git/refs", _post_ref),
    ("PATCH", f"{R}/git/refs/{{ref}}", _patch_ref),
    ("GET", f"{R}/pulls", _get_pulls),
    ("POST", f"{R}/pulls", _post_pull),
    ("PATCH", f"{R}/pulls/{{pull_number}}", _patch_pull),
)
