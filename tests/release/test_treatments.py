"""What became of each column, in the words that a report counts."""

from collections import Counter

from generators.data.schema import Categorical, Composite, Identifier, Image, Numerical, Schema
from generators.formats.tuple_format import TupleFormat
from pipelines.personal_data import columns
from pipelines.release import treatments
from pipelines.release.treatments import Treatment

PARTS = (Numerical("bp high", "float64"), Numerical("bp low", "float64"))
SCHEMA = Schema(
    (
        Identifier("no", "int64", "<1-9>"),
        Categorical("town", "object"),
        Categorical("staff", "object"),
        Numerical("total", "float64"),
        Numerical("age", "int64"),
        Composite("bp", "object", TupleFormat(("", "/", "")), PARTS),
    )
)


def test_each_column_counts_once_under_what_was_done_to_it():
    record = {"town": {"labels_generalised": 3}, "age": {"rows_clipped": 9}, "staff": {"labels_generalised": 0}}
    personal = {"staff": {"kind": "name", "evidence": columns.PSEUDONYMS}, "no": {"kind": "phone", "evidence": "x"}}
    facts = {"protection": {"columns": record}, "personal": personal, "worked_out": ["total", "bp high"]}
    found = treatments.of_columns(SCHEMA, facts)
    assert list(found) == SCHEMA.names
    assert Counter(found.values()) == {
        Treatment.MADE_UP: 1,
        Treatment.GENERALISED: 1,
        Treatment.DISGUISED: 1,
        Treatment.WORKED_OUT: 1,
        Treatment.LEARNT: 2,
    }
    assert found["age"] == found["bp"] == Treatment.LEARNT and found["staff"] == Treatment.DISGUISED
    assert treatments.of_columns(Schema((Image("image", 8, 8, 1),)), facts) == {}
