"""Widgets that live in the page: the reader's own text, without a kernel; and with one, in a notebook."""

from b2t.widgets.attention_explorer import AttentionExplorer
from b2t.widgets.encoder_walk import EncoderWalk
from b2t.widgets.language_finder import LanguageFinder
from b2t.widgets.merge_stepper import MergeStepper
from b2t.widgets.position_explorer import PositionExplorer
from b2t.widgets.tokenizer_playground import TokenizerPlayground
from b2t.widgets.whole_machine import WholeMachine

__all__ = [
    "MergeStepper",
    "TokenizerPlayground",
    "AttentionExplorer",
    "PositionExplorer",
    "EncoderWalk",
    "WholeMachine",
    "LanguageFinder",
]
