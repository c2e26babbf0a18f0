"""From the settings to what a session is opened with: said once for the roots that read settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from core import fetch, sandbox, telemetry
from core.errors import Invalid
from graphs import models
from graphs.integrate.session import Means

if TYPE_CHECKING:
    from pydantic import SecretStr

    from core.settings import Settings
    from core.telemetry.export import Telemetry


class TokenUnclear(Invalid):
    """A token without its host could be sent to the wrong one."""

    code = "AW909"
    fix = "Write each token as host=token, such as git.example.com=…, with commas between."


def of(known: Settings, *, is_warm: bool = False) -> Means:
    bounds = known.sandbox
    tokens = _tokens(known.git.tokens)
    return Means(
        home=known.home,
        store_url=known.store.url.get_secret_value(),
        remote=known.git.remote,
        hosts=known.git.hosts,
        level=sandbox.Level[bounds.level.upper()],
        limits=sandbox.Limits(cpu_s=bounds.cpu_s, wall_s=bounds.wall_s, memory_mb=bounds.memory_mb),
        kubernetes=known.kubernetes.version,
        lease_s=known.store.lease_s,
        is_warm=is_warm,
        token=(lambda host: tokens.get(host, "")) if tokens else None,
        fetch=_fetcher(known),
        llm=wanted(known),
    )


def _fetcher(known: Settings) -> Callable[[str], bytes]:
    """Gets a spec by its https address, within the bounds that are set."""
    bounds = fetch.FetchLimits(known.fetch.max_bytes, known.fetch.deadline_s, known.fetch.redirects)
    return lambda url: fetch.get(url, allow_hosts=known.fetch.hosts, limits=bounds).body


def queue_url(known: Settings) -> str:
    """The queue's URL: the one set, else PostgreSQL's where the store is there, else none."""
    if known.queue.url is not None:
        return known.queue.url.get_secret_value()
    store = known.store.url.get_secret_value()
    return store if store.startswith("postgres") else ""


def wanted(known: Settings) -> models.Wanted:
    """The model path that is set; with neither a key nor an address, the planner alone."""
    llm = known.llm
    has_primary = llm.key is not None or llm.url is not None
    url = queue_url(known)
    return models.Wanted(
        primary=_named(llm.model, llm.key, llm.url) if has_primary else None,
        fallback=_named(llm.fallback, llm.fallback_key, llm.fallback_url) if llm.fallback else None,
        timeout_s=llm.timeout_s,
        deadline_s=llm.deadline_s,
        tokens_per_day=llm.tokens_per_day,
        usd_per_day=llm.usd_per_day,
        redis_url=url if url.startswith(("redis", "unix")) else "",
    )


def _named(name: str, key: SecretStr | None, url: str | None) -> models.Named:
    return models.Named(name, key.get_secret_value() if key else "", url or "")


def recording(known: Settings, **everywhere: Any) -> Telemetry | None:
    """Spans go to the receiver that is set, each with what is true `everywhere`; None where none is set."""
    if not known.telemetry.endpoint:
        return None
    pairs = (each.get_secret_value().partition("=") for each in known.telemetry.headers)
    return telemetry.set_up(
        endpoint=known.telemetry.endpoint,
        headers={name: value for name, _, value in pairs},
        sample=known.telemetry.sample,
        everywhere=everywhere,
    )


def secrets(known: Settings) -> Iterator[str]:
    """Every secret the settings hold, so that logs and traces can leave them out."""
    yield from _tokens(known.git.tokens).values()
    for key in (known.llm.key, known.llm.fallback_key):
        if key is not None:
            yield key.get_secret_value()
    for url in (known.store.url, known.queue.url):
        if url is not None and (password := urlsplit(url.get_secret_value()).password):
            yield unquote(password)


def _tokens(listed: Iterable[SecretStr]) -> dict[str, str]:
    """Each host's token; what has no host is refused without being shown."""
    pairs = [each.get_secret_value().partition("=") for each in listed]
    if not all(host and token for host, _, token in pairs):
        raise TokenUnclear("A git token does not say for which host it is.", place="AUTOWEAVE_GIT_TOKENS")
    return {host: token for host, _, token in pairs}
