"""The commented configurations that `launder init` writes."""
