r"""User names, and codes that each person of a table has alone.

Where each row of a table is of another person, any number or code that each row has alone is a person's too (45 CFR
164.514(b)(2)(i)(R): any other unique identifying number, characteristic, or code). Here those are told that are written
as papers are, under names that do not say what they are of.

User names are told as systems write them: `@anna`, `CORP\anna`, `anna#1234`, an entry of a directory, the page or the
folder of a user.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise

import numpy as np
import pandas as pd

from launderette.generators.data.schema import Column, Datetime, Schema
from launderette.generators.formats import timestamps
from launderette.generators.formats.written import is_known
from launderette.generators.identifiers.check_digits import scheme_of
from launderette.generators.identifiers.detection import is_named, words_of
from launderette.pipelines.personal_data import GUESSED, LIKELY, Found, column_names, name_shapes, stems, value_forms
from launderette.pipelines.personal_data.column_names import phrases, plain
from launderette.pipelines.personal_data.value_forms import BARE_NUMBERS, LEAST_DISTINCT, TELLING_SHARE

HANDLE = r"@\w[\w.-]{2,}"
IN_DOMAIN = r"[A-Za-z][\w.-]*\\[\w.-]{2,}"  # of Windows
TAGGED = r"[\w.]{2,32}#\d{4}"
ENTRY = r"(?:uid|cn|sAMAccountName)=[^,=]+(?:,\s?\w+=[^,=]+)*"  # of LDAP
USER_PLACES = (
    r"(?:in|u|users?|people|profiles?|members?|authors?|accounts?|home|~)"  # in an address, before who it is of
)
NETWORKS = (
    r"(?:twitter|x|instagram|facebook|fb|tiktok|github|gitlab|t|vk|pinterest|threads|snapchat|xing|linkedin|line)"
)
USER_PAGE = (
    rf"(?:https?://)?(?:[\w-]+\.)+\w+(?:/\S*)?(?:/{USER_PLACES}/|/[@~]|[?&](?:user|username|login|uid|member|profile)=)"
    r"[\w.%@+-]{2,}\S*"
    rf"|(?:https?://)?(?:www\.|m\.)?{NETWORKS}\.(?:com|me|net|app)/[\w.%@+-]{{2,}}/?"
    rf"|(?:\w:)?[\\/](?:home|Users)[\\/][\w. -]{{2,}}\S*|u/[\w-]{{3,}}"
)
WRITTEN_ACCOUNT = re.compile("|".join((HANDLE, IN_DOMAIN, TAGGED, ENTRY, USER_PAGE)))

LONGEST_ACCOUNT = 300  # of an address
OF_ROW = ("name", "first_name", "last_name", "email", "phone", "account", "national_id")  # what a person's row has
ALONE_IN_ROW = 0.9  # distinct values per row that has one
NUMBER_OF_PAPER = re.compile(r"(?=.{6,18}$)[A9]+(?:[ /.-][A9]+){0,4}")
PAPER_DIGITS, MANY_CHARACTERS, PAPER_PARTS = 5, 8, 3  # of a number of papers; at a place that varies; of digits alone
NUMBER_OF_ONE = re.compile(r"(?=(?:\D*\d){5})[\dA-Z][\dA-Z /.-]{3,28}[\dA-Z]")
USER = re.compile(r"[a-z][a-z0-9]*(?:[._-][a-z0-9]+){0,2}")
COMMON_PART, LIKE_USERS = 0.05, -0.9  # share of user names with one part; least mean log odds (name_shapes.py)
YOUNG_YEARS, YEARS_BEFORE, DAYS_A_YEAR = 10, 2, 365.25
IN_ROWS_OF_PEOPLE = "in a table whose rows are of people"
OF_ONE = ("name", "email", "phone", "account", "national_id", "iban")  # kinds of which each value names somebody
LEAST_OF_MANY, ROWS_OF_MANY = 3, 2  # people with several rows each in a column, and rows of each on average
DECIDED_SHARE, ALONE_SHARE = 0.95, 0.9  # of people who have one value only; of values that one of them has
PERSONS_CODE = re.compile(r"(?=.*\d)(?!.*[^\W\d_A-Z]{3}).{2,}")  # with a digit and without a word
HOLDERS = phrases(  # of codes, beside those whose names stand in columns
    "personne, persona, personal, personnel, mitglied, subject, participant, proband, student, usuario, utilisateur, "
    "utente, gebruiker, subscriber, policyholder, respondent, operative, athlete, rider, trainee, inmate, voter, "
    "citizen, claimant, trabajador, impiegato, salarie, badge"
)
SERVING = phrases(  # those among them, and among people, who have to do with the rows of others
    "technician, techniker, tecnico, technicien, engineer, mechanic, cashier, kassierer, caissier, cajero, clerk, "
    "teller, courier, instructor, lecturer, professor, examiner, prufer, inspector, adjuster, gutachter, underwriter, "
    "adviser, advisor, berater, conseiller, asesor, broker, practitioner, clinician, pharmacist, midwife, infirmier, "
    "enfermero, pfleger, coach, reviewer, interviewer, rep, caregiver, monteur, chauffeur, conductor, waiter, pilot, "
    "officer, case worker, caseworker, agent, seller, sales rep, salesperson, representative, manager, supervisor, "
    "assigned to, assignee, approved by, created by, updated by, teacher, doctor, physician, nurse, judge, lawyer, "
    "consultant, attending, surgeon, therapist, gp, bearbeiter, sachbearbeiter, betreuer, verkaufer, vertreter, "
    "lehrer, arzt, arztin, vendeur, medecin, enseignant, vendedor, medico, profesor, docente, venditore, nauczyciel, "
    "lekarz, huisarts, leraar, larare, lakare, врач, учитель, 医生, 老师, 医師, 의사, 교사"
)
NO_HOLDERS = phrases("parent, mother, father, reporter, account holder, familiar, responsable")  # things have these
CODE_WORDS = phrases(
    "id, uid, uuid, guid, identifier, identifiant, identificador, identificatore, kennung, code, codigo, codice, kod, "
    "kode, cod, ref, hash, matricule, matricola, matrikel, pseudonym, код"
)
# by which is counted, too
COUNT_WORDS = phrases("no, nr, num, number, nummer, numero, nro, numer, cislo, broj, номер")
FOREIGN_NUMBERS = phrases("numero, nro, nr, nummer, numer, номер")  # before whose number it is
FILLERS = phrases("de, del, du, do, da, des, der, la, le, el, il, l, d, of, the")
COMPOUND_CODE = re.compile(r"(?P<who>\w{3,}?)(?P<code>id|nr|no|code|nummer|number|kennung)")
SEVERAL_DIGITS = re.compile(r"(?=(?:\D*\d){2})(?!.*[^\W\d_A-Z]{3})\S{2,40}")
LONG_SERVING = tuple(word for (word, *more) in SERVING if not more and len(word) >= column_names.LEAST_ENDING)
ALL_CODES, LEAST_ID, LEAST_NUMBER = 0.95, 10, 100  # share of texts; least largest number, and least of all such
PERSONS_WORDS = re.compile(r"[^\W\d_][\w .'-]{1,40}")
ROWS_OF_SERVED, SERVED_OF_EACH = 10, 3  # least rows, and least different ones, of one who serves others
LEAST_WORDED = 10  # people of whom each has words of his own: of fewer, labels do by chance
INITIALS = re.compile(r"(?:[^\W\d_]\.?\s?-?){2,4}")
NUMBER_OF_SOMEBODY = frozenset({"ext", "extension", "code", "durchwahl", "poste", "interno", "badge", "pin", "key"})


def written_share(texts: Sequence[str]) -> float:
    """Return the share of texts that are user names by how they are written."""
    return sum(len(text) <= LONGEST_ACCOUNT and bool(WRITTEN_ACCOUNT.fullmatch(text)) for text in texts) / max(
        1, len(texts)
    )


def in_rows_of_people(frame: pd.DataFrame, schema: Schema, found: Mapping[str, Found]) -> Iterator[tuple[str, Found]]:
    """Yield columns of a table whose rows are of people that are told by this alone: bare mobile numbers, numbers of
    papers, user names, days of birth of the young.
    """
    if not any(one.kind in OF_ROW and _is_alone(frame[name]) for name, one in found.items()):
        return
    yield from _called_numbers(frame, schema, found)
    regions = _regions(frame, found)
    latest = _latest(frame, schema)
    for column in schema.columns:
        if column.name in found or _is_called(column.name):
            continue
        if isinstance(column, Datetime):
            of_thing = stems.of_dated_thing(column_names.name_words(column.name))
            if latest and not of_thing and _is_of_young(frame[column.name], column, latest):
                yield (
                    column.name,
                    Found("birth_date", GUESSED, f"days of {YOUNG_YEARS} years, none of late, {IN_ROWS_OF_PEOPLE}"),
                )
        elif _is_alone(frame[column.name]) and (told := _kind_of_alone(frame[column.name], regions)):
            yield column.name, Found(told[0], GUESSED, f"{told[1]}, {IN_ROWS_OF_PEOPLE}")


def _called_numbers(frame: pd.DataFrame, schema: Schema, found: Mapping[str, Found]) -> Iterator[tuple[str, Found]]:
    """Yield columns that are called numbers or cards of no thing, of which each row has one of its own that no count of
    rows gives: what they are numbers of is not known, so that they are taken for people's.
    """
    for column in schema.columns:
        words, values = column_names.name_words(column.name), frame[column.name].dropna()
        asked = column.name not in found and column.kind == "identifier" and words and stems.of_number(words)
        if not asked or not _is_alone(values) or _is_counted(values):
            continue
        texts = value_forms.examined(values.drop_duplicates())
        share = sum(bool(NUMBER_OF_ONE.fullmatch(text)) for text in texts) / len(texts)
        if share >= TELLING_SHARE:
            yield column.name, Found("national_id", GUESSED, f"called a number, not of what, {IN_ROWS_OF_PEOPLE}")


def _is_counted(values: pd.Series) -> bool:
    """Tell whether numbers grow from row to row, as those of records do."""
    digits = [int(found[-1]) for text in map(str, values) if (found := re.findall(r"\d+", text))]
    return len(digits) > 1 and sum(one < other for one, other in pairwise(digits)) >= TELLING_SHARE * (len(digits) - 1)


def _is_called(name: str) -> bool:
    """Tell whether a column's name says what its values are, or of which thing."""
    return column_names.read(name) is not None or column_names.of_thing(name) or is_named(name, many=True)


