"""`/mcp` itself: who is let in, what is a message, and what a failure may say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from core.http import context
from core.http.context import web
from tests.http import shelves

KEY = {"X-Api-Key": "key-a"}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(shelves.app(origins=("https://ui.example",)), base_url="http://localhost") as made:
        yield made


def ask(client: TestClient, method: str, headers: dict[str, str] | None = None, **params: Any) -> Any:
    message = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
    return client.post("/mcp", json=message, headers={**KEY, **(headers or {})})


def call(client: TestClient, name: str, **arguments: Any) -> Any:
    return ask(client, "tools/call", name=name, arguments=arguments).json()["result"]


def test_a_call_without_a_session_is_answered(client: TestClient) -> None:
    made = call(client, "say", text="ha", times=2)

    assert made["structuredContent"] == {"text": "haha", "tenant": "a"}
    assert json.loads(made["content"][0]["text"]) == made["structuredContent"]
    assert made["isError"] is False


def test_the_caller_is_the_keys_own(client: TestClient) -> None:
    answer = ask(client, "tools/call", {"X-Api-Key": "key-b"}, name="say", arguments={"text": "x"}).json()

    assert answer["result"]["structuredContent"]["tenant"] == "b"


def test_whoever_accepts_events_gets_events(client: TestClient) -> None:
    answer = ask(client, "ping", {"Accept": "application/json, text/event-stream"})

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert '"result":{}' in answer.text


def test_whoever_accepts_anything_gets_json(client: TestClient) -> None:
    answer = ask(client, "ping", {"Accept": "*/*"})

    assert answer.json() == {"jsonrpc": "2.0", "id": 7, "result": {}}


def test_a_tool_shows_its_schemas_and_hints(client: TestClient) -> None:
    tools = {tool["name"]: tool for tool in ask(client, "tools/list").json()["result"]["tools"]}

    assert tools["say"]["inputSchema"]["additionalProperties"] is False
    assert {"required": ["problem"]} in tools["say"]["outputSchema"]["anyOf"]
    assert tools["say"]["annotations"]["readOnlyHint"] is True
    assert tools["refuse"]["annotations"]["destructiveHint"] is True


def test_an_expected_failure_is_a_result_with_its_next_step(client: TestClient) -> None:
    made = call(client, "refuse", text="shop")

    assert made["isError"] is True
    assert made["content"][0]["text"].splitlines()[1:] == ["At: /text", "Next: Choose another."]
    assert made["structuredContent"]["problem"]["detail"] == "shop is taken."


def test_a_bug_in_a_tool_tells_nothing_of_itself(client: TestClient) -> None:
    made = call(client, "crash", text="x")

    assert made["isError"] is True
    assert made["structuredContent"]["problem"]["code"] == "AW999"
    assert "secret" not in json.dumps(made)


def test_an_unknown_tool_is_a_protocol_error_with_our_code(client: TestClient) -> None:
    error = ask(client, "tools/call", name="rm", arguments={}).json()["error"]

    assert error["code"] == -32602
    assert error["data"]["code"] == "AW965"
    assert error["data"]["facts"]["known"] == ["crash", "refuse", "say"]


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        ({"text": "x", "tenant": "b"}, "/tenant"),
        ({"text": 1}, "/text"),
        ({"text": None}, "/text"),
        ({"text": ["x"]}, "/text"),
        ({"text": "x", "times": "many"}, "/times"),
        ({"text": "x", "times": {"$ref": "/etc/passwd"}}, "/times"),
        ({"text": "x" * 1_000_000}, "/text"),
        ({}, "/text"),
        ({"text": "x", "x" * 5000: 1}, "/" + "x" * 20),
    ],
    ids=["extra", "number", "null", "list", "word", "object", "1 MB", "missing", "long name"],
)  # fmt: skip
def test_arguments_beyond_the_schema_are_refused_at_their_place(
    client: TestClient, arguments: dict[str, Any], place: str
) -> None:
    made = call(client, "say", **arguments)

    assert made["isError"] is True
    assert made["structuredContent"]["problem"]["code"] == "AW966"
    assert made["structuredContent"]["problem"]["place"] == place
    assert len(json.dumps(made)) < 2000, "the input is not told back"


def test_two_hundred_calls_in_one_message_are_refused(client: TestClient) -> None:
    one = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "say", "arguments": {}}}

    answer = client.post("/mcp", json=[one] * 200, headers=KEY)

    assert (answer.status_code, answer.json()["code"]) == (400, "AW967")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"[]", b"NaN", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 5000,
        b'{"jsonrpc":"1.0","id":1,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":null,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":true,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":1,"method":{}}',
        b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}',
        b'{"jsonrpc":"2.0","id":1,"result":{}}',
        b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":NaN}}',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\\ud800"}}',
    ],
    ids=range(17),
)  # fmt: skip
def test_what_is_no_message_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/mcp", content=body, headers={**KEY, "Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (400, "AW967")


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("rm", {}, -32601),
        ("tools/call", {}, -32602),
        ("tools/call", {"name": 1}, -32602),
        ("tools/call", {"name": "say", "arguments": "x"}, -32602),
        ("ping", {"_meta": {"progressToken": {}}}, -32602),
        ("initialize", {}, -32602),
    ],
)
def test_a_request_of_no_known_form_is_an_error_and_no_log_line(
    client: TestClient, caplog: pytest.LogCaptureFixture, method: str, params: dict[str, Any], code: int
) -> None:
    answer = ask(client, method, **params, canary="s3cr3t")

    assert answer.status_code == 200
    assert answer.json()["error"]["code"] == code
    assert "s3cr3t" not in caplog.text


def test_a_notification_is_taken_and_forgotten(client: TestClient) -> None:
    message = {"jsonrpc": "2.0", "method": "notifications/odd", "params": {"a": 1}}

    assert client.post("/mcp", json=message, headers=KEY).status_code == 202


def test_a_message_over_the_limit_is_refused_while_it_is_read() -> None:
    with TestClient(shelves.app(max_body=1000), base_url="http://localhost") as small:
        answer = ask(small, "ping", a="x" * 1000)

    assert (answer.status_code, answer.json()["code"]) == (413, "AW968")


def test_a_body_that_is_not_json_by_name_is_refused(client: TestClient) -> None:
    answer = client.post("/mcp", content=b"{}", headers={**KEY, "Content-Type": "text/plain"})

    assert (answer.status_code, answer.json()["place"]) == (400, "Content-Type")


def test_there_is_no_stream_to_listen_to_and_no_session_to_end(client: TestClient) -> None:
    assert client.get("/mcp", headers=KEY).status_code == 405
    assert client.delete("/mcp", headers=KEY).status_code == 405


def test_without_a_key_nothing_is_said(client: TestClient) -> None:
    answer = client.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})

    assert answer.status_code == 401
    assert "say" not in answer.text


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
def test_a_page_of_another_origin_is_refused_even_with_a_key(client: TestClient, origin: str) -> None:
    answer = ask(client, "ping", {"Origin": origin})

    assert (answer.status_code, answer.json()["code"]) == (403, "AW969")


@pytest.mark.parametrize("origin", ["https://ui.example", "http://localhost"])
def test_a_listed_page_and_the_servers_own_may_ask(client: TestClient, origin: str) -> None:
    assert ask(client, "ping", {"Origin": origin}).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [("evil.example", 403), ("localhost:8000", 200), ("127.0.0.1", 200), ("[::1]:80", 200), ("", 403)],
)
def test_without_a_key_only_the_servers_own_names_are_answered(host: str, status: int) -> None:
    anybody = shelves.FastAPI()
    anybody.include_router(web.router(shelves.SHELF, lambda _: shelves.KEYS["key-a"]))
    anybody.add_exception_handler(shelves.AppError, shelves.problems.on_app_error)
    message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}

    with TestClient(anybody, base_url="http://localhost") as client:
        answer = client.post("/mcp", json=message, headers={"Host": host})

    assert answer.status_code == status


def test_a_resource_is_read_by_its_address(client: TestClient) -> None:
    made = ask(client, "resources/read", uri="page://of/1.2").json()["result"]["contents"]

    assert made == [{"uri": "page://of/1.2", "mimeType": "text/plain", "text": "a:1.2"}]


@pytest.mark.parametrize(
    "uri",
    [
        "page://of/%2e%2e", "page://of/a%2Fb", "page://of/.ssh", "page://of/a/b", "page://of/", "page://of",
        "file:///etc/passwd", "page://of/a?b", "page://of/a#b", "page://of/" + "a" * 101, "page://of/é",
    ],
)  # fmt: skip
def test_an_address_with_anything_but_plain_segments_is_not_found(client: TestClient, uri: str) -> None:
    error = ask(client, "resources/read", uri=uri).json()["error"]

    assert error["code"] == -32002
    assert error["data"]["code"] == "AW965"


def test_a_bug_in_a_resource_tells_nothing_of_itself(client: TestClient) -> None:
    answer = ask(client, "resources/read", uri="page://broken")

    assert answer.json()["error"]["code"] == -32603
    assert "secret" not in answer.text


def test_resources_with_variables_are_listed_as_templates(client: TestClient) -> None:
    fixed = ask(client, "resources/list").json()["result"]["resources"]
    shaped = ask(client, "resources/templates/list").json()["result"]["resourceTemplates"]

    assert [each["uri"] for each in fixed] == ["page://index", "page://broken"]
    assert [each["uriTemplate"] for each in shaped] == ["page://of/{id}"]


def test_a_prompt_is_filled(client: TestClient) -> None:
    made = ask(client, "prompts/get", name="greet", arguments={"who": "Ada"}).json()["result"]

    assert made["messages"][0]["content"]["text"] == "Hi Ada"


@pytest.mark.parametrize(
    ("name", "arguments", "code"), [("nope", {}, "AW965"), ("greet", {}, "AW966")], ids=["name", "argument"]
)
def test_a_prompt_that_cannot_be_filled_is_an_error(
    client: TestClient, name: str, arguments: dict[str, str], code: str
) -> None:
    error = ask(client, "prompts/get", name=name, arguments=arguments).json()["error"]

    assert (error["code"], error["data"]["code"]) == (-32602, code)


def test_two_tools_of_one_name_are_a_mistake_of_ours() -> None:
    twice = shelves.SHELF.tools[:1] * 2

    with pytest.raises(AssertionError, match="one name"):
        context.Shelf(name="x", version="1", tools=twice)


def test_a_server_that_nobody_asked_over_mcp_has_not_loaded_the_package() -> None:
    probe = (
        "import sys\n"
        "from core.http.context import Shelf, web\n"
        "web.router(Shelf('x', '1'), lambda request: None)\n"
        "print(any(name == 'mcp' or name.startswith('mcp.') for name in sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
