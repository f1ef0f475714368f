"""What `launder score` is told of the tables that it reads: settings of a configuration, as far as they decide a
score.
"""

from collections.abc import Sequence

from launderette.pipelines import config
from launderette.pipelines.config import OTHERS, RunConfig
from launderette.pipelines.config.documents import setting
from launderette.pipelines.config.errors import nearest
from launderette.pipelines.run.artifacts import LaunderError
from launderette.pipelines.scoring import places

SETTING_SECTIONS = ("source", "columns", "images", "score", "gate", "seed")


def load(train: str, target: str | None, seed: int, overrides: Sequence[str]) -> RunConfig:
    """Return the configuration of the training source under `a.b=value`. LaunderError for a setting that a score
    does not depend on.
    """
    for text in overrides:
        top = text.partition("=")[0].strip().partition(".")[0]
        if top not in SETTING_SECTIONS:
            known = ", ".join(SETTING_SECTIONS)
            raise LaunderError(
                f"expected a setting of {known} for launder score, found {top!r}{nearest(top, SETTING_SECTIONS)}"
            )
    named = [] if target is None else [setting("score.target", target)]
    uri, table = places.table_of(train)
    named += [setting("source.table", table)] if table else []
    loaded = config.load(uri, [setting("seed", seed), *named, *overrides])
    if detailed := [
        name for name, column in loaded.listed.items() if not isinstance(column, str) and set(column) != {"kind"}
    ]:
        raise LaunderError(
            f"expected only a kind under columns.{detailed[0]} for launder score, found more; leave the rest out"
        )
    if loaded.columns.get(OTHERS) == "drop":
        raise LaunderError('expected columns."*" to infer for launder score, found drop; drop columns by their names')
    return loaded
