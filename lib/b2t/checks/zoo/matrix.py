"""All bugs, and the table of bug against detector."""

from b2t.checks.zoo import formula, heads, layers, masks, models, norms, tables, tokens
from b2t.checks.zoo.bug import Bug

BUGS: tuple[Bug, ...] = (
    *tokens.BUGS,
    *formula.BUGS,
    *masks.BUGS,
    *heads.BUGS,
    *norms.BUGS,
    *layers.BUGS,
    *tables.BUGS,
    *models.BUGS,
)


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
