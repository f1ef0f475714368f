"""The network of tabular.gan: discriminator, generator, the rows that it starts from, and collapse detection."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from launderette.generators.networks.gan_losses import discriminator_loss, generator_loss, penalised
from launderette.generators.tabular._gan_networks import TableDiscriminator, TableGenerator
from launderette.generators.tabular._start import Start
from launderette.generators.tabular._variables import Variables
from launderette.generators.training.collapse import coverage, precision

NOISE_DIMENSIONS = 8  # normals that the generator sees beside its starting row
MOMENT_ROWS = 4096  # generated rows that are compared with validation rows
MOMENT_FEATURES = 1024  # features whose pairs are compared, at most
COLLAPSE_ROWS = 1024  # rows of which diversity and fidelity are measured
POOL_LIMITS = 4096, 65_536, 5e7  # starting rows that training chooses from: at least, at most, and numbers in them
CONDITIONED = 0.25  # share of these with known columns
SHARE_ROUNDS = 12  # over all columns, in which their shares are fitted
KNOWN_SETS = 16  # sets of known columns among these


class Model(nn.Module):
    """Generator and discriminator of one table; `turn` says whose loss forward returns, none for collapse detection."""

    mean: Tensor  # [width], of the discriminator's hidden units over generated rows
    pool_scores: Tensor  # [P, n], the starting rows of training: what `generate` takes as z, y and known
    pool_logits: Tensor  # [P, T]
    pool_known: Tensor  # [P, C]

    def __init__(
        self, variables: Variables, *, width: int, depth: int, packing: int, penalty: float, loss: str
    ) -> None:
        super().__init__()
        self.start = Start(variables)
        self.penalty, self.loss, self.packing, self.diversity, self.fidelity = penalty, loss, packing, 1.0, 1.0
        n, T, C = len(variables.numbers), sum(variables.sizes), len(variables.layout.places)
        self.generator = TableGenerator(variables.features + n + C + NOISE_DIMENSIONS, width, depth, n, T)
        self.discriminator = TableDiscriminator(variables.features + C, width, depth, packing)
        self.register_buffer("mean", torch.zeros(width))
        for c in range(C):
            self.register_buffer(f"rake_{c}", torch.zeros(variables.layout.sizes[c]))  # log weights of tokens

    @property
    def variables(self) -> Variables:
        return self.start.variables

    @torch.no_grad()
    def prepare(self, x: Tensor) -> None:
        """Draw the starting rows of training; those of known columns take these from random rows of tokens x [N, L]."""
        least, most, numbers = POOL_LIMITS
        rows = max(least, min(4 * len(x), most, int(numbers / (1 + sum(self.variables.sizes)))))
        for name, part in zip(("scores", "logits", "known"), self._starts(x, rows), strict=True):
            self.register_buffer(f"pool_{name}", part, persistent=False)

    def _starts(self, x: Tensor, rows: int) -> list[Tensor]:
        columns, drawn = len(self.variables.layout.places), []
        for group in range(KNOWN_SETS + 1):
            size = round(rows * (1 - CONDITIONED)) if not group else max(1, round(rows * CONDITIONED / KNOWN_SETS))
            known = _some(columns, single=group % 2 == 0) if group and columns > 1 else []
            mask = torch.zeros(columns)
            mask[known] = 1
            drawn += [
                (*self.start.draw(*self._random(len(part)), x[part], known), mask.expand(len(part), -1))
                for part in torch.randint(len(x), (size,)).split(8192)
            ]
        return [torch.cat(parts) for parts in zip(*drawn, strict=True)]

    def _random(self, rows: int) -> tuple[Tensor, Tensor]:
        return torch.randn(rows, len(self.variables.numbers)), torch.rand(rows, sum(self.variables.sizes))

    def generate(self, z: Tensor, y: Tensor, known: Tensor, e: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Starting rows z [B, n], y [B, T], which columns are known [B, C], noise e -> scores, choices, what is
        seen of them.
        """
        variables, n = self.variables, len(self.variables.numbers)
        started, _ = variables.settle(y)
        shift, logits = self.generator(torch.cat([variables.seen(z, variables.indicators(started)), z, known, e], 1))
        z = z + shift * (1 - known[:, variables.column[:n]])
        picks, levels = variables.settle(y + logits)
        return z, picks, torch.cat([variables.seen(variables.quantised(z), levels), known], 1)

    def fakes(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Generate from the pool's `rows`: what is seen of them [B, F], and which columns are known [B, C]."""
        z, y, known = self.pool_scores[rows], self.pool_logits[rows], self.pool_known[rows]
        return self.generate(z, y, known, torch.randn(len(z), NOISE_DIMENSIONS, device=z.device))[2], known

    def forward(self, x: Tensor, turn: str = "") -> Tensor:
        """Tokens x [B, L] -> the loss of the network whose turn it is per pack, or how far generated rows are from
        these, [B].
        """
        if not turn:
            return self._detect_collapse(x).expand(len(x))
        x = x[: len(x) // self.packing * self.packing]
        with torch.set_grad_enabled(turn == "generator"):
            fake, known = self.fakes(torch.randint(len(self.pool_known), (len(x),), device=x.device))
        real, D = self._real(x, known), self.discriminator
        if turn == "generator":
            return generator_loss(self.loss, D(real).detach(), D(fake))
        if not self.penalty:
            return discriminator_loss(self.loss, D(real), D(fake))
        (of_real, r1), (of_fake, r2) = penalised(D, real), penalised(D, fake)
        return discriminator_loss(self.loss, of_real, of_fake) + self.penalty * (r1 + r2)

    def _real(self, x: Tensor, known: Tensor) -> Tensor:
        scores, picks = self.variables.read(x)
        return torch.cat([self.variables.seen(scores, self.variables.indicators(picks)), known], 1)

    def _detect_collapse(self, x: Tensor) -> Tensor:
        """Note diversity and fidelity; return how far moments of x [B, L] are from those of rows weighted by p / q."""
        # the first rows: no column is known
        fake, _ = self.fakes(torch.arange(min(MOMENT_ROWS, len(self.pool_known) // 2), device=x.device))
        real = self._real(x, torch.zeros(len(x), len(self.variables.layout.places), device=x.device))
        self.diversity, self.fidelity = (
            look(real[:COLLAPSE_ROWS], fake[:COLLAPSE_ROWS]) for look in (coverage, precision)
        )
        weight = self.discriminator.ratio(fake, self.discriminator.trunk(fake).mean(0)).softmax(0)
        step = -(-real.shape[1] // MOMENT_FEATURES)
        real, fake = real[:, ::step], fake[:, ::step]
        return (real.t() @ real / len(real) - fake.t() @ (weight[:, None] * fake)).abs().mean()

    @torch.no_grad()
    def rate(self, seen: Tensor, x: Tensor, raked: bool) -> Tensor:
        """Return log p / q of generated rows, up to a constant, from what is seen of them [B, F] and their tokens
        [B, L]: [B].
        """
        rake = (
            sum(getattr(self, f"rake_{c}")[x[:, c]] for c in range(len(self.variables.layout.places))) if raked else 0
        )
        return self.discriminator.ratio(seen, self.mean) + rake


def _some(columns: int, *, single: bool) -> list[int]:
    count = 1 if single else int(torch.randint(1, columns, ()))
    return torch.randperm(columns)[:count].tolist()


def raked(
    tokens: Tensor, log_weight: Tensor, shares: Mapping[int, Tensor], rounds: int = SHARE_ROUNDS
) -> dict[int, Tensor]:
    """Tokens [K, B, C] of K candidates per row and their log weights [K, B] -> terms [size] that give each column its
    shares.

    Iterative proportional fitting (Deming & Stephan 1940) on the weights with which a row's candidate is chosen.
    """
    terms = {c: torch.zeros_like(share) for c, share in shares.items()}
    for _ in range(rounds):
        for c, share in shares.items():
            weight = log_weight.softmax(0) / log_weight.shape[1]
            found = torch.zeros_like(share).index_add_(0, tokens[:, :, c].flatten(), weight.flatten())
            step = (torch.log(share + 1e-6) - torch.log(found + 1e-6)).clamp(-1, 1)
            terms[c], log_weight = terms[c] + step, log_weight + step[tokens[:, :, c]]
    return terms
