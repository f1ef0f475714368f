"""Releases in databases: loaded aside, verified by the server, swapped in, rolled back."""
