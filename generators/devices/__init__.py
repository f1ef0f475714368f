"""Where a generator trains: the device, what it has of memory, and several processes."""
