"""Messages with everything that may travel, and a sealer whose seals can be seen through."""

import enum
import itertools
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Literal, NewType

import msgspec

from isthmus.core import FINANCIAL, PERSONAL, Message, Money, Sealed

Secret = Annotated[str, PERSONAL, msgspec.Meta(pattern=r"\Asecret [a-z]{1,9}\Z")]
type Called = Secret
Known = NewType("Known", Secret)
type Several[T] = list[T]
type Either = Cat | Dog


class Mood(enum.Enum):
    CALM = "calm"
    CROSS = "cross"


class Person(Message, subject="pseudonym"):
    pseudonym: str
    name: Secret


class Cat(Message, tag=True, subject="owner"):
    owner: str
    owner_name: Called


class Dog(Message, tag=True):
    weight: int


class Bird(Message, tag=True):
    song: str


class Box[T](Message):
    content: T
    more: list[T]


class Plain(Message):
    """Hold nothing that is personal."""

    text: str
    count: int
    flag: bool
    mood: Mood
    kind: Literal["a", "b"]
    amount: Annotated[Money, FINANCIAL]
    rate: Decimal
    on: date
    at: datetime
    within: timedelta
    data: bytes
    limit: Money | None
    many: list[Dog]
    pair: tuple[int, str]
    of_numbers: dict[int, str]
    of_names: dict[str, Dog]
    pet: Bird | Dog | None = None


class Everything(Message, identity="id", subject="pseudonym"):
    """Hold personal values wherever they may stand."""

    id: str
    pseudonym: str
    name: Secret
    called: Called
    known: Known
    maybe: Secret | None
    maybe_too: Annotated[date | None, PERSONAL]
    aliases: list[Secret]
    born: Annotated[date, PERSONAL]
    rate: Annotated[Decimal, PERSONAL]
    wealth: Annotated[Money, PERSONAL]
    doctor: Annotated[Person, PERSONAL]
    friend: Person | None
    friends: Several[Person]
    lines: list[list[Person | None] | None]
    by_name: dict[str, Person]
    neighbours: tuple[Person, ...]
    either: Either | None
    pets: list[Cat | Dog]
    box: Box[Person]
    numbers: dict[int, str]
    plain: Dog
    at: datetime


class TransparentSealer:
    """Seal by turning every bit over; sealing anew gives other bytes with the same fingerprint."""

    def __init__(self) -> None:
        self.subjects: set[str] = set()
        self._nonces = itertools.count()

    def seal(self, subject: str, plaintext: bytes) -> Sealed:
        self.subjects.add(subject)
        nonce = next(self._nonces).to_bytes(8)
        fingerprint = sha256(subject.encode() + plaintext).hexdigest()
        turned = nonce + bytes(255 - byte for byte in plaintext)
        return Sealed(subject=subject, key_version=1, bytes=turned, fingerprint=fingerprint)

    def open(self, sealed: Sealed) -> bytes:
        return bytes(255 - byte for byte in sealed.bytes[8:])


PERSONAL_ANNOTATIONS: Sequence[object] = (
    Person,
    Everything,
    Person | None,
    Cat | Dog,
    Box[Person],
    Box[Cat | Dog],
    Several[Person],
)
