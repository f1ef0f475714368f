"""A verdict in plain words: each rule as a sentence with its numbers, a paragraph for whoever has to sign, and what
to do next.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from launderette.evaluation.summaries import blame

# a reason of report.json: score, rule, value (pessimistic end), bound, estimate, passed, note, columns
Reason = Mapping[str, Any]

GUARANTEE = "privacy.epsilon"
NUMBERS = {GUARANTEE}  # no shares
FURTHER_DIGITS = 6  # more than usual, of a value that nearly is its bound
COUNTED_WORDS = {  # what each rule counts, so that it follows "at most 5 %" or "at least 80 %"
    "fidelity.shape": "likeness of single columns",
    "fidelity.validity": "of the values of each column possible, beyond chance",
    "fidelity.formats": "of the values of each column written as real ones, beyond chance",
    "fidelity.granularity": "of the values of each column as round and as varied as real ones, beyond chance",
    "fidelity.tails": "of the rows at either end of each column of numbers kept, beyond chance",
    "fidelity.missingness": "of the missing values of each column where real ones are missing, beyond chance",
    "fidelity.detection": "of synthetic rows that trees cannot tell from real rows not trained on",
    "diversity.rare": "of the share of rare categories kept",
    "image.agreement": "of synthetic images with the label that a network trained on real ones gives them",
    "fidelity.constraints": "of rows that keep each rule of the real ones, beyond chance",
    "fidelity.decided": "of what other columns nearly decide about each one kept, beyond chance",
    "fidelity.functions": "of rows in which each number is what other columns tell nearly exactly, beyond chance",
    "fidelity.within_entities": "of what the rows of one entity have in common kept, beyond chance",
    "fidelity.within_spread": "of the distances within an entity as large as real ones, beyond chance",
    "fidelity.dependence": "of the dependence of each pair of columns, and of each on all others, kept, beyond chance",
    "fidelity.trend": "likeness of pairs of columns",
    "utility.target": "of the quality of models trained on real rows, reached by models trained on synthetic ones",
    "utility.worst": "of the quality of models kept in the worst class or subgroup, beyond chance",
    "utility.agreement": "of what other columns say about each class of the target kept, beyond chance",
    "utility.labels": "of the labels of the target that may be right, beyond chance",
    "utility.label_columns": "of the labels of each column in rows that they may belong to, beyond chance",
    "utility.agreement_subgroups": "of what other columns say about the target kept in each subgroup, beyond chance",
    "diversity.coverage": "of training rows with a synthetic row near them",
    "diversity.subgroups": "of the coverage of each subgroup kept, beyond chance",
    "diversity.regions": "of the rows of each region of two columns as among real ones, beyond chance",
    "fidelity.date_order": "of rows with their dates in the order that real ones always have, beyond chance",
    "fidelity.label_shares": "of the share of each label kept, beyond chance",
    "fidelity.missing_ties": "of what decides whether a value is missing kept, beyond chance",
    "fidelity.orders": "of rows that keep each order, sum and product of nearly all real ones, beyond chance",
    "fidelity.proportions": "of rows with ratios and differences as 99 % of the real ones have, beyond chance",
    "fidelity.over_time": "of what each column owes to the time of a date kept, beyond chance",
    "fidelity.worst_column": "likeness of the column that differs most, beyond chance",
    "diversity.repeats": "of released rows that repeat no other one, even nearly, beyond chance",
    "diversity.distinct": "of released rows that differ from all others",
    "privacy.copies": "of released rows identical to a real row",
    "privacy.identifiers": "of released identifiers that are real ones",
    "privacy.near_copies": "of released rows as much like one real row as real rows seldom are like each other",
    "privacy.rare_values": "of rare values, or of rows with such, that one real row alone shares with released rows",
    "privacy.nearest_record": "of released rows nearer to a training row than to an unseen one",
    "privacy.membership": "of training rows recognised as such, at 1 % false accusations",
    "privacy.membership_vulnerable": "of the most isolated training rows recognised, at 1 % false accusations",
    "privacy.membership_low_fpr": "of training rows recognised before any unseen row is taken for one",
    "privacy.membership_broad": "of training rows recognised as such, at 10 % false accusations",
    "privacy.membership_model": "of training rows recognised by somebody who holds the model, at 1 % false accusations",
    GUARANTEE: "of epsilon, the privacy budget, spent",
    "privacy.attribute": "of training rows of which one value is given away, beyond what is given away of non-members",
    "privacy.singling_out": "of descriptions that single out a training row, beyond those that single out a non-member",
    "privacy.linkability": "of training records whose halves can be joined, beyond those of non-members",
    "unnoticed": "of the training data could leak without a rule about privacy noticing it",
    "image.precision": "of synthetic images that lie where training images lie",
    "image.accuracy": "of the real images told right by a network that was trained on synthetic ones",
    "image.class_accuracy": "of the real images of each class told right by such a network, beyond chance",
    "image.class_agreement": "of synthetic images of each class with a label that fits them, beyond chance",
    "image.class_coverage": "of the images of each class, and of their coverage, kept, beyond chance",
    "image.distinct": "of synthetic images of each class without another one like it, beyond chance",
    "image.coverage": "of training images with a synthetic image near them",
    "image.vendi": "of the variety of training images",
    "image.equal": "of synthetic images equal to a real image",
    "image.copies": "of synthetic images that show one training image again, as it is or in disguise",
    "image.copies_of_holdout": "of synthetic images that show one held-out image again, as it is or in disguise",
    "image.membership": "of training images recognised as such, at 1 % false accusations",
    "image.membership_vulnerable": "of the most isolated training images recognised, at 1 % false accusations",
    "image.membership_low_fpr": "of training images recognised before any unseen image is taken for one",
    "image.membership_model": "of training images recognised by somebody who holds the model, at 1 % false accusations",
}
PROMISED = (
    "What they tell of any one row that was trained on is bounded by the guarantee of differential privacy in the card "
    "below, whatever is tried. No such row was looked at for this page: what it calls training rows is one half of the "
    "holdout, which the guarantee does not protect."
)
NOISY = (
    "Ask for less noise: a larger privacy.epsilon, if you can answer for it.",
    "Give more rows: the noise stays the same, and every count grows.",
    "Leave out columns, or labels of images, that nobody needs: each has a share of the noise.",
)
MORE_ROWS = "Give more rows: a generator learns few rows by heart. Nothing helps as much on a small table."
RELATED_ROWS = "Give more rows: of few, no generator learns how columns hang together."
MORE_HOLDOUT = "Give the attacks more unseen rows, so that chance decides less: --set split.holdout=0.4."
# what was measured to help, most first: docs/experiments.md, "What a refusal for privacy yields to"
MEMORY = (
    MORE_ROWS,
    "Leave out columns that nobody needs: --set columns.NAME=drop. Every further column singles people out.",
    MORE_HOLDOUT,
)
LONGER = "Train longer, for the steps or the minutes ended before the validation loss stopped falling: --minutes 5."
CUT_SHORT = "all steps taken", "time budget used"  # as a generator records why its training stopped
FAITHFUL = "tabular.autoregressive"
OTHER_GENERATOR = f"Try another generator: --set generator.name={FAITHFUL} is the most faithful for tables."
UNLIKE = (
    f"Look at {blame.DIFFERING} in the report: a column of the wrong kind (columns.NAME: KIND) looks like noise.",
    OTHER_GENERATOR,
    LONGER,
    RELATED_ROWS,
)
UNRULY = (
    "Let every row keep the rules of the real ones: launder init SOURCE writes down those that it finds, "
    "launder run launder.yaml draws no row that breaks one.",
    *UNLIKE,
)
FOLLOWING = (
    "Leave a column that follows from others, as a sum or a product, out (columns.NAME: drop), and work it out from "
    "the released ones.",
    *UNRULY,
)
UNNOTICED = "unnoticed"  # the rule about what the others would miss
ABOUT_PRIVACY = "privacy.", "image.equal", "image.copies", "image.membership"  # how such rules begin
INPUTS, DRIFT = "inputs.", "drift."  # of these the note is the whole sentence
INPUTS_WEIGHT = 1000  # times as much as others weighs what to do about inputs, on which everything else rests
CHECKED = {
    UNNOTICED: "rows that are too few to notice a leak by",
    "inputs.overlap": "holdout rows that are training rows",
    "inputs.near_overlap": "holdout rows that were made from training rows",
    "inputs.identifiers": "identifiers on both sides of the split",
    "inputs.repeats": "real rows that were repeated",
    "inputs.drift": "a holdout of another population",
    "inputs.order": "released rows in the order of the training rows",
    "inputs.released_train": "training rows given as the synthetic table",
    "inputs.released_holdout": "holdout rows given as the synthetic table",
}
REMEDIES = {  # by the beginning of a score's name, the longest that fits
    "privacy.": MEMORY,
    "privacy.rare_values": (
        "State a column whose texts or numbers name people: columns: {NAME: identifier}; it is then made up anew.",
        "Leave the column out: columns: {NAME: drop}.",
    ),
    "privacy.identifiers": (
        "State the column whose values came out: columns: {NAME: identifier}; it is then made up anew, never learnt.",
        "Leave the column out: columns: {NAME: drop}.",
    ),
    "image.membership": (MORE_ROWS, MORE_HOLDOUT),
    "image.equal": (MORE_ROWS,),
    "image.copies": (MORE_ROWS,),
    UNNOTICED: (
        MORE_HOLDOUT,
        MORE_ROWS,
        "Or accept in the configuration that a leak of this size would go unnoticed: --set gate.unnoticed=null.",
    ),
    "inputs.": ("Give a holdout of real rows that were set aside at random before training, each person on one side.",),
    "inputs.repeats": (
        "Remove the repeated rows from the source before it is split, or keep the rows of one person together: "
        "--set split.entity=COLUMN.",
    ),
    "inputs.order": ("Shuffle the released rows: their order tells whom each was made from.",),
    "inputs.released_train": ("Give the table that the generator drew: this one holds the training rows.",),
    "inputs.released_holdout": ("Give the table that the generator drew: this one holds the holdout rows.",),
    DRIFT: ("Mend the source, or let such a change pass: --set drift.CHANGE=adapt, with the change that was found.",),
    "fidelity.": UNLIKE,
    "fidelity.constraints": UNRULY,
    "fidelity.date_order": UNRULY,
    "fidelity.orders": FOLLOWING,
    "utility.": UNLIKE,
    "diversity.": UNLIKE,
    "image.": (
        "Look at the images in the report: classes that look alike teach little, and so do images brought to a size "
        "that shows nothing of them (images.size).",
        LONGER,
    ),
}


def sentence(reason: Reason) -> str:
    """Return a rule with its numbers: "at most 5.0 % of ...; found 3.1 %, up to 4.0 %"; without a value, why there
    is none.
    """
    if reason["score"].startswith((INPUTS, DRIFT)):
        return reason["note"]
    counted = COUNTED_WORDS.get(reason["score"], reason["score"])
    if reason["value"] is None or reason["bound"] is None:
        return f"Share {counted}: not measured. {reason['note']}".strip()
    least = reason["rule"].startswith("at least")
    estimate, figure = reason.get("estimate"), _apart(reason)
    found = figure(reason["value"] if estimate is None else estimate)
    end = (
        f", {'down' if least else 'up'} to {figure(reason['value'])}" if estimate not in (None, reason["value"]) else ""
    )
    bound = f"{'At least' if least else 'At most'} {figure(reason['bound'])} {counted}; found {found}{end}."
    return " ".join(filter(None, (bound, reason["note"], _where(reason))))


def _where(reason: Reason) -> str:
    """Return the columns of the worst part, where the note does not say them."""
    columns = reason.get("columns", ())
    return f"Worst of {blame.listed(columns)}." if any(name not in reason["note"] for name in columns) else ""


def _apart(reason: Reason) -> Callable[[float], str]:
    """Return how the numbers of a rule are written: with as many digits as tell the value from its bound."""
    written, (value, bound) = _plain if reason["score"] in NUMBERS else _percent, (reason["value"], reason["bound"])
    more = next((k for k in range(FURTHER_DIGITS) if written(value, k) != written(bound, k)), 0)
    return partial(written, more=more)


def _named(score: str) -> str:
    if score.startswith(DRIFT):
        return f"a source that has changed since the last release ({score})"
    return (COUNTED_WORDS | CHECKED).get(score, score)


def summary(verdict: Mapping[str, Any], rows: Mapping[str, int], thing: str = "row") -> str:
    """Return a paragraph for somebody who has to sign: what was decided, on what grounds, and what it does not say.

    `rows` counts the things compared, rows or images, by role.
    """
    reasons = verdict["reasons"]
    refused = [reason for reason in reasons if not reason["passed"]]
    untested = [reason for reason in reasons if reason["passed"] and reason["value"] is None]
    counts = "{synthetic:,} synthetic, {train:,} training and {holdout:,} unseen real".format(**rows)
    checked = f"{len(reasons) - len(untested)} of {len(reasons)}" if untested else f"All {len(reasons)}"
    grounds = f"{checked} rules were checked on {counts} {thing}s"
    if refused:
        names = "; ".join(_named(reason["score"]).removeprefix("of ") for reason in refused)
        ends = "What to do stands below, most useful first."
        if [reason["score"] for reason in refused] == [UNNOTICED]:
            return f"These data may not leave, for the test of them is underpowered. {grounds}; {names}. {ends}"
        failed = f"{len(refused)} did not hold, {_about_privacy(refused)}"
        return f"These data may not leave. {grounds}; {failed}: {names}. {ends}"
    silent = " The others have no meaning for these data." if untested else ""
    held = f"These data may leave. {grounds}, and all held, each at the unfavourable end of its interval.{silent} "
    if any(reason["score"] == GUARANTEE for reason in reasons):
        return held + PROMISED
    return (
        f"{held}This says that the attacks tried found no more than they find in data about other people; "
        "it is no proof that nobody can find more."
    )


def of_model(verdict: Mapping[str, Any]) -> str:
    """Return what a verdict says of the model beside the data: whether it remembers its rows, so that it may not
    leave; nothing of none.
    """
    return " ".join(_of_model(reason) for reason in verdict.get("model", ()))


def _of_model(reason: Reason) -> str:
    if reason["value"] is None or reason["bound"] is None:
        return f"Whether the model itself gives training rows away was not measured. {reason['note']} Keep it inside."
    counted = COUNTED_WORDS[reason["score"]]
    limits = f"up to {_percent(reason['value'])}; allowed {_percent(reason['bound'])}"
    found = f"{_percent(reason['estimate'])} {counted} ({limits})"
    if reason["passed"]:
        return f"The model remembers no more than chance explains: {found}. {reason['note']}"
    return (
        f"The model must stay inside, for it remembers training rows: {found}. {reason['note']} "
        "Who has the released data alone does not hold the model; "
        "what the data themselves give away is judged by the rules of the gate."
    )


def remedies(reasons: Sequence[Reason], generator: str | None = None, stopped: str | None = None) -> list[str]:
    """Return what to do about the rules that refused, each once: those that serve most of them first; no other
    generator where `generator`, the one that was used, is the one to name, more training only where `stopped` says
    that it ended before its validation loss did, and more rows for one reason only.
    """
    if any(reason["score"] == GUARANTEE for reason in reasons):
        return [] if all(reason["passed"] for reason in reasons) else list(NOISY)
    vain = {OTHER_GENERATOR} if generator == FAITHFUL else set()
    vain |= set() if stopped in CUT_SHORT else {LONGER}
    found: dict[str, int] = {}
    for reason in (reason for reason in reasons if not reason["passed"]):
        for place, remedy in enumerate(_advice(reason)):
            if remedy in vain:
                continue
            weight = INPUTS_WEIGHT if reason["score"].startswith(INPUTS) else 1
            found[remedy] = found.get(remedy, 0) + weight * (len(reasons) - place)
    if MORE_ROWS in found and RELATED_ROWS in found:
        found[MORE_ROWS] += found.pop(RELATED_ROWS)
    return [blame.told(remedy, _blamed(reasons, remedy)) for remedy in sorted(found, key=lambda one: -found[one])]


def _blamed(reasons: Sequence[Reason], remedy: str) -> list[str]:
    """Return the columns named by those reasons that have this advice."""
    refused = (reason for reason in reasons if not reason["passed"])
    return [name for reason in refused if remedy in _advice(reason) for name in reason.get("columns", ())]


def _advice(reason: Reason) -> Sequence[str]:
    return REMEDIES.get(max((key for key in REMEDIES if reason["score"].startswith(key)), key=len, default=""), ())


def _plain(value: float, more: int = 0) -> str:
    return f"{value:.{3 + more}g}"


def _percent(value: float, more: int = 0) -> str:
    return f"{100 * value:.{1 + more}f} %" if isinstance(value, int | float) else str(value)


def _about_privacy(refused: Sequence[Reason]) -> str:
    number = sum(reason["score"].startswith(ABOUT_PRIVACY) for reason in refused)
    return f"{number} of them about privacy" if number else "none about privacy"
