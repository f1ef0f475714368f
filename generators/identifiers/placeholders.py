"""Texts that stand in identifier columns where there is no value, such as "-" for a guest's mail address: missing, for
they name nobody, and rows that share one have nobody in common.
"""

import pandas as pd

WORDS = frozenset(
    """unknown|not known|none|nil|no|missing|undefined|empty|anonymous|not available|not applicable|not provided
    not given|not stated|not recorded|withheld|redacted|deleted|tbd|tba|unbekannt|keine|keiner|keine angabe|k.a.|k. a.
    entfällt|nicht angegeben|nicht bekannt|anonym|inconnu|inconnue|aucun|aucune|néant|non renseigné|non communiqué
    anonyme|desconocido|desconocida|ninguno|ninguna|sin datos|no consta|anónimo|sconosciuto|sconosciuta|nessuno|nessuna
    non disponibile|onbekend|geen|desconhecido|desconhecida|nenhum|não informado|nieznany|nieznana|brak|nie podano
    neznámý|neuvedeno|okänd|saknas|uppgift saknas|ukendt|ukjent|ingen|tuntematon|ei tietoa|неизвестно|нет|не указано
    不明|なし|无|未知|없음""".replace("\n", "|")
    .replace("    ", "")
    .split("|")
)


def is_placeholder(value: object) -> bool:
    """Tell whether a value is a text without a letter or digit, or a word for "none" in one of many languages."""
    if not isinstance(value, str):
        return False
    text = value.strip().casefold().strip("()[]<>")
    return text in WORDS or not any(map(str.isalnum, text))


def without(values: pd.Series) -> pd.Series:
    """Return values [rows] with missing ones in place of placeholders."""
    if not (pd.api.types.is_string_dtype(values.dtype) or isinstance(values.dtype, pd.CategoricalDtype)):
        return values
    found = [value for value in values.unique() if is_placeholder(value)]
    return values.mask(values.isin(found)) if found else values
