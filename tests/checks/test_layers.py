"""What `encoder_layer` calls the mistakes that it knows."""

import pytest

from b2t import checks
from b2t.nn.layers import EncoderLayer


class OneNorm(EncoderLayer):
    def forward(self, x, mask=None):
        x = x + self.attention(self.norm_1(x), mask=mask)
        return x + self.feed_forward(self.norm_1(x))


class NoSecondNorm(EncoderLayer):
    def forward(self, x, mask=None):
        x = x + self.attention(self.norm_1(x), mask=mask)
        return x + self.feed_forward(x)


class NoFirstNorm(EncoderLayer):
    def forward(self, x, mask=None):
        x = x + self.attention(x, mask=mask)
        return x + self.feed_forward(self.norm_2(x))


class FeedForwardFirst(EncoderLayer):
    def forward(self, x, mask=None):
        x = x + self.feed_forward(self.norm_1(x))
        return x + self.attention(self.norm_2(x), mask=mask)


class Parallel(EncoderLayer):
    def forward(self, x, mask=None):
        return x + self.attention(self.norm_1(x), mask=mask) + self.feed_forward(self.norm_2(x))


class NormedLine(EncoderLayer):
    def forward(self, x, mask=None):
        x = self.norm_1(x)
        x = x + self.attention(x, mask=mask)
        x = self.norm_2(x)
        return x + self.feed_forward(x)


class NormedOnce(EncoderLayer):
    def forward(self, x, mask=None):
        x = self.norm_1(x)
        x = x + self.attention(x, mask=mask)
        return x + self.feed_forward(self.norm_2(x))


class LateNorm(EncoderLayer):
    def forward(self, x, mask=None):
        x = x + self.attention(self.norm_1(x), mask=mask)
        return self.norm_2(x + self.feed_forward(x))


class NoResidual(EncoderLayer):
    def forward(self, x, mask=None):
        x = self.attention(self.norm_1(x), mask=mask)
        return x + self.feed_forward(self.norm_2(x))


PRE_NORM = {
    OneNorm: "one norm stands in both places",
    NoSecondNorm: "the norm of the feed-forward part is not used",
    NoFirstNorm: "the norm of the attention is not used",
    FeedForwardFirst: "the feed-forward part comes before the attention",
    Parallel: "both branches read the same x",
    NormedLine: "the norms stand on the main line",
    NormedOnce: "the first norm stands on the main line",
    LateNorm: "the second norm stands after the sum",
    NoResidual: "no residual around the attention",
    EncoderLayer: "this is post-norm",
}


@pytest.mark.parametrize("cls", PRE_NORM, ids=lambda cls: cls.__name__)
def test_a_wrong_pre_norm_layer_is_told_what_is_wrong(cls):
    with pytest.raises(checks.CheckFailed) as caught:
        checks.encoder_layer(cls, norm_first=True)
    assert caught.value.detector == "parity" and PRE_NORM[cls] in caught.value.hint
