"""The networks of tabular.gan: a discriminator over packs of rows, and a generator that corrects starting rows."""

from torch import Tensor, nn


class ResidualLayers(nn.Module):
    """`depth` residual layers of h units."""

    def __init__(self, inputs: int, h: int, depth: int) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, h)
        self.layers = nn.ModuleList(nn.Linear(h, h) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        h = nn.functional.silu(self.first(x))
        for layer in self.layers:
            h = h + nn.functional.silu(layer(h))
        return h


class TableDiscriminator(nn.Module):
    """Packs of m rows -> one logit (PacGAN, Lin et al. 2018, arXiv 1712.04086): the sum of the rows' own and one of
    their mean.

    The order of rows in a pack says nothing, so they share their layers (Zaheer et al. 2017, arXiv 1703.06114).
    """

    def __init__(self, inputs: int, h: int, depth: int, packing: int) -> None:
        super().__init__()
        self.packing = packing
        self.trunk = ResidualLayers(inputs, h, depth)
        self.row = nn.Linear(h, 1)
        self.pack = nn.Sequential(nn.Linear(h, h), nn.SiLU(), nn.Linear(h, 1)) if packing > 1 else None

    def forward(self, rows: Tensor) -> Tensor:
        """Rows [m B, inputs] -> logits [B]."""
        h = self.trunk(rows)
        own = self.row(h).view(-1, self.packing).sum(1)
        return own + self.pack(h.view(len(own), self.packing, -1).mean(1))[:, 0] if self.pack else own

    def ratio(self, rows: Tensor, mean: Tensor) -> Tensor:
        """Rows [B, inputs] -> log p / q of each up to a constant, [B], in packs whose other rows are the
        generator's `mean` [h].
        """
        h = self.trunk(rows)
        own = self.row(h)[:, 0]
        return own + self.pack((h + (self.packing - 1) * mean) / self.packing)[:, 0] if self.pack else own


class TableGenerator(nn.Module):
    """What is seen of a starting row, and noise -> corrections of its numbers and of its logits; none before
    training.
    """

    def __init__(self, inputs: int, h: int, depth: int, numbers: int, levels: int) -> None:
        super().__init__()
        self.trunk, self.numbers = ResidualLayers(inputs, h, depth), numbers
        self.out = nn.Linear(h, numbers + levels)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        out = self.out(self.trunk(x))
        return out[:, : self.numbers], out[:, self.numbers :]
