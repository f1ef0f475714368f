"""Where a generator trains: the device and what it has of memory."""
