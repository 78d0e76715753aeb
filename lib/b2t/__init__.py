"""Bytes to Transformers: the library that the book's chapters stand on.

`b2t.bpe` turns text into tokens, `b2t.nn` turns tokens into vectors and answers. Neither knows of the
other. Import what you need from those two; this package itself imports nothing, so that a tokenizer
can be used without PyTorch.
"""

__version__ = "0.1.0"
