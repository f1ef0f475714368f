"""The section `augment` of a configuration."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from launderette.pipelines.config.sections import Section

Factor = Annotated[float, Field(ge=1, le=100, allow_inf_nan=False)]
Class = bool | int | float | str
SUM_TOLERANCE = 1e-6  # by how much shares may miss 1


class Augmentation(Section):
    """How a training set is enlarged. One of `to`, `counts` and `shares` says which rows it has afterwards; the target
    is score.target.

    `compare` names further generators, `curve` further multiples of the training rows for the verdict; repeats 0 for
    none.
    """

    to: Literal["balance"] | Factor | None = (
        None  # equal classes, or every class at so many times its rows; None for balance
    )
    times: Factor | None = None  # rows of a balanced class, in those of the largest; None for 3 under 5000 rows, else 1
    # rows of a class, real ones included
    counts: dict[Class, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    # of every class
    shares: dict[Class, Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]] = Field(default_factory=dict)
    filter: bool = True  # drop synthetic rows that a model of the real ones calls mislabelled
    weight: float = Field(1.0, gt=0, allow_inf_nan=False)  # of a synthetic row; a real one has 1
    bins: int | None = Field(None, ge=2, le=100)  # classes of equal size to cut a continuous target into
    test: str | None = None  # a table or images that must not be learned from
    compare: tuple[str, ...] = ()
    curve: tuple[Factor, ...] = ()
    folds: int = Field(5, ge=2, le=50)
    repeats: int | None = Field(None, ge=0, le=50)  # None for 2 of a table, 1 of images

    @field_validator("shares")
    @classmethod
    def _whole(cls, shares: dict) -> dict:
        if shares and abs(sum(shares.values()) - 1) > SUM_TOLERANCE:
            raise ValueError(f"expected augment.shares that sum to 1, found {sum(shares.values()):g}; correct them")
        return shares

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.counts) + bool(self.shares) + (self.to is not None) > 1:
            raise ValueError("expected one of to, counts and shares under augment, found several; keep one")
        return self
