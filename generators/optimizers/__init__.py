"""Descents along gradients, without those of torch, which import its compiler: a second of each process that trains."""
