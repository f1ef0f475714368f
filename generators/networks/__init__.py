"""Parts of networks and statistical models that several generators are built of."""
