"""What leaves a task of an exception: sentences of our own, else a type and a line of our code, never the text of a
library.
"""

import json
import traceback

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.scores import EvaluationError
from generators import GeneratorError
from pipelines.run.artifacts import LaunderError, Unavailable
from pipelines.shards.working import HERE, redacted

SECRET = "Quixworth"
RAISING = {
    "numpy": "import numpy\nnumpy.array([value]).astype(float)",
    "numpy, after a sentence's look": "raise ValueError(f'expected a number, found {value}')",
    "pandas": "import pandas\npandas.to_datetime(pandas.Series([value]), format='%Y')",
    "python": "int(value)",
    "json": "import json\njson.loads(value)",
    "unicode": "value.encode('utf-16').decode('ascii')",
    "key": "{}[value]",
    "chained": "try:\n    int(value)\nexcept ValueError as error:\n    raise RuntimeError(value) from error",
}


def redact(code, place, value=SECRET):
    """Return the exception that leaves the redaction where code in a file of ours fails."""
    with pytest.raises(Exception) as caught, redacted():
        exec(compile(code, str(HERE / place), "exec"), {"value": value})
    return caught.value


@pytest.mark.parametrize(
    "place", ["generators/data/__init__.py", "evaluation/__init__.py", "pipelines/stages/__init__.py"]
)
@pytest.mark.parametrize("library", RAISING)
def test_the_text_of_a_foreign_exception_does_not_pass_though_our_line_raised_it(library, place):
    found = redact(RAISING[library], place)
    assert type(found) is LaunderError and f"expected {place}:" in str(found)
    assert SECRET not in "".join(traceback.format_exception(found))


@settings(max_examples=50, deadline=None)
@given(
    st.text(min_size=4).filter(lambda text: not text.isspace() and text not in json.dumps(str(HERE))),
    st.sampled_from(sorted(RAISING)),
)
def test_no_planted_value_passes(value, library):
    value = f"«{value}»"  # no part of a path or of a sentence
    assert value not in "".join(traceback.format_exception(redact(RAISING[library], "generators/__init__.py", value)))


@pytest.mark.parametrize("kind", [LaunderError, Unavailable, GeneratorError, EvaluationError])
def test_sentences_of_our_own_pass_and_leave_behind_what_caused_them(kind):
    with pytest.raises(LaunderError, match=r"^expected two columns, found one$") as caught, redacted():
        try:
            np.array([SECRET]).astype(float)
        except ValueError:
            raise kind("expected two columns, found one") from None
    assert isinstance(caught.value, kind if issubclass(kind, LaunderError) else LaunderError)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_every_sentence_of_the_packages_is_a_value_error():
    """Callers of generators and evaluation alone go on catching ValueError."""
    assert issubclass(GeneratorError, ValueError) and issubclass(EvaluationError, ValueError)
