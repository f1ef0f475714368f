"""What metrics and reports are computed from: neighbours, pairs of columns, rules, formats, queries, intervals."""
