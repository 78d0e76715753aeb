"""The bug zoo: wrong twins of the library's code, most of them met in public code, and who catches them.

Read in this order: bug; one module a subject: tokens, decoding, formula, masks, heads, norms, layers, tables,
models; then decoys (right code that looks wrong) and matrix.
"""

from b2t.checks.zoo.bug import Bug, Decoy
from b2t.checks.zoo.decoys import DECOYS
from b2t.checks.zoo.matrix import BUGS, DETECTORS, matrix

__all__ = ["BUGS", "DECOYS", "DETECTORS", "Bug", "Decoy", "matrix"]
