"""Make the models that sit in a gateway's seats. None of them tries again by itself: the gateway does."""

from __future__ import annotations

from typing import Any

from langchain_core.language_models import BaseChatModel

from core import telemetry
from core.gateway.budget import Price
from core.gateway.errors import ModelMissing

OPENAI = "https://api.openai.com/v1"
PRICES = {
    "gpt-4.1": Price(2.0, 8.0),
    "gpt-4.1-mini": Price(0.4, 1.6),
    "gpt-4.1-nano": Price(0.1, 0.4),
}
"""OpenAI's own, per million tokens. Of every other model the price has to be given."""


def openai(
    model: str, key: str, base_url: str = OPENAI, *, timeout_s: float = 20.0, temperature: float | None = 0.0
) -> BaseChatModel:
    """Of OpenAI, or of any server that speaks its protocol. The environment redirects nothing."""
    try:
        import httpx  # noqa: PLC0415  # with the rest: 1.2 s CPU, and the planner needs none of it
        from langchain_openai import ChatOpenAI  # noqa: PLC0415  # as above

        from core.gateway import wire  # noqa: PLC0415  # imports httpx
    except ImportError as error:
        raise ModelMissing(f"langchain-openai is not installed: {error}.") from error
    telemetry.known_secret(key)
    timeout = httpx.Timeout(timeout_s, connect=min(timeout_s, 5.0))

    return ChatOpenAI(
        model=model,
        api_key=lambda: key,
        base_url=base_url,
        organization="",
        max_retries=0,
        timeout=timeout,
        temperature=temperature,
        stream_usage=base_url == OPENAI,  # other servers may refuse an option they do not know
        use_responses_api=False,
        http_client=httpx.Client(transport=wire.Transport(verify=wire.trusted()), timeout=timeout),
        http_async_client=wire.AsyncClient(timeout),
    )


def litellm(
    model: str, key: str = "", base_url: str = "", *, timeout_s: float = 20.0, temperature: float | None = 0.0
) -> BaseChatModel:
    """Of any provider, by LiteLLM's name for it, such as `anthropic/claude-sonnet-4-5`.

    Without a key LiteLLM takes the provider's own variable. LiteLLM is imported here and nowhere before.
    """
    try:
        from langchain_openai import ChatOpenAI  # noqa: PLC0415  # 1.2 s CPU, and the planner needs none of it
    except ImportError as error:
        raise ModelMissing(f"langchain-openai is not installed: {error}.") from error
    from core.gateway import anyone  # noqa: PLC0415  # only with the import above

    library = anyone.load()
    telemetry.known_secret(key)
    # With tools it loads its proxy's MCP handler first, which needs mcp 2 (we serve by mcp 1): not for us.
    fixed: dict[str, Any] = {"_skip_mcp_handler": True}
    fixed |= {"timeout": timeout_s, "num_retries": 0, "max_retries": 0}
    if key:
        fixed["api_key"] = key
    if base_url:
        fixed["api_base"] = base_url
    return ChatOpenAI(
        model=model,
        api_key=lambda: "none",  # LiteLLM has the real one
        base_url=OPENAI,  # and the real address
        temperature=temperature,
        max_retries=0,
        use_responses_api=False,
        disable_streaming=True,  # LiteLLM gives a stream that was cut a finish reason of its own
        client=anyone.Completions(library, fixed),
        async_client=anyone.AsyncCompletions(library, fixed),
    )