def _is_alone(values: pd.Series) -> bool:
    """Tell whether nearly each row that has a value has one of its own."""
    filled = values.dropna()
    filled = filled[[not (isinstance(value, str) and is_known(value)) for value in filled]]
    return len(filled) >= LEAST_DISTINCT and filled.nunique() >= ALONE_IN_ROW * len(filled)


def _kind_of_alone(values: pd.Series, regions: Sequence[str]) -> tuple[str, str] | None:
    """Return the kind of what each person has alone and what tells, None for what is told by nothing."""
    texts = value_forms.examined(values.drop_duplicates().dropna())
    if value_forms.is_mobile_of(texts, regions):
        return "phone", "mobile numbers of one country"
    if _are_numbers(texts):
        return "national_id", "numbers of one form that do not begin alike"
    return ("account", "words joined as user names are") if _are_users(texts) else None


def _are_numbers(texts: Sequence[str]) -> bool:
    """Tell whether texts are numbers of papers: of one form, digits with capitals, of which each has many at its place,
    or in three parts or more that do not begin alike.
    """
    shapes = Counter(re.sub(r"\d", "9", re.sub(r"[A-Z]", "A", text)) for text in texts)
    shape, count = shapes.most_common(1)[0]
    alike = [text for text in texts if len(text) == len(shape)]
    written = NUMBER_OF_PAPER.fullmatch(shape) and shape.count("9") >= PAPER_DIGITS
    if not written or count < TELLING_SHARE * len(texts) or scheme_of(alike):
        return False
    kinds = [(c, len(set(place))) for c, place in zip(shape, zip(*alike, strict=True), strict=True)]
    letters = [count for c, count in kinds if c == "A"]
    return min(letters or [kinds[0][1]]) >= MANY_CHARACTERS and bool(
        letters or len(re.findall("9+", shape)) >= PAPER_PARTS
    )


