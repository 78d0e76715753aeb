"""One forward and backward pass: our Encoder and an nn.TransformerEncoder of equal size and weights."""

import torch
from torch import Tensor, nn

from b2t.nn import Config, Encoder
from b2t.nn.interop import to_torch
from b2t.train import seeded
from tests.benchmarks.measure import report, take_turns

SIZES = {
    "chapter 09's encoder, batch 64 × 32": (
        Config(vocab_size=2048, d_model=128, n_heads=4, n_layers=2, d_ff=256, dropout=0.0, norm_first=True),
        (64, 32),
    ),
    "base model of 2017, batch 8 × 128": (Config(vocab_size=37000, dropout=0.0), (8, 128)),
}


class Embedded(nn.Module):
    """The embedding of an encoder of ours under the layers of torch.nn, so that both do the same work."""

    def __init__(self, encoder: Encoder):
        super().__init__()
        self.encoder = encoder
        self.twin = to_torch(encoder)

    def forward(self, ids: Tensor) -> Tensor:
        """Encode token ids."""
        return self.twin(self.encoder.embed(ids))


def step(model: nn.Module, ids: Tensor) -> None:
    """Run forward and backward, and wait for a GPU to be done."""
    model.zero_grad(set_to_none=True)
    model(ids).square().mean().backward()
    if ids.is_cuda:
        torch.cuda.synchronize()


def main(rounds: int) -> None:
    """Time both sizes on the CPU and, where there is one, on the GPU, eager and compiled."""
    for device in ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]:
        for title, (config, shape) in SIZES.items():
            with seeded(0):
                ours = Encoder(config).to(device)
            ids = torch.zeros(shape, dtype=torch.long, device=device)
            theirs = Embedded(ours)
            with torch.no_grad():
                difference = (ours(ids) - theirs(ids)).abs().max().item()
            for mode in ["eager", *(["compiled"] if device == "cuda" else [])]:
                pair = [ours, theirs] if mode == "eager" else [torch.compile(ours), torch.compile(theirs)]
                contestants = {
                    "b2t.nn.Encoder": lambda: step(pair[0], ids),  # noqa: B023
                    "nn.TransformerEncoder": lambda: step(pair[1], ids),  # noqa: B023
                }
                take_turns(contestants, 3)  # warm up
                seconds = take_turns(contestants, rounds)
                report(f"forward + backward, {title}, {device}, {mode}", seconds, "b2t.nn.Encoder")
                print(f"  largest difference of the outputs: {difference:.1e}")
