"""Coordinates of where people live, told by the names of their columns: kept to about a kilometre before anything looks
at them. A home that several rows have would come back to the last digit.
"""

import re

import pandas as pd

from launderette.generators.identifiers.detection import words_of
from launderette.pipelines.config import RunConfig
from launderette.pipelines.personal_data.column_names import PEOPLE, plain

KEPT_DECIMALS = 2  # of degrees
MOST_DEGREES = 180
PRECISE = re.compile(r"(?<![\d.])-?\d{1,3}\.\d{3,}(?![\d.])")
COORDINATES = frozenset(
    plain(
        """lat latitude lon lng long longitude latlon latlng latlong coord coords coordinate coordinates gps geo
        geopoint location position point koordinaten koordinate breitengrad langengrad laengengrad latitud longitud
        coordenadas coordonnees coordinaten wspolrzedne"""
    ).split()
)
HOMES = frozenset(
    plain(
        """home house residence residential domicile dwelling wohnort wohnung wohnsitz zuhause heim casa hogar domicilio
        residencia maison thuis woning dom hem hjem koti"""
    ).split()
) | {words[0] for words in PEOPLE if len(words) == 1}


def is_named(name: object) -> bool:
    """Tell whether a column's name speaks of the coordinates of homes or of people."""
    words = {plain(word) for word in words_of(name)}
    return bool(words & COORDINATES and words & HOMES)


def coarse(frame: pd.DataFrame, config: RunConfig) -> tuple[pd.DataFrame, list[str]]:
    """Return the frame with coordinates of homes kept to a neighbourhood, and what they are called; columns that are
    stated stay as they are.
    """
    if not config.personal.detect or config.privacy:
        return frame, []
    named = [name for name in frame.columns if name not in config.listed and is_named(name)]
    kept = {name: _kept(frame[name]) for name in named}
    changed = {name: values for name, values in kept.items() if not values.equals(frame[name])}
    return frame.assign(**changed), list(changed)


def _kept(values: pd.Series) -> pd.Series:
    if pd.api.types.is_float_dtype(values.dtype):
        return values.round(KEPT_DECIMALS) if bool((values.abs() <= MOST_DEGREES)[values.notna()].all()) else values
    if pd.api.types.is_numeric_dtype(values.dtype) or isinstance(values.dtype, pd.CategoricalDtype):
        return values if not isinstance(values.dtype, pd.CategoricalDtype) else _kept(values.astype(object))
    return values.map(_shortened, na_action="ignore").astype(values.dtype)


def _shortened(value: object) -> object:
    """Write the coordinates in a text with fewer decimals."""
    return PRECISE.sub(lambda found: f"{float(found[0]):.{KEPT_DECIMALS}f}", value) if isinstance(value, str) else value


def sentence(name: str) -> str:
    """Say what became of a column, and how to change that."""
    return (
        f"Column {name!r} holds where people live: kept to {KEPT_DECIMALS} decimals of a degree, about a kilometre; to "
        "learn more of it, state its kind under columns."
    )
