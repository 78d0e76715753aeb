"""One forward and backward pass: our Encoder and an nn.TransformerEncoder of equal size and weights."""

import functools

import torch
from torch import Tensor, nn

from b2t.nn import Config, Encoder
from b2t.nn.interop import to_torch
from b2t.train import seeded
from tests.benchmarks import measure

THREADS = 2

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


def main(rounds: int = 20) -> None:
    """Time both sizes on the CPU and, where there is one, on the GPU, eager and compiled; clock time."""
    torch.set_num_threads(THREADS)
    measure.head(f"Encoder, torch {torch.__version__}, {THREADS} threads, clock time")
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
                names = ("b2t.nn.Encoder", "nn.TransformerEncoder")
                runs = {name: functools.partial(step, model, ids) for name, model in zip(names, pair)}
                contestants = {name: lambda run=run: run for name, run in runs.items()}
                measure.take_turns(contestants, 3)  # warm up
                turns, _ = measure.take_turns(contestants, rounds)
                task = f"forward + backward, {title}, {device}, {mode}"
                measure.show(measure.rows(task, turns, dict.fromkeys(names, names[0]), "wall"))
                print(f"  largest difference of the outputs: {difference:.1e}")


if __name__ == "__main__":
    main()