def _are_users(texts: Sequence[str]) -> bool:
    """Tell whether texts are bare user names: small Latin letters, perhaps digits after them, of which no part comes
    often and most read as names do.
    """
    if sum(bool(USER.fullmatch(text)) for text in texts) < TELLING_SHARE * len(texts):
        return False
    parts = [set(re.findall(r"[^\W\d_]+", text)) for text in texts]
    commonest = Counter(part for own in parts for part in own if len(part) > 1).most_common(1)
    often = commonest[0][1] > max(2, COMMON_PART * len(texts))
    return not often and name_shapes.likeness(texts) >= LIKE_USERS


def _is_of_young(values: pd.Series, column: Datetime, latest: float) -> bool:
    """Tell whether dates are days of many years, of which the last is long before the latest of the table."""
    days = _days(values, column)
    if len(days) < LEAST_DISTINCT or np.any(days % 1 != 0):
        return False
    first, last = np.quantile(days, [0.05, 0.95])
    return bool(last - first >= YOUNG_YEARS * DAYS_A_YEAR and days.max() <= latest - YEARS_BEFORE * DAYS_A_YEAR)


def _latest(frame: pd.DataFrame, schema: Schema) -> float | None:
    """Return the latest day of the table since 1970, None without dates."""
    dates = [days for one in schema.columns if isinstance(one, Datetime) and len(days := _days(frame[one.name], one))]
    return max((float(np.quantile(days, 0.95)) for days in dates), default=None)


