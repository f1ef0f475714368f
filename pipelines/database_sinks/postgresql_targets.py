"""What a table of PostgreSQL has about it that replacing its rows would meet: told before anything is learned."""

from collections.abc import Callable, Iterator
from fractions import Fraction

from launderette.pipelines.config.places import Target
from launderette.pipelines.databases.addresses import quoted, table_parts
from launderette.pipelines.run.artifacts import LaunderError

Ask = Callable[[str, tuple[str, ...]], list[tuple]]
ALLOWED = """
SELECT has_table_privilege(t, 'SELECT') AND has_table_privilege(t, 'INSERT') AND has_table_privilege(t, 'DELETE'),
    row_security_active(t)
FROM (SELECT to_regclass($1::text)::oid AS t) found WHERE t IS NOT NULL
"""
REFERRING = """
SELECT c.conrelid::regclass::text, c.confdeltype::text, has_table_privilege(c.conrelid, 'SELECT'),
    (SELECT string_agg(quote_ident(a.attname::text) || ' IS NOT NULL', ' AND ') FROM pg_attribute a
     WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey))
FROM pg_constraint c
WHERE c.confrelid = to_regclass($1::text) AND c.contype = 'f' AND c.conrelid <> c.confrelid AND c.conparentid = 0
ORDER BY 1
"""
HASH_PARTITIONED = """
SELECT h.partrelid::regclass::text, coalesce(array_agg(substring(pg_get_expr(c.relpartbound, c.oid) FROM
    'modulus (\\d+)')::int8) FILTER (WHERE c.oid IS NOT NULL), '{}')
FROM pg_partitioned_table h LEFT JOIN pg_inherits i ON i.inhparent = h.partrelid
    LEFT JOIN pg_class c ON c.oid = i.inhrelid
WHERE h.partstrat = 'h' AND h.partrelid IN (SELECT relid FROM pg_partition_tree(to_regclass($1::text)))
GROUP BY 1 ORDER BY 1
"""
SEQUENCES = """
SELECT quote_ident(name), quote_literal(sequence) FROM (SELECT a.attname::text AS name,
    pg_get_serial_sequence($1::text, a.attname::text) AS sequence FROM pg_attribute a
    WHERE a.attrelid = to_regclass($1::text) AND a.attnum > 0 AND NOT a.attisdropped) columns
WHERE has_sequence_privilege(sequence, 'UPDATE') AND has_sequence_privilege(sequence, 'USAGE')
"""
ADVANCED = """
SELECT setval(s.seqrelid::regclass, filled.last) FROM pg_sequence s,
    (SELECT max({name})::int8 AS last FROM {table}) filled
WHERE s.seqrelid = {sequence}::regclass AND s.seqincrement > 0
    AND filled.last BETWEEN coalesce(pg_sequence_last_value(s.seqrelid), s.seqstart) AND s.seqmax
"""
CHANGES = {"c": "deletes its rows", "n": "empties its column", "d": "resets its column"}  # where a row is deleted here


def check_replaceable(target: Target, ask: Ask) -> None:
    """Raise LaunderError where the rows of a table cannot be replaced, or not without harm to those of others."""
    name = (quoted(*table_parts(target.name)),)
    if problem := next((said for problems in (_allowed, _referred, _hashed) for said in problems(name, ask)), ""):
        raise LaunderError(f"expected a table whose rows can be replaced at {target.name}, found {problem}")


def advance_sequences(table: str, ask: Ask) -> None:
    """Have the columns of a table that number its rows go on after the highest there, as whoever adds a row expects."""
    for name, sequence in ask(SEQUENCES, (table,)):
        ask(ADVANCED.format(name=name, table=table, sequence=sequence), ())


def _allowed(name: tuple[str], ask: Ask) -> Iterator[str]:
    for may, is_hidden in ask(ALLOWED, name):
        if not may:
            yield "no permission to SELECT, INSERT and DELETE there; ask for a login that has it"
        if is_hidden:
            yield (
                "row-level security, which hides rows of it from this login, so that they would stay; give the login "
                "BYPASSRLS, or publish a view (publish.table.how)"
            )


def _referred(name: tuple[str], ask: Ask) -> Iterator[str]:
    for table, action, may_read, filled in ask(REFERRING, name):
        if action in CHANGES:
            yield (
                f"a foreign key of {table} that {CHANGES[action]} with those here; drop the key, or publish a view "
                "(publish.table.how)"
            )
            continue
        first = f"SELECT 1 FROM {table} WHERE {filled} LIMIT 1"  # noqa: S608  names that the server has quoted
        if not may_read or ask(first, ()):
            yield f"a foreign key of {table}, whose rows refer to those here; drop the key, or publish a view there"


def _hashed(name: tuple[str], ask: Ask) -> Iterator[str]:
    for table, moduli in ask(HASH_PARTITIONED, name):
        if sum(Fraction(1, modulus) for modulus in moduli) < 1:
            yield f"that {table} lacks partitions by hash for some of the values; add one for each remainder"
