# SPDX-License-Identifier: MIT
"""Variants of annotated clinical notes without end: what the built-in tagger learns from.

Reading order: note (the data), marked and meddocan (where notes come from), rng and lists (chance and words),
people, dates, ages, spelled, patterns, numbers, places (a new value for an old one), substitute (all of them
over a note), fields, headings and layout (how it is set out), plant (lines from elsewhere), noise (how it is
damaged), variant (the recipe).
"""
