# SPDX-License-Identifier: MIT
"""The built-in tagger, as it is trained: units (what is tagged), features (what is known of a unit), tags (what is said of
it), model (the encoder), data (notes as windows), decode (tags to spans), measure (figures), and train.py beside this
folder, which puts them together.
"""
