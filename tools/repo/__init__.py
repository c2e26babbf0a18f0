"""Publish to git: one commit and tag per build, exactly once, by anyone, through any crash."""

from tools.repo.cache import CacheRefused
from tools.repo.command import AnswerTooLarge, GitMissing, GitTimeout
from tools.repo.content import EntryRefused
from tools.repo.create import CreateRefused, create
from tools.repo.failures import AccessRefused, CacheBroken, RemoteDown, RemoteMissing
from tools.repo.locks import Busy
from tools.repo.message import FieldRefused
from tools.repo.objects import WriteFailed
from tools.repo.publication import Identity, Publication, Receipt
from tools.repo.push import PushRefused, TagTaken
from tools.repo.refs import RefRefused
from tools.repo.remote import Remote, RemoteRefused
from tools.repo.repository import BaseMoved, Commit, Contended, HistoryLost, Repository

__all__ = [
    "AccessRefused",
    "AnswerTooLarge",
    "BaseMoved",
    "Busy",
    "CacheBroken",
    "CacheRefused",
    "Commit",
    "Contended",
    "CreateRefused",
    "EntryRefused",
    "FieldRefused",
    "GitMissing",
    "GitTimeout",
    "HistoryLost",
    "Identity",
    "Publication",
    "PushRefused",
    "Receipt",
    "RefRefused",
    "Remote",
    "RemoteDown",
    "RemoteMissing",
    "RemoteRefused",
    "Repository",
    "TagTaken",
    "WriteFailed",
    "create",
]
