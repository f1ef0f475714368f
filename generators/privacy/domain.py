"""What is publicly known of a table's columns, stated in a configuration: no field of a schema is read off rows, but
for those that `domain: learn` has learnt at a price (learning.py).

Rows are brought into the stated domain, each by itself: numbers beyond the bounds are clipped to them, labels that are
not listed become `(other)`, and what cannot be read is missing. So a row changes nothing but its own cells.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, time
from typing import Any

import numpy as np
import pandas as pd

from launderette.generators.data.schema import Boolean, Categorical, Column, Datetime, Numerical, Schema
from launderette.generators.data.values import names_of, single, text_of
from launderette.generators.errors import GeneratorError
from launderette.generators.formats import date_format, grid, number_format, timestamps
from launderette.generators.formats.decimals import EXACT_INTEGERS, numbers_of
from launderette.generators.privacy import accounting
from launderette.generators.privacy.ledger import PRIVACY_UNITS, Event, Ledger

OTHER_LABEL = "(other)"
TRUTHS = {"true": True, "1": True, "false": False, "0": False}
MOST_DECIMALS = 12
POWERS_BEYOND = 4  # of two, beyond learnt bounds, that a column's histogram counts too
YEARS = 2, 9998  # that every zone can write
DOMAINS = ("public", "learn")
NEEDED = {  # by kind, the fields that are stated or learnt
    "numerical": ("decimals", "bounds"),
    "datetime": ("format", "bounds"),
    "categorical": ("categories",),
    "boolean": (),
    "": ("kind",),
}
OPTIONAL = {"numerical": ("format",)}  # that may be stated too
KIND_EXAMPLES = {
    "numerical": "{kind: numerical, bounds: [lowest, highest], decimals: 0}",
    "categorical": "{kind: categorical, categories: [one, another]}",
    "datetime": '{kind: datetime, format: "%Y-%m-%d", bounds: ["2000-01-01", "2030-12-31"]}',
    "boolean": "boolean",
}
FINEST = (("%f", "microsecond"), ("%S", "second"), ("%s", "second"), ("%M", "minute"), ("%H", "hour"), ("%I", "hour"))


def private_field(name: str, what: str, kind: str | None = None) -> GeneratorError:
    """Return the error for a field of a column that only rows could tell."""
    lines = [f"columns: {{{name!r}: {form}}}" for key, form in KIND_EXAMPLES.items() if kind in (None, key)]
    return GeneratorError(
        f"expected {what} of column {name!r} stated under privacy.epsilon, found none; write {' or '.join(lines)} from "
        "what is publicly known, not from the data, or drop the column"
    )


@dataclass(frozen=True)
class PublicColumn:
    """One column as it is publicly known. `bounds` are numbers, or dates as `format` writes them; the `format` of
    numbers that are texts is how 1234.5 is written; `missing` tells whether values may be missing; `derived` is the
    formula of other columns that gives it (formulas.py).
    """

    name: str
    kind: str
    bounds: tuple[Any, Any] | None = None
    decimals: int | None = None
    categories: tuple[Any, ...] | None = None
    format: str = ""
    missing: bool = True
    derived: str = ""
    learnt: tuple[str, ...] = ()  # fields that rows have told, with noise; all others are public
    rows: tuple[int, ...] = ()  # of the first categories, or between the powers of two of its bounds, as they were told
    noise: float = 0.0  # the variance of that on these numbers

    @classmethod
    def read(cls, name: str, entry: str | Mapping[str, Any], *, learn: bool = False) -> "PublicColumn":
        """Read an entry under `columns`; GeneratorError for what is private, contradicts itself, or lacks, unless it
        is to `learn`.
        """
        entry = {"kind": entry} if isinstance(entry, str) else dict(entry)
        if learn and entry.get("kind", "infer") == "infer":
            entry["kind"] = ""
        elif entry.get("kind") not in KIND_EXAMPLES:
            if entry.get("kind") == "identifier":
                raise GeneratorError(
                    f"expected no identifier under privacy.epsilon, found column {name!r}, whose form only the rows "
                    f"could tell; write columns: {{{name!r}: drop}}"
                )
            raise private_field(name, "the kind")
        if unknown := sorted(set(entry) - {known.name for known in fields(cls)} | set(entry) & {"name"}):
            raise GeneratorError(f"expected public fields of column {name!r}, found {unknown[0]!r}; leave it out")
        entry |= {"derived": entry.get("derived") or ""}  # False, as of a column of which none is to be looked for
        listed = [key for key in ("bounds", "categories", "learnt", "rows") if entry.get(key) is not None]
        column = cls(name, **entry | {key: tuple(entry[key]) for key in listed})
        if learn:  # an empty list, as `launder init` leaves it, states nothing
            column = replace(column, bounds=column.bounds or None, categories=column.categories or None)
        column._check(learn)
        return column

    @property
    def lacking(self) -> tuple[str, ...]:
        """The fields that are not known."""
        if self.derived:
            return ()
        stated = {
            "kind": self.kind,
            "decimals": self.decimals is not None,
            "format": self.format,
            "bounds": self.bounds,
            "categories": self.categories,
        }
        return tuple(name for name in NEEDED[self.kind] if not stated[name])

    @property
    def entry(self) -> dict[str, Any]:
        """The column as an entry under `columns`, and what of it was learnt."""
        known = {key: getattr(self, key) for key in ("kind", *NEEDED[self.kind])}
        known |= {key: value for key in OPTIONAL.get(self.kind, ()) if (value := getattr(self, key))}
        lists = {key: list(value) for key, value in known.items() if isinstance(value, tuple)}
        own = {"missing": self.missing, "derived": self.derived, "learnt": list(self.learnt)}
        return known | lists | own | ({"rows": list(self.rows), "noise": self.noise} if self.rows else {})

    def _check(self, learn: bool) -> None:
        self._check_own()
        if self.derived:
            self._check_derived()
        elif self.lacking and not learn:
            own = {"numerical": "bounds and decimals", "datetime": "format and bounds", "categorical": "the categories"}
            raise private_field(self.name, own[self.kind], self.kind)
        if self.kind in ("numerical", "datetime") and not self.lacking and not self.derived:
            self._check_bounds()
        if self.kind == "categorical" and len(set(map(text_of, self.categories or ()))) < len(self.categories or ()):
            raise GeneratorError(f"expected every category of column {self.name!r} once, found one twice; keep one")

    def _check_own(self) -> None:
        """Raise GeneratorError for a field that no column of this kind has, and for a format that writes no number."""
        own = {*NEEDED[self.kind], *OPTIONAL.get(self.kind, ())}
        for name in ("bounds", "decimals", "categories", "format"):
            if self.kind and name not in own and getattr(self, name) not in (None, "", ()):
                raise GeneratorError(f"expected no {name} of column {self.name!r}, which is {self.kind}; leave it out")
        if self.kind == "numerical" and self.format and self.written is None:
            raise GeneratorError(
                f"expected as format of column {self.name!r} how it writes 1234.5, or 1234 if it has no decimals, such "
                f'as "€1,234.50" or "1.234,5 %", found {self.format!r}'
            )

    def _check_derived(self) -> None:
        if self.kind not in ("numerical", "datetime") or self.bounds or self.categories:
            raise GeneratorError(
                f"expected kind numerical or datetime, and neither bounds nor categories, of the derived column "
                f"{self.name!r}, found otherwise; its formula tells them"
            )
        if self.kind == "datetime":
            if not self.format:
                raise private_field(self.name, "the format", self.kind)
            date_format.check(self.format, "")

    def _check_bounds(self) -> None:
        bounds = self.bounds or ()
        if len(bounds) != 2:
            raise GeneratorError(f"expected two bounds of column {self.name!r}, found {len(bounds)}")
        if self.kind == "numerical" and not all(isinstance(b, int | float) and math.isfinite(b) for b in bounds):
            raise GeneratorError(f"expected two numbers as bounds of column {self.name!r}, found another value")
        if self.kind == "numerical" and not 0 <= (self.decimals or 0) <= MOST_DECIMALS:
            raise GeneratorError(f"expected decimals of 0 to {MOST_DECIMALS} of column {self.name!r}, found others")
        if self.kind == "datetime":
            date_format.check(self.format, "")
        low, high = self.ticks
        if not low < high or max(abs(low), abs(high)) > EXACT_INTEGERS * (8 if self.kind == "datetime" else 1):
            raise GeneratorError(
                f"expected a lower and a higher bound of column {self.name!r}, no further apart than 64-bit numbers "
                "of its decimals, found others"
            )

    @property
    def written(self) -> number_format.NumberFormat | None:
        """How numbers are written that are texts; None for plain ones."""
        return number_format.stated(str(self.format)) if self.kind == "numerical" and self.format else None

    @property
    def scale(self) -> float:
        """Ticks per unit of a number, microseconds per tick of a date (see grid.py)."""
        if self.kind == "numerical":
            return 10.0 ** (self.decimals or 0)
        unit = next((unit for directive, unit in FINEST if directive in self.format), "day")
        return float(timestamps.UNITS[unit])

    @property
    def ticks(self) -> tuple[int, int]:
        """The bounds on the column's grid."""
        values = pd.Series(list(self.bounds or ()), dtype="float64" if self.kind == "numerical" else "object")
        ticks, present = grid.to_grid(values, self.column, self.scale)
        if not present.all():
            raise GeneratorError(f"expected bounds of column {self.name!r} in its format, found another text")
        return int(ticks[0]), int(ticks[1])

    @property
    def widest(self) -> tuple[int, int]:
        """The ticks that values may have: beyond learnt bounds of numbers, too, where a histogram tells of rows."""
        low, high = self.ticks
        if self.kind != "numerical" or "bounds" not in self.learnt:
            return low, high
        return grid.further(low, POWERS_BEYOND), -grid.further(-high, POWERS_BEYOND)

    @property
    def column(self) -> Any:
        """The column of a schema, as rows are written."""
        match self.kind:
            case "numerical":
                whole = "Int64" if self.missing else "int64"
                dtype = "object" if self.format else whole if not self.decimals else "float64"
                return Numerical(self.name, dtype, self.decimals, self.written, self.derived or None)
            case "datetime":
                return Datetime(self.name, "object", self.format, derived=self.derived or None)
            case "boolean":
                return Boolean(self.name, "boolean" if self.missing else "bool")
        return Categorical(self.name, "object")

    @property
    def labels(self) -> list[Any]:
        """The labels that a value may have; of texts the last is for all others."""
        return [False, True] if self.kind == "boolean" else [*map(text_of, self.categories or ()), OTHER_LABEL]

    def conformed(self, values: pd.Series) -> pd.Series:
        """Return values as the column's type holds them, each by itself."""
        values = single(values)
        if self.kind == "numerical":
            return self._numbers(values)
        if self.kind == "datetime":
            return self._dates(values)
        texts = values.astype("object").map(text_of, na_action="ignore")
        if self.kind == "boolean":
            return pd.Series(pd.array([TRUTHS.get(text, pd.NA) for text in texts], "boolean"), index=values.index)
        return texts.where(texts.isna() | texts.isin(self.labels), OTHER_LABEL)

    def _dates(self, values: pd.Series) -> pd.Series:
        """Return dates as texts: of equal values of several types, such as 1 and True, none is read as the other is."""
        if values.dtype.kind == "M" and not isinstance(values.dtype, pd.ArrowDtype):
            years = (values.dt.tz_convert(None) if values.dt.tz is not None else values).dt.year
            return values.where(years.between(*YEARS)).dt.strftime(self.format).astype("object")
        return values.astype("object").map(self._date, na_action="ignore").astype("object")

    def _date(self, value: Any) -> str | None:
        if not isinstance(value, date | time | np.datetime64):
            return text_of(value)
        try:
            known = pd.Timestamp(value) if isinstance(value, np.datetime64) else value
            if isinstance(known, datetime | time) and "z" not in self.format.lower():
                known = known.replace(tzinfo=None)  # by its own clock, as where all values are of one zone
            if isinstance(known, date) and not YEARS[0] <= known.year <= YEARS[1]:
                return None
            return date_format.write(timestamps.moment_of(known, self.column), self.format)
        except (ValueError, OverflowError):
            return None

    def read_numbers(self, values: pd.Series) -> np.ndarray:
        """Return the numbers that values stand for, each by itself, missing where one stands for none: float64."""
        numbers = numbers_of(self.plain(values).astype("object"))
        return np.where(np.isfinite(numbers), numbers, np.nan)

    def plain(self, values: pd.Series) -> pd.Series:
        """Return numbers in place of texts of the stated format; all else as it is."""
        if (form := self.written) is None:
            return values
        return values.astype("object").map(lambda value: form.parse(value) if isinstance(value, str) else value)

    def _numbers(self, values: pd.Series) -> pd.Series:
        widest = [tick / self.scale for tick in self.widest] if "bounds" in self.learnt else None
        numbers = np.clip(self.read_numbers(values), *(widest or self.bounds or (-math.inf, math.inf)))
        if not self.format:
            return pd.Series(numbers, index=values.index)
        ticks, missing = np.round(np.nan_to_num(numbers) * self.scale).astype("int64"), np.isnan(numbers)
        return grid.from_grid(ticks, missing, self.column, self.scale).set_axis(values.index)


