"""The page: chat with the sources beside the answer, built from the public API of `assistant`.

Importing it is light; gradio is imported when the page is built.
"""

from page.server import serve

__all__ = ["serve"]
