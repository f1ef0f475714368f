"""What reports draw and say beside scores: charts, what only an internal report may hold, small cells withheld."""
