"""All bugs, all detectors, and the table of bug against detector."""

from b2t.checks import coding, formula, heads, layers, masks, models, norms, tables, training, turns
from b2t.checks.zoo import decoding, tokens
from b2t.checks.zoo import formula as wrong_formula
from b2t.checks.zoo import heads as wrong_heads
from b2t.checks.zoo import layers as wrong_layers
from b2t.checks.zoo import masks as wrong_masks
from b2t.checks.zoo import models as wrong_models
from b2t.checks.zoo import norms as wrong_norms
from b2t.checks.zoo import tables as wrong_tables
from b2t.checks.zoo.bug import Bug

BUGS: tuple[Bug, ...] = (
    *tokens.BUGS,
    *decoding.BUGS,
    *wrong_formula.BUGS,
    *wrong_masks.BUGS,
    *wrong_heads.BUGS,
    *wrong_norms.BUGS,
    *wrong_layers.BUGS,
    *wrong_tables.BUGS,
    *wrong_models.BUGS,
)

LISTS = {
    "bpe_train": [training.detectors()],
    "bpe_encode": [coding.ENCODE],
    "bpe_decode": [coding.DECODE],
    "utf8_stream": [coding.STREAM],
    "attention": [formula.PLAIN, formula.MASKED],
    "causal_mask": [masks.CAUSAL],
    "padding_mask": [masks.PADDING],
    "multi_head_attention": [heads.PLAIN, heads.MASKED],
    "layer_norm": [norms.DETECTORS],
    "encoder_layer": [layers.DETECTORS],
    "sinusoidal": [tables.TABLE],
    "rotary": [turns.TURN],
    "embedding": [models.EMBEDDING],
    "encoder": [models.ENCODER],
}
DETECTORS = {check: tuple(look for part in parts for look in part) for check, parts in LISTS.items()}


def matrix(check: str) -> dict[str, tuple[str, ...]]:
    """Run a check on each of its bugs.

    Parameters
    ----------
    check : str
        One of `b2t.checks.ENTRY_POINTS`.

    Returns
    -------
    dict of str to tuple of str
        The name of each bug, and the detectors that catch it, in order.

    Examples
    --------
    >>> matrix("padding_mask")["True at padding"]
    ('real_keys', 'no_padding')
    """
    return {bug.name: bug.found_by() for bug in BUGS if bug.check == check}
