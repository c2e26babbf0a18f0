"""What the two drivers raise, as the store's own errors. Nothing else in the store knows a driver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import AppError
from core.store.errors import (
    StoreBroken,
    StoreBusy,
    StoreCorrupt,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
    ValueNotPlain,
    WordTooLong,
)

# SQLite's primary result codes, and PostgreSQL's SQLSTATEs (whole, or their class of two letters).
_SQLITE: dict[int, type[AppError]] = {
    5: StoreBusy,
    6: StoreBusy,
    8: StoreReadOnly,
    10: StoreBroken,
    11: StoreCorrupt,
    13: StoreFull,
    14: StoreUnavailable,
    26: StoreCorrupt,
}
_POSTGRES: dict[str, type[AppError]] = {
    "55P03": StoreBusy,  # lock_timeout
    "57014": StoreBusy,  # statement_timeout
    "40": StoreBusy,  # deadlock, serialization
    "25006": StoreReadOnly,
    "42501": StoreReadOnly,
    "53": StoreFull,
    "54": WordTooLong,  # a name longer than an index row
    "58": StoreBroken,  # the server's disk
    "XX": StoreCorrupt,
}
_WORDS: dict[type[AppError], str] = {
    StoreBusy: "Another process held the store for too long.",
    StoreReadOnly: "The store refuses to be written.",
    StoreFull: "The store's disk is full.",
    WordTooLong: "A name is longer than the database's index takes.",
    StoreBroken: "The store's disk failed to write.",
    StoreCorrupt: "The store is damaged.",
    StoreUnavailable: "The store does not answer.",
}


@contextmanager
def translated(place: str) -> Iterator[None]:
    """`place` names the store without its password. The driver's text is kept as the cause only."""
    try:
        yield
    except PoolTimeout as error:
        raise StoreBusy("Every connection to the store is in use.", place=place) from error
    except (DataError, UnicodeEncodeError) as error:  # NUL in PostgreSQL, a lone surrogate in both
        raise ValueNotPlain("A word has a character that the database cannot keep.", place=place) from error
    except DBAPIError as error:
        kind = _kind(error)
        if kind is None:
            raise
        raise kind(_WORDS[kind], place=place) from error


def _kind(error: DBAPIError) -> type[AppError] | None:
    """None for what only a mistake of ours can cause."""
    number = getattr(error.orig, "sqlite_errorcode", None)
    if number is not None:
        return _SQLITE.get(number & 0xFF)
    state = getattr(error.orig, "sqlstate", None) or ""
    known = _POSTGRES.get(state) or _POSTGRES.get(state[:2])
    if known is not None:
        return known
    lost = error.connection_invalidated or state[:2] in {"08", "57"}
    is_connection = isinstance(error, OperationalError | InterfaceError) and not state
    return StoreUnavailable if lost or is_connection else _damage(error)


def _damage(error: DBAPIError) -> type[AppError] | None:
    """Python's driver gives no number for a file that stopped being a database in mid-read."""
    text = str(error.orig)
    is_damage = type(error) is DatabaseError and ("malformed" in text or "not a database" in text)
    return StoreCorrupt if is_damage else None
