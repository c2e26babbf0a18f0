"""OpenAI's clients and those built on them, unchanged, against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.clients import npm
from tests.http import chats
from tests.serving import served


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(chats.app()) as base:
        yield base


@pytest.fixture
def client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="key-a", max_retries=0)


def user(text: str) -> Any:
    return {"role": "user", "content": text}


def test_openai_lists_the_models(client: openai.OpenAI) -> None:
    assert "talk" in [model.id for model in client.models.list()]
    assert client.models.retrieve("talk").owned_by == "autoweave"


def test_openai_gets_an_answer(client: openai.OpenAI) -> None:
    made = client.chat.completions.create(model="talk", messages=[user("hi")], temperature=0)

    assert made.choices[0].message.content == "You said: hi"
    assert made.usage is not None


def test_openai_reads_a_stream_to_its_usage(client: openai.OpenAI) -> None:
    pieces = list(
        client.chat.completions.create(
            model="counting", messages=[user("a")], stream=True, stream_options={"include_usage": True}
        )
    )

    assert "".join(each.choices[0].delta.content or "" for each in pieces if each.choices) == "human"
    assert pieces[-1].usage is not None
    assert pieces[-1].usage.total_tokens == 10


def test_openai_approves_by_answering(client: openai.OpenAI) -> None:
    asked = client.chat.completions.create(model="careful", messages=[user("go")]).choices[0].message

    turn: list[Any] = [user("go"), asked.to_dict(), user("approve")]
    made = client.chat.completions.create(model="careful", messages=turn)

    assert made.choices[0].message.content == "Decided: approve."


def test_openai_raises_its_own_errors(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="nope", messages=[user("hi")])
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="talk", messages=[user("hi")], n=2)
    with pytest.raises(openai.ConflictError):
        client.chat.completions.create(model="refusing", messages=[user("hi")])

    assert (unknown.value.code, refused.value.param) == ("AW971", "n")


def test_openai_raises_what_a_stream_tells(client: openai.OpenAI) -> None:
    with pytest.raises(openai.APIError, match="The name is taken"):
        list(client.chat.completions.create(model="refusing", messages=[user("hi")], stream=True))


def test_openai_with_a_wrong_key_fails_to_authenticate(url: str) -> None:
    stranger = openai.OpenAI(base_url=f"{url}/v1", api_key="key-x", max_retries=0)

    with pytest.raises(openai.AuthenticationError):
        stranger.models.list()


def test_openai_streams_asynchronously(url: str) -> None:
    async def read() -> str:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="key-a", max_retries=0) as client:
            stream = await client.chat.completions.create(model="talk", messages=[user("hi")], stream=True)
            return "".join([each.choices[0].delta.content or "" async for each in stream])

    assert asyncio.run(read()) == "You said: hi"


def test_langchain_talks_through_chatopenai(url: str) -> None:
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    model = ChatOpenAI(model="talk", base_url=f"{url}/v1", api_key=SecretStr("key-a"), max_retries=0)

    assert model.invoke("hi").text == "You said: hi"
    assert "".join(str(piece.text) for piece in model.stream("hi")) == "You said: hi"


@pytest.mark.slow
def test_litellm_talks_as_to_any_openai_model(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else it asks the network for prices
    import litellm

    given: Any = {"model": "openai/talk", "api_base": f"{url}/v1", "api_key": "key-a", "num_retries": 0}
    made = litellm.completion(**given, messages=[user("hi")], temperature=0.5, max_tokens=100)
    pieces = list(litellm.completion(**given, messages=[user("hi")], stream=True))

    assert made.choices[0].message.content == "You said: hi"
    assert "".join(each.choices[0].delta.content or "" for each in pieces) == "You said: hi"


@pytest.mark.node
def test_npm_openai_does_all_of_it(url: str) -> None:
    seen = npm.run("openai", "client.mjs", url, "key-a")

    assert "careful" in seen["models"]
    assert seen["said"] == "You said: hi"
    assert (seen["streamed"]["text"], seen["streamed"]["usage"]["total_tokens"]) == ("human", 10)
    assert "Answer `approve`" in seen["question"]
    assert seen["answered"] == "Decided: approve."
    assert (seen["unknown"]["status"], seen["unknown"]["code"]) == (404, "AW971")
    assert (seen["refused"]["status"], seen["refused"]["param"]) == (400, "n")
    assert seen["failed"]["code"] == "AW000"
