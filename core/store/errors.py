"""The ways a store refuses. In one module because the kinds of database share them."""

from __future__ import annotations

from core.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge, Unavailable, Unsupported


class StoreUrlInvalid(Invalid):
    """The URL does not name a store."""

    code = "AW701"
    fix = "Give sqlite:///path/to/file or postgresql://user@host/database."


class StoreDriverMissing(Unsupported):
    """The URL names PostgreSQL and its driver is not installed."""

    code = "AW702"
    fix = "Install it: uv sync --group postgres."


class StoreUnavailable(Unavailable):
    """The database does not answer."""

    code = "AW703"
    fix = "Look whether the database runs and can be reached, then try again."


class StoreBusy(Unavailable):
    """Another writer held the database for too long."""

    code = "AW704"
    fix = "Try again. If it lasts, look for a process that holds a transaction open."


class StoreFull(Unavailable):
    """There is no space left on the store's disk."""

    code = "AW705"
    status = 507
    fix = "Free space on the disk that holds the store, then try again."


class StoreReadOnly(Forbidden):
    """The database cannot be written, and a run must be."""

    code = "AW706"
    fix = "Make the file and its folder writable for this user, or name another store."


class StoreCorrupt(Unavailable):
    """The file is not a whole database. It is left as it is; no new one is made in its place."""

    code = "AW707"
    retryable = False
    fix = "Put a backup in its place, or move the file away to start with an empty store."


class StoreExposed(Forbidden):
    """Anybody on this machine could change or replace the store."""

    code = "AW708"
    fix = "Take the rights away (chmod o-w) from the file and its folder; see who wrote to it."


class StoreNewer(Unsupported):
    """A newer AutoWeave wrote this store."""

    code = "AW709"
    fix = "Use that newer version; a store is never migrated backwards."


class RunUnknown(NotFound):
    """This tenant has no such run."""

    code = "AW710"
    fix = "Look at the list of this tenant's runs for the id."


class RunTaken(Conflict):
    """Another worker holds the run's lease."""

    code = "AW711"
    retryable = True
    fix = "Wait until that worker ends or its lease does."


class RunEnded(Conflict):
    """The run is not in a state that allows this."""

    code = "AW712"
    fix = "Look at the run's state. An ended run can be opened again."


class LeaseLost(Conflict):
    """Another worker took the run over; what this one still wanted to write is refused."""

    code = "AW713"
    fix = "Nothing to do: the worker that holds the run finishes it."


class ReceiptDiffers(Conflict):
    """The effect already has another receipt."""

    code = "AW714"
    fix = "Look outside: the same effect may have been made twice."


class ApprovalStale(Conflict):
    """The answer names another plan than the one the run waits for."""

    code = "AW715"
    fix = "Look at the plan as it is now and answer that one."


class ValueNotPlain(Invalid):
    """Only plain JSON data is kept, and this is not."""

    code = "AW716"
    fix = "Use text, whole numbers of 64 bits, finite numbers, true, false, null, lists and objects."


class AttemptsUsedUp(Conflict):
    """Each worker that began the run died or lost it. It is not tried again by itself."""

    code = "AW717"
    fix = "Look why its workers end (memory, time limits); then open the run again."


class StoreBroken(Unavailable):
    """The disk failed to write. What it says of later writes cannot be believed, so none is tried."""

    code = "AW718"
    retryable = False
    fix = "Look at the disk's health (dmesg), then start the program again."


class ThreadExists(Conflict):
    """This tenant has a thread of this id."""

    code = "AW780"
    fix = "Use the thread that is there, or choose another id."


class ThreadMissing(NotFound):
    """This tenant has no such thread."""

    code = "AW781"
    fix = "Create the thread first, or look for it in the list of this tenant's threads."


class KeyMissing(NotFound):
    """There is no API key of this id."""

    code = "AW782"
    fix = "Look at the list of keys for the id; the secret itself is not kept."


class WordTooLong(Invalid):
    """A name that a caller chose is empty, or longer than an index takes."""

    code = "AW783"
    fix = "Use 1 to 255 characters."


class MetadataTooLarge(TooLarge):
    """A thread's metadata is for finding it, not for keeping documents."""

    code = "AW784"
    fix = "Keep the document elsewhere and its name in the metadata."


class KeyExists(Conflict):
    """Another API key has this id or digest."""

    code = "AW785"
    fix = "Make a new key; ids and secrets are never used twice."


class AdmissionsClosed(Unavailable):
    """The server is stopping and admits nothing more."""

    code = "AW786"
    fix = "Send it again: another server, or this one after its restart, takes it."


class StoreReplaced(Unavailable):
    """Another file stands where the open store was."""

    code = "AW787"
    retryable = False
    fix = "Find out who replaced the file; then start the program again."
