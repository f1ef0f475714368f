"""Descents along gradients, without torch's classes, which import its compiler: a second of a process that trains."""
