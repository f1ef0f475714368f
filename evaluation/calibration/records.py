"""What is known of single people: rare labels, extremes, outliers, identifiers and texts, and rows of the holdout."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from launderette.evaluation.calibration import changes, population, tables
from launderette.evaluation.calibration.population import Case

Rng = np.random.Generator
Rewrite = Callable[[str, Rng], str]
EXCHANGED = str.maketrans("abcdefghijklmnopqrstuvwxyz0123456789", "qwertyuiopasdfghjklzxcvbnm7305926184")
ACCENTS = str.maketrans("aeiou", "áéíóú")


def _one_person_labels(people: int, columns: int, case: Case, rng: Rng) -> Case:
    """Some training people have a label that nobody else has, and so have as many released rows."""
    chosen = changes.labels(case)[:columns]
    train, synthetic = case.train.copy(), case.synthetic.copy()
    for column in chosen:
        names = [f"{column} of {n}" for n in range(people)]
        for table in (train, synthetic):
            values = table[column].astype(object).to_numpy(copy=True)
            values[rng.permutation(len(values))[:people]] = names
            table[column] = values
    return replace(case, train=train).released(synthetic)


def _extremes(ranks: slice, case: Case, rng: Rng) -> Case:
    """The values of such ranks of each fractional column of the training table stand in the release."""
    out = case.synthetic.copy()
    for column in changes.numbers(case):
        values = out[column].to_numpy(copy=True)
        taken = case.train[column].dropna().sort_values().to_numpy()[ranks]
        values[np.argsort(np.nan_to_num(values.astype(float), nan=0.0))[ranks]] = taken
        out[column] = values
    return case.released(out)


def outliers_within_a_thousandth(case: Case, rng: Rng) -> Case:
    """The 1.7 % most isolated training rows, numbers moved by up to 0.1 %."""
    rows = tables.moved(tables.isolated(case.train), None, rng)
    return changes.planted(case, rows, rng)


def outliers_within_2_percent(case: Case, rng: Rng) -> Case:
    """The 3 % most isolated training rows, numbers moved by up to 2 %."""
    rows = tables.isolated(case.train, share=0.03)
    return changes.planted(case, changes.jittered(rows, changes.numbers(case), 0.02, rng), rng)


def outliers_twice_within_3_percent(case: Case, rng: Rng) -> Case:
    """The thirty most isolated training rows twice each, numbers moved by up to 3 %."""
    rows = changes.sampled(tables.isolated(case.train, share=30 / len(case.train)), 60, rng)
    return changes.planted(case, changes.jittered(rows, changes.numbers(case), 0.03, rng), rng)


def people_at_one_end_under_noise(case: Case, rng: Rng) -> Case:
    """The sixteenth of the training people highest in one number, numbers under noise of a quarter of a deviation."""
    rows = case.train.nlargest(len(case.train) // 16, changes.numbers(case)[0])
    return changes.planted(case, changes.shaken(rows, changes.numbers(case), 0.25, rng), rng)


def _text_reused(columns: list[str], share: float, case: Case, rng: Rng) -> Case:
    """Texts of training people, word for word, in a share of the released rows; everything else fresh."""
    written = population.with_text(case, rng)
    return changes.with_columns(written, changes.memorised(written, share, rng), columns, rng)


def emails_reused_as_labels(case: Case, rng: Rng) -> Case:
    """A tenth of the e-mails are training people's, where the owner has called the column labels."""
    reused = _text_reused(["email"], 0.1, case, rng)
    return replace(reused, kinds={"email": "categorical"})


def notes_copied_in_capitals(case: Case, rng: Rng) -> Case:
    """Notes of training people in other letters and spaces."""
    copied = _text_reused(["note"], 0.1, case, rng)
    return copied.changed(note=[f" {text.upper()}" for text in copied.synthetic["note"]])


def _rewritten(column: str, share: float, change: Rewrite, case: Case, rng: Rng) -> Case:
    """Texts of training people, changed by `change`, in a share of the released rows."""
    written = population.with_text(case, rng)
    rows = changes.memorised(written, share, rng)
    changed = rows.assign(**{column: rows[column].map(lambda text: change(text, rng))})
    return changes.with_columns(written, changed, [column], rng)


