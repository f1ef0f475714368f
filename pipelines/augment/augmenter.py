"""The face that scikit-learn and imbalanced-learn know: `Augmenter().fit_resample(X, y)`, also inside imblearn's
Pipeline.
"""

import warnings
from collections.abc import Hashable, Mapping
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.utils import check_target_type
from sklearn.utils import check_array, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import validate_data

from launderette.generators import Budget
from launderette.generators.data.groups import Groups
from launderette.generators.data.inference import infer
from launderette.pipelines.augment import oversampling
from launderette.pipelines.augment.oversampling import Recipe
from launderette.pipelines.run.artifacts import LaunderError

TARGET = "target"  # of the table that the generator sees; the other columns go by their position

STRATEGIES = {"auto", "minority", "not minority", "not majority", "all"}  # of imbalanced-learn


class Augmenter(BaseOverSampler):
    """Add synthetic rows of chosen classes to X and y, drawn by a generator that is fitted to these X and y alone.

    `sampling_strategy` is imbalanced-learn's: "auto" brings every class to the size of the largest, a mapping {class:
    rows} states the rows that each class has afterwards. Frames keep their columns, dtypes and missing values; arrays
    and lists stay what they are. `filter` drops synthetic rows that models of the real ones call mislabelled. `steps`
    or `minutes` limit the training; `options` are the generator's. After fit_resample, `model_` is the generator (None
    where nothing was wanted), `is_synthetic_` tells the added rows, `seen_` holds hashes of the rows it learned from.
    """

    _parameter_constraints: ClassVar[dict] = {
        "generator": [str],
        "sampling_strategy": [StrOptions(STRATEGIES), Interval(Real, 0, 1, closed="right"), Mapping, callable],
        "random_state": ["random_state"],
        "options": [Mapping, None],
        "steps": [Interval(Integral, 1, None, closed="left"), None],
        "minutes": [Interval(Real, 0, None, closed="neither"), None],
        "filter": ["boolean"],
        "device": [str],
    }

    def __init__(
        self,
        generator: str = "tabular.autoregressive",
        *,
        sampling_strategy: Any = "auto",
        random_state: Any = 0,
        options: Mapping[str, Any] | None = None,
        steps: int | None = None,
        minutes: float | None = None,
        filter: bool = True,
        device: str = "auto",
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.generator = generator
        self.random_state = random_state
        self.options = options
        self.steps = steps
        self.minutes = minutes
        self.filter = filter
        self.device = device

    def fit_resample(self, X: Any, y: Any, **params: Any) -> tuple[Any, Any]:
        """Return X and y with the synthetic rows after the real ones; ValueError for classes and counts that cannot be.

        Rows of equal `groups` (one value per row, such as a patient's visits) stay together where the generator
        validates itself.
        """
        if pd.isna(np.asarray(y, dtype=object)).any():
            raise LaunderError("expected a class for every row in y, found rows without; drop or fill them")
        return super().fit_resample(X, y, **params)

    def _check_X_y(self, X: Any, y: Any) -> tuple[Any, np.ndarray, bool]:
        y, one_vs_all = check_target_type(y, indicate_one_vs_all=True)
        if not isinstance(X, pd.DataFrame):
            X = check_array(X, dtype=None, ensure_all_finite=False)
        validate_data(self, X=X, y=y, reset=True, skip_check_array=True)
        return X, y, one_vs_all

    def _fit_resample(self, X: Any, y: np.ndarray, groups: Groups | None = None) -> tuple[Any, np.ndarray]:
        classes, codes = np.unique(y, return_inverse=True)
        counts: dict[Hashable, int] = {
            int(np.flatnonzero(classes == label)[0]): int(count)
            for label, count in self.sampling_strategy_.items()
            if count > 0
        }
        table, seed = _table(X, codes), int(check_random_state(self.random_state).randint(2**31 - 1))
        self.model_, self.seen_ = None, np.zeros(0, dtype="uint64")
        self.mislabelled_, added = 0, table.iloc[:0]
        if counts:
            recipe = Recipe(
                self.generator, self.options or {}, Budget(self.steps, self.minutes), self.filter, self.device
            )
            learned = oversampling.learn(table, TARGET, recipe, kinds=_kinds(table), groups=groups, seed=seed)
            self.model_, self.seen_ = learned.model, learned.seen
            drawn = oversampling.draw(learned, counts, seed=seed)
            added, self.mislabelled_ = drawn.rows, drawn.mislabelled
        if self.mislabelled_:
            warnings.warn(oversampling.few_agree(self.mislabelled_), UserWarning, stacklevel=3)
        self.is_synthetic_ = np.repeat([False, True], [len(table), len(added)])
        labels = np.concatenate([y, classes[added[TARGET].to_numpy("int64")]]).astype(y.dtype)
        return _joined(X, table, added), labels

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.string = tags.input_tags.allow_nan = True
        return tags


def _table(X: Any, codes: np.ndarray) -> pd.DataFrame:
    """Return the rows as the generator sees them: columns by position, the target a class number; sparse columns
    written out.
    """
    table = pd.DataFrame(X).reset_index(drop=True).set_axis([str(k) for k in range(np.shape(X)[1])], axis=1)
    sparse = [name for name in table if isinstance(table[name].dtype, pd.SparseDtype)]
    table = table.assign(**{name: table[name].sparse.to_dense() for name in sparse}).infer_objects()
    return table.assign(**{TARGET: codes})


def _kinds(table: pd.DataFrame) -> dict[str, str]:
    """Read kinds off the values, but take no number for the name of a row: a feature is there to be learned from."""
    kinds = infer(table).kinds()
    numbers = [name for name in kinds if pd.api.types.is_numeric_dtype(table[name].dtype)]
    return kinds | {name: "numerical" for name in numbers if kinds[name] == "identifier"}


def _joined(X: Any, table: pd.DataFrame, added: pd.DataFrame) -> Any:
    """Return real and synthetic rows in one frame with the columns of X, or in one array of its dtype."""
    names = [name for name in table if name != TARGET]
    if not isinstance(X, pd.DataFrame):
        return np.concatenate([X, added[names].to_numpy(X.dtype)]) if len(added) else X
    columns = [pd.concat([table[name], added[name].astype(table[name].dtype)], ignore_index=True) for name in names]
    return pd.concat(columns, axis=1).set_axis(X.columns, axis=1)
