"""How the rendered book is made: a Sphinx extension, its style sheet, and small commands. No torch here."""
