"""Five models as people write them; `schemas/` has what pydantic makes of them."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AnyUrl, BaseModel, ConfigDict, Field


class Address(BaseModel):
    street: str
    city: str
    postcode: str = Field(pattern=r"^[0-9]{5}$")


class Person(BaseModel):
    """Somebody with an address, and maybe another."""

    name: str = Field(min_length=1, max_length=80, description="first and last name")
    age: int | None = Field(default=None, ge=0, le=150)
    home: Address
    work: Address | None = None
    languages: list[str] = Field(default_factory=list, max_length=5)


class Priority(str, Enum):
    low = "low"
    normal = "normal"
    high = "high"


class Ticket(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(min_length=3, max_length=60)]
    priority: Priority
    kind: Literal["bug", "question"]
    labels: set[Annotated[str, Field(pattern=r"^[a-z]{2,12}$")]] = Field(min_length=1, max_length=4)
    points: int = Field(ge=0, le=100, multiple_of=5)


class Comment(BaseModel):
    author: str = Field(max_length=30)
    text: str = Field(max_length=200)
    replies: list[Comment] = Field(default=[], max_length=2)


class Card(BaseModel):
    method: Literal["card"]
    last_four: str = Field(pattern=r"^\d{4}$")


class Transfer(BaseModel):
    method: Literal["transfer"]
    iban: str = Field(pattern=r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$")
    booked: date | None


class Order(BaseModel):
    id: UUID
    made_at: datetime
    total: float = Field(gt=0, lt=10_000)
    payment: Annotated[Card | Transfer, Field(discriminator="method")]
    items: dict[str, Annotated[int, Field(ge=1)]] = Field(min_length=1)
    position: tuple[float, float] | None = None
    page: AnyUrl | None = None


class Comparison(BaseModel):
    op: Literal["<", ">", "="]
    column: str = Field(max_length=20)
    value: int | float | bool | str | None


class Both(BaseModel):
    op: Literal["and", "or"]
    left: Condition
    right: Condition


class Not(BaseModel):
    op: Literal["not"]
    of: Condition


Condition = Annotated[Comparison | Both | Not, Field(discriminator="op")]


class Query(BaseModel):
    table: str = Field(max_length=20)
    where: Condition | None = None
    limit: Annotated[int, Field(gt=0)] = 10


Both.model_rebuild()
Not.model_rebuild()

MODELS = {model.__name__: model for model in (Person, Ticket, Comment, Order, Query)}