@dataclass(frozen=True)
class Privacy:
    """A guarantee to keep: (epsilon, delta)-differential privacy where one `unit` is added or removed, for a table
    whose `columns` are publicly known by name, such as {"kind": "numerical", "bounds": [0, 120], "decimals": 0}.

    An entity, as the groups of `fit` tell, has any number of rows, of which `rows_per_entity` are used at most. With
    `domain` learn, rows are asked for what is not stated; `events` is what they were asked already.
    """

    epsilon: float
    delta: float
    columns: Mapping[str, str | Mapping[str, Any]] = field(repr=False)
    unit: str = "row"
    rows_per_entity: int | None = None
    domain: str = "public"
    events: tuple[Event, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        accounting.check(self.epsilon, self.delta)
        for what, found, known in (("unit of privacy", self.unit, PRIVACY_UNITS), ("domain", self.domain, DOMAINS)):
            if found not in known:
                raise GeneratorError(f"expected a {what} among {', '.join(known)}, found {found!r}")
        if (self.unit == "entity") != (self.rows_per_entity is not None) or self.reach < 1:
            raise GeneratorError(
                "expected rows_per_entity of 1 or more for the unit entity, none for the unit row, found otherwise; "
                "state how many rows of one entity are used at most, as the data cannot tell"
            )

    @property
    def reach(self) -> int:
        """How many rows a unit has, at most."""
        return 1 if self.rows_per_entity is None else self.rows_per_entity

    @property
    def squared(self) -> float:
        """What is left of the budget, mu^2, after the events."""
        spent = Ledger(self.events, self.delta, self.unit)
        return accounting.mu_of(self.epsilon, self.delta - spent.lost) ** 2 - spent.mu**2

    def public(self, names: Iterable[str]) -> tuple[PublicColumn, ...]:
        """Return the columns of these names; GeneratorError for the first of which something is to be stated."""
        from launderette.generators.privacy import formulas  # late: they are of columns of this module

        learn, found = self.domain == "learn", []
        for name in names:
            if name not in self.columns and not learn:
                raise private_field(name, "the kind")
            found.append(PublicColumn.read(name, self.columns.get(name, "infer"), learn=learn))
        return formulas.settled(found) if any(column.derived for column in found) else tuple(found)

    def limited(self, frame: pd.DataFrame, groups: pd.Series | None) -> pd.DataFrame:
        """Return the rows that are used."""
        return frame[self.used(len(frame), groups)]

    def used(self, rows: int, groups: pd.Series | None) -> np.ndarray:
        """Return which rows are used, bool [rows]: at most `rows_per_entity` of each entity, as `groups` names them by
        row, drawn by its name and their places among its own. All rows without a name are one entity. GeneratorError
        without groups.
        """
        if self.unit == "row":
            return np.ones(rows, dtype=bool)
        if groups is None:
            raise GeneratorError("expected groups, the entity of each row, for the unit entity, found none; give them")
        names = names_of(groups).reset_index(drop=True)
        places = names.groupby(names).cumcount().astype(str)
        drawn = pd.Series(pd.util.hash_array((names + "\1" + places).to_numpy(object)))
        return (drawn.groupby(names).rank(method="first") <= self.reach).to_numpy()

    def conform(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, Schema]:
        """Return the rows in the stated domain, and its schema."""
        public = self.public(frame.columns)
        schema: list[Column] = [column.column for column in public]
        return pd.DataFrame({c.name: c.conformed(frame[c.name]) for c in public}), Schema(tuple(schema))
