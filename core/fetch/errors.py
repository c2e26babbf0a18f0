"""The ways a fetch is refused or fails. Messages and places never hold a query or a password."""

from __future__ import annotations

from core.errors import Forbidden, Invalid, NotFound, TooLarge, Unavailable


class UrlRefused(Invalid):
    """The URL is not plainly https://host/path."""

    code = "AW801"
    fix = "Give an https URL of a public host, without user, password or fragment."


class HostRefused(Forbidden):
    """The host is not on the list of allowed hosts."""

    code = "AW802"
    fix = "Add the host to fetch.hosts, or download the document and give the file."


class AddressRefused(Forbidden):
    """The host's address is not a public one."""

    code = "AW803"
    fix = "Download the document yourself and give the file."


class NameUnknown(Unavailable):
    """The host's name has no address."""

    code = "AW804"
    fix = "Look at the spelling of the host and at this machine's name resolution."


class Unreachable(Unavailable):
    """No connection to the host, or it broke."""

    code = "AW805"
    fix = "Try again later, or download the document and give the file."


class TlsFailed(Forbidden):
    """The host could not prove that it is the host."""

    code = "AW806"
    fix = "Look at the host's certificate. A private authority is trusted through SSL_CERT_FILE."


class TooSlow(Unavailable):
    """The deadline passed before the document was whole."""

    code = "AW807"
    fix = "Download the document yourself and give the file."


class BodyTooLarge(TooLarge):
    """The document is over the limit, as sent or decompressed."""

    code = "AW808"
    fix = "Download the document, take it apart into a folder of smaller files and give the folder."


class RedirectRefused(Forbidden):
    """The answer points to somewhere that is not followed."""

    code = "AW809"
    fix = "Give the URL the document really has."


class DocumentMissing(NotFound):
    """The host has no such document."""

    code = "AW810"
    fix = "Look at the path of the URL."


class AccessDenied(Forbidden):
    """The host wants to know who asks; nothing is ever sent that tells."""

    code = "AW811"
    fix = "Download the document with your own account and give the file."


class AnswerInvalid(Invalid):
    """The answer is not a whole HTTP answer with one document."""

    code = "AW812"
    fix = "Open the URL in a browser and look what it answers."


class TypeRefused(Invalid):
    """The answer is a web page, a picture or the like, not a document."""

    code = "AW813"
    fix = "Give the URL of the raw file, not of the page that shows it."


class HostFailed(Unavailable):
    """The host answered that it cannot answer now."""

    code = "AW814"
    fix = "Try again later."
