"""Tokenizers in files: ours, GPT-2's, tiktoken's and Hugging Face's.

What reads a file returns the arguments of `Tokenizer` as plain lists and dictionaries; GPT-2's reader returns
the merges and the ids of the bytes.
"""

from b2t.bpe.formats.files import write
from b2t.bpe.formats.gpt2 import gpt2_characters, read_gpt2
from b2t.bpe.formats.huggingface import read_huggingface
from b2t.bpe.formats.huggingface_text import huggingface_text
from b2t.bpe.formats.own import FORMAT, load, save
from b2t.bpe.formats.ranks import recover
from b2t.bpe.formats.tiktoken_file import check_tiktoken, read_tiktoken, tiktoken_text

__all__ = [
    "FORMAT",
    "save",
    "load",
    "write",
    "recover",
    "gpt2_characters",
    "read_gpt2",
    "read_tiktoken",
    "check_tiktoken",
    "tiktoken_text",
    "read_huggingface",
    "huggingface_text",
]
