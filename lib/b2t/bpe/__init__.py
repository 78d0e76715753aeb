"""Byte-level byte pair encoding. Read in this order: core, split, reference, fast, tokenizer, formats."""

from b2t.bpe import core, fast, reference
from b2t.bpe.split import PATTERNS, count_words, split
from b2t.bpe.tokenizer import Tokenizer

__all__ = ["PATTERNS", "Tokenizer", "core", "count_words", "fast", "reference", "split"]