def _days(values: pd.Series, column: Datetime) -> np.ndarray:
    ticks, _ = timestamps.to_ticks(values.dropna().astype(object), column)  # type: ignore[arg-type]
    return np.asarray(ticks) / timestamps.DAY


def _regions(frame: pd.DataFrame, found: Mapping[str, Found]) -> list[str]:
    """Return the countries of most of the phone numbers and accounts that are known."""
    told = Counter(
        country
        for name, one in found.items()
        if one.kind in ("phone", "iban")
        for text in value_forms.examined(frame[name].drop_duplicates().dropna())[:BARE_NUMBERS]
        if (country := text[:2] if one.kind == "iban" else value_forms.country_of(text))
    )
    return [country for country, count in told.most_common() if count >= 0.2 * told.total()]


def with_many_rows(frame: pd.DataFrame, found: Mapping[str, str]) -> list[str]:
    """Return the columns that name people with several rows each; `found` are the kinds of columns."""
    counts = {name: (frame[name].nunique(), frame[name].count()) for name, kind in found.items() if kind in OF_ONE}
    return [name for name, (people, rows) in counts.items() if LEAST_OF_MANY <= people <= rows / ROWS_OF_MANY]


def is_own(values: pd.Series, people: pd.Series) -> bool:
    """Tell whether each of the people has one value in all rows, which hardly any other has."""
    pairs = pd.DataFrame({"value": pd.factorize(values)[0], "who": pd.factorize(people)[0]})
    pairs = pairs[(pairs >= 0).all(axis=1) & pairs["who"].duplicated(keep=False)].drop_duplicates()
    shares = [(pairs[one].value_counts() == 1).mean() for one in ("who", "value")]
    return bool(pairs["value"].nunique() >= LEAST_OF_MANY and shares[0] >= DECIDED_SHARE and shares[1] >= ALONE_SHARE)


def codes_of_people(frame: pd.DataFrame, schema: Schema, found: Mapping[str, str]) -> Iterator[tuple[str, Found]]:
    """Yield columns of codes, numbers and initials that each of the people with several rows has alone: a label as
    frequent as its holder is no less theirs.
    """
    if not (many := with_many_rows(frame, found)):
        return
    for column in schema.columns:
        of_thing = column_names.THING_WORDS & set(map(plain, words_of(column.name)))
        if column.name in found or of_thing or not (kind := _kind_of_code(column, frame)):
            continue
        if who := next((name for name in many if is_own(frame[column.name], frame[name])), ""):
            yield column.name, Found(kind, LIKELY, f"each of the people in {who!r} has one of its values alone")