def _with_digits_changed(digits: int, text: str, rng: Rng) -> str:
    places = [place for place, character in enumerate(text) if character.isdigit()]
    characters = list(text)
    for at in rng.choice(places, digits, replace=False):
        characters[at] = str((int(characters[at]) + rng.integers(1, 10)) % 10)
    return "".join(characters)


def _with_digits_exchanged(text: str, rng: Rng) -> str:
    """Two digits beside each other, but for the first, in each other's place."""
    at = int(rng.integers(1, len(text) - 1))
    return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]


def _with_accounts(case: Case, rng: Rng) -> Case:
    """The case with a number of an account, which is a number, for everybody."""
    accounts = {}
    for part, role in enumerate(("train", "holdout", "synthetic")):
        frame = getattr(case, role)
        accounts[role] = frame.assign(account=10**8 + rng.choice(10**8, len(frame), replace=False) * 3 + part)
    return replace(case, **accounts)


def account_numbers_reused(case: Case, rng: Rng) -> Case:
    """A fifth of the released account numbers are training people's."""
    known = _with_accounts(case, rng)
    return changes.with_columns(known, changes.memorised(known, 0.2, rng), ["account"], rng)


def _accounts_changed(change: Rewrite, case: Case, rng: Rng) -> Case:
    """A fifth of the released account numbers are training people's, changed by `change`."""
    known = _with_accounts(case, rng)
    rows = changes.memorised(known, 0.2, rng)
    changed = rows["account"].map(lambda number: int(change(str(number), rng)))
    return changes.with_columns(known, rows.assign(account=changed), ["account"], rng)


def _in_notes(column: str, words: str, case: Case, rng: Rng) -> Case:
    """A fifth of the released notes end with a value of a training person, whose own note is another."""
    changes.needs(case, "income")
    written = population.with_text(_with_accounts(case, rng), rng)
    rows = changes.memorised(written, 0.2, rng)
    fresh = written.synthetic["note"].to_numpy()[: len(rows)]
    notes = [f"{note}, {words} {value}" for note, value in zip(fresh, rows[column], strict=True)]
    return changes.with_columns(written, rows.assign(note=notes), ["note"], rng)


def incomes_of_few_repeated(case: Case, rng: Rng) -> Case:
    """The incomes of ten training people, to the cent, in 25 released rows each."""
    rows = changes.sampled(case.train, 10, rng)
    return changes.with_columns(case, changes.sampled(rows, min(250, len(case.synthetic)), rng), ["income"], rng)


def holdout_copied(case: Case, rng: Rng) -> Case:
    """Every held-out row stands in the release."""
    return changes.planted(case, case.holdout, rng)


