"""What each stage of a run costs as the rows grow: seconds, the operating system's peak of memory, fitted exponents."""