def called_code(name: object) -> str:
    """Return how a column's name says that its values are numbers or codes of people: by a word for `codes` (staff_no,
    id_cliente) or for `numbers` (customer number, which customers are counted by too), or by the person alone (`who`);
    "" where it does not.
    """
    words = tuple(column_names.WHOLE_WORDS.get(word, word) for word in column_names.name_words(name))
    if words and (compound := COMPOUND_CODE.fullmatch(words[-1])):
        words = (*words[:-1], compound["who"], compound["code"])
    if len(words) > 1 and words[-1:] in CODE_WORDS | COUNT_WORDS:
        holders = words[-2:-1], words[-3:-1]
        thing = (holders[0] == ("subject",) and words[-1] == "code") or ("user", "agent") in holders
        kind = "codes" if words[-1:] in CODE_WORDS else "numbers"
        return kind if any(map(_is_holder, holders)) and not thing else ""
    if len(words) > 1 and words[:1] in CODE_WORDS | FOREIGN_NUMBERS:
        rest = tuple(word for word in words[1:] if (word,) not in FILLERS)
        thing = bool(set(rest) & (column_names.ABOUT | column_names.THING_WORDS))
        return ("codes" if words[:1] in CODE_WORDS else "numbers") if _is_holder(rest[:1]) and not thing else ""
    return "who" if _is_holder(words) and words != ("subject",) else ""


def _is_holder(words: tuple[str, ...]) -> bool:
    """Tell whether words are those of somebody in one role, and of no place among records, as a parent's is."""
    forms = _forms(words)
    ends = len(words) == 1 and column_names.speaks_of_people(words)
    return not NO_HOLDERS & forms and (ends or bool(forms & (HOLDERS | SERVING | column_names.PEOPLE)))


def _forms(words: tuple[str, ...]) -> set[tuple[str, ...]]:
    return {words, *((words[0].removesuffix(end),) for end in ("n", "en") if len(words) == 1)}


def serves(name: object, values: pd.Series, others: Iterable[pd.Series]) -> bool:
    """Tell whether a column of codes is of those who have to do with many rows of others each, as adjusters have with
    claims: by its name, and by `others`, identifiers of which one has many more values.
    """
    count = values.nunique()
    if not is_persons_code(str(name), values) or values.count() < ROWS_OF_SERVED * count:
        return False
    words = column_names.name_words(name)
    runs = {words[first:last] for first, last in combinations(range(len(words) + 1), 2)}
    told = any(_forms(run) & SERVING or run[0].endswith(LONG_SERVING) for run in runs)
    return told and any(own.nunique() >= SERVED_OF_EACH * count for own in others)


def is_persons_code(name: str, values: pd.Series) -> bool:
    """Tell whether a column of numbers or labels is named and written as one of codes of people, however many rows each
    of them has: staff numbers, but no numbers of countries, diagnoses or products, nor how many people there are.
    """
    if not (said := called_code(name)) or len(distinct := values.drop_duplicates().dropna()) < LEAST_OF_MANY:
        return False
    if pd.api.types.is_numeric_dtype(distinct.dtype):
        return said != "who" and _are_persons_numbers(distinct, LEAST_NUMBER if said == "numbers" else LEAST_ID)
    texts = value_forms.examined(distinct)
    form = SEVERAL_DIGITS if said == "who" else PERSONS_CODE
    return bool(texts) and sum(bool(form.fullmatch(text)) for text in texts) >= ALL_CODES * len(texts)


def _are_persons_numbers(distinct: pd.Series, least: int) -> bool:
    """Tell whether whole numbers are of people: of one length from `least` on, or any that go beyond one digit."""
    numbers = distinct.to_numpy("float64")
    if np.any(numbers % 1 != 0) or np.any(numbers < 0) or numbers.max() < LEAST_ID:
        return False
    return least == LEAST_ID or bool(
        numbers.min() >= least and len(str(int(numbers.min()))) == len(str(int(numbers.max())))
    )


def _kind_of_code(column: Column, frame: pd.DataFrame) -> str:
    """Return as what a column of codes, or of words of many people, is made up, "" for one of quantities or dates."""
    called = is_named(column.name, many=True) or NUMBER_OF_SOMEBODY & set(words_of(column.name))
    if not (called if column.kind == "numerical" else column.kind == "categorical"):
        return ""
    texts = value_forms.examined(frame[column.name].drop_duplicates().dropna())
    if column.kind == "numerical":
        return "national_id" if all(map(str.isdecimal, texts)) else ""
    if not texts:
        return ""
    forms = (PERSONS_CODE, INITIALS, PERSONS_WORDS)
    code, initials, words = (sum(bool(form.fullmatch(text)) for text in texts) / len(texts) for form in forms)
    named = initials >= TELLING_SHARE or (words >= TELLING_SHARE and len(texts) >= LEAST_WORDED)
    return "national_id" if code >= TELLING_SHARE else "account" if named else ""