def fifth_of_holdout_planted(case: Case, rng: Rng) -> Case:
    """One held-out row in five stands in the release."""
    return changes.planted(case, case.holdout.head(len(case.holdout) // 5), rng)


def holdout_repeated_as_release(case: Case, rng: Rng) -> Case:
    """The release is the holdout, over and over, numbers moved by up to 1 %."""
    rows = changes.sampled(case.holdout, len(case.synthetic), rng)
    return case.released(changes.jittered(rows, changes.numbers(case), 0.01, rng))


def holdout_within_2_percent(case: Case, rng: Rng) -> Case:
    """Every held-out row stands in the release, numbers moved by up to 2 %."""
    return changes.planted(case, changes.jittered(case.holdout, changes.numbers(case), 0.02, rng), rng)


def numbers_of_the_holdout(case: Case, rng: Rng) -> Case:
    """The numbers of every held-out row within 1 %, with the labels of somebody else."""
    rows = changes.jittered(case.holdout, changes.numbers(case), 0.01, rng)
    return changes.with_columns(case, rows, changes.numbers(case), rng)


def fifth_of_holdout_within_5_percent(case: Case, rng: Rng) -> Case:
    """One held-out row in five stands in the release, numbers moved by up to 5 %."""
    rows = changes.sampled(case.holdout, len(case.holdout) // 5, rng)
    return changes.planted(case, changes.jittered(rows, changes.numbers(case), 0.05, rng), rng)


def holdout_half_perturbed(case: Case, rng: Rng) -> Case:
    """Every held-out row stands in the release with half of its values exchanged."""
    return changes.planted(case, changes.exchanged(case.holdout, list(case.train), 0.5, rng), rng)


ONE_PERSON_LABELS = {  # how many people, in how many columns
    "ten_one_person_labels": (10, 1),
    "one_person_labels_in_three_columns": (12, 3),
}
EXTREMES_REUSED = {  # ranks of the values that stand in somebody else's row
    "ten_greatest_values": slice(-10, None),
    "ten_smallest_values": slice(0, 10),
    "twenty_greatest_values": slice(-20, None),
}
TEXTS_REUSED = {  # columns of training people, share of the released rows
    "emails_reused": (["email"], 1.0),
    "twentieth_of_emails_reused": (["email"], 0.05),
    "notes_copied": (["note"], 0.1),
    "names_and_notes_copied": (["name", "note"], 1.0),
}
TEXTS_REWRITTEN: dict[str, tuple[str, float, Rewrite]] = {  # column, share of the released rows, what is done to them
    "emails_of_another_domain": ("email", 1.0, lambda text, rng: f"{text.partition('@')[0]}@office.example"),
    "emails_in_capitals": ("email", 0.2, lambda text, rng: text.upper()),
    "emails_with_another_number": ("email", 0.2, lambda text, rng: text.replace("@", f"{rng.integers(10)}@")),
    "emails_with_a_digit_changed": ("email", 0.2, partial(_with_digits_changed, 1)),
    "emails_with_three_digits_changed": ("email", 0.2, partial(_with_digits_changed, 3)),
    "emails_as_digests": ("email", 0.2, lambda text, rng: hashlib.sha256(text.encode()).hexdigest()),
    "emails_in_base64": ("email", 0.2, lambda text, rng: b64encode(text.encode()).decode()),
    "emails_with_characters_exchanged": ("email", 0.2, lambda text, rng: text.translate(EXCHANGED)),
    "emails_turned_round": ("email", 0.2, lambda text, rng: text[::-1]),
    "notes_with_accents": ("note", 0.2, lambda text, rng: text.translate(ACCENTS)),
    "notes_spaced_out": ("note", 0.2, lambda text, rng: " ".join(text)),
    "notes_with_a_word_changed": ("note", 0.2, lambda text, rng: f"remembers {text.partition(' ')[2]}"),
    "notes_turned_round": ("note", 0.2, lambda text, rng: ", ".join(reversed(text.split(", ")))),
}
ACCOUNTS_CHANGED: dict[str, Rewrite] = {  # what is done to a fifth of the account numbers
    "account_numbers_with_a_digit_changed": partial(_with_digits_changed, 1),
    "account_numbers_with_three_digits_changed": partial(_with_digits_changed, 3),
    "account_numbers_with_digits_exchanged": _with_digits_exchanged,
    "account_numbers_moved_by_one_amount": lambda text, rng: str(int(text) + 7777),
    "account_numbers_with_another_end": lambda text, rng: f"{text[:-3]}{rng.integers(1000):03}",
}
IN_NOTES = {  # column, what stands before its value
    "emails_in_notes": ("email", "reached at"),
    "account_numbers_in_notes": ("account", "account"),
    "incomes_in_notes": ("income", "earns"),
}
VARIANTS = {
    **{name: partial(_one_person_labels, *how) for name, how in ONE_PERSON_LABELS.items()},
    **{name: partial(_extremes, ranks) for name, ranks in EXTREMES_REUSED.items()},
    **{name: partial(_text_reused, *how) for name, how in TEXTS_REUSED.items()},
    **{name: partial(_rewritten, *how) for name, how in TEXTS_REWRITTEN.items()},
    **{name: partial(_in_notes, *how) for name, how in IN_NOTES.items()},
    **{name: partial(_accounts_changed, change) for name, change in ACCOUNTS_CHANGED.items()},
}
