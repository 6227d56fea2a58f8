"""Prompt templates, one `.md` file each; they come with the model engine.

The offline engine asks no model, so it needs none of them.
"""
