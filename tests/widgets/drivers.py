"""How to use each kind of widget on a page, and what Python says it must show.

A driver takes the page, the widget's root, the state that the page was written with, and a function that
makes up a text; it types, clicks and compares.
"""

from tests.widgets import (
    drive_attention_explorer,
    drive_encoder_walk,
    drive_language_finder,
    drive_merge_stepper,
    drive_position_explorer,
    drive_tokenizer_playground,
    drive_whole_machine,
)

DRIVERS = {
    "attention-explorer": drive_attention_explorer.drive,
    "encoder-walk": drive_encoder_walk.drive,
    "language-finder": drive_language_finder.drive,
    "merge-stepper": drive_merge_stepper.drive,
    "position-explorer": drive_position_explorer.drive,
    "tokenizer-playground": drive_tokenizer_playground.drive,
    "whole-machine": drive_whole_machine.drive,
}
