"""Streams in the formats of subunit."""
