"""Tokens <-> the variables that an adversarial pair works on: numbers as normal scores, labels as one choice each.

A number's cells tile the line by their shares of the rows, as in copula.py, so that a standard normal z has the
column's distribution, atoms included. A missing number is a choice of two. Labels are choices, and so are numbers of
few values (codes, counts, grades), since these are often no amounts. Labels beyond
SINGLE_TOKEN_CELLS values are two choices, the second under the first.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.labels import Labels
from launderette.generators.encoding.layout import Layout
from launderette.generators.networks.layers import IMPOSSIBLE

ONE_HOT = 64  # choices of more levels are seen through a table of random codes
CODE_UNITS = 32  # units of such a code
ENCODING_PIECES = 24  # pieces of a number's encoding


@dataclass(frozen=True)
class Choice:
    """A label variable: of which column and token, how many levels, whether it tells that a number is missing,
    which choice is above it.
    """

    column: int
    place: int
    size: int
    is_missing: bool = False
    above: int | None = None


class Variables(nn.Module):
    """n numbers and V choices of T levels in all; `fit` fills the buffers, which belong to the model's file."""

    knots: Tensor  # [2, n, ENCODING_PIECES], where each piece of a number's encoding begins and ends
    column: Tensor  # [n + V], of each number and choice

    def __init__(self, layout: Layout, columns: tuple[Cells | Labels, ...]) -> None:
        super().__init__()
        self.layout, self.cells = layout, [column.size for column in columns]
        self.numbers = [c for c, column in enumerate(columns) if isinstance(column, Cells) and not _few(column)]
        self.choices = _choices(layout, self.numbers, columns)
        self.of_column = [
            [v for v, choice in enumerate(self.choices) if choice.column == c] for c in range(len(layout.places))
        ]
        self.sizes = [choice.size for choice in self.choices]
        self.widths = [K if K <= ONE_HOT else CODE_UNITS for K in self.sizes]
        self.features = len(self.numbers) * ENCODING_PIECES + sum(self.widths)
        for i, c in enumerate(self.numbers):
            # the cell where each coarse token begins
            self.register_buffer(f"first_{i}", torch.tensor([*columns[c].starts, columns[c].size]), persistent=False)
            self.register_buffer(f"edges_{i}", torch.zeros(columns[c].size + 1))
            self.register_buffer(f"middles_{i}", torch.zeros(columns[c].size))
        self.register_buffer("knots", torch.zeros(2, len(self.numbers), ENCODING_PIECES))
        self.register_buffer(
            "column", torch.tensor([*self.numbers, *(v.column for v in self.choices)]), persistent=False
        )
        for v, choice in enumerate(self.choices):
            K = choice.size
            above = self.choices[choice.above].size if choice.above is not None else 1
            self.register_buffer(f"log_share_{v}", torch.zeros(above, K))
            if K > ONE_HOT:
                self.register_buffer(f"code_{v}", torch.randn(K, CODE_UNITS) / CODE_UNITS**0.5)

    def fit(self, x: Tensor) -> None:
        """Read the shares of cells and levels off the tokens x [N, L]."""
        for i, c in enumerate(self.numbers):
            cell, present = self._cells(x, i)
            counts = torch.bincount(cell[present], minlength=self.cells[c])
            share = torch.cat([counts.new_zeros(1), counts.cumsum(0)]).double() / counts.sum().clamp(min=1)
            middles = torch.special.ndtri((share[:-1] + share[1:]) / 2)
            getattr(self, f"edges_{i}").copy_(torch.special.ndtri(share))
            getattr(self, f"middles_{i}").copy_(middles)
            self.knots[:, i] = _knots(share, middles.float())
        for v, choice in enumerate(self.choices):
            table = getattr(self, f"log_share_{v}")
            pick, above = (
                self.pick(x, choice),
                self.pick(x, self.choices[choice.above]) if choice.above is not None else 0,
            )
            counts = torch.bincount(above * choice.size + pick, minlength=table.numel()).view_as(table) + 0.1
            if choice.above is not None:
                counts[torch.arange(choice.size) >= torch.from_numpy(self.layout.inner[choice.place][1])[:, None]] = 0
            table.copy_(torch.log(counts / counts.sum(1, keepdim=True)).clamp(min=IMPOSSIBLE))

    def _cells(self, x: Tensor, i: int) -> tuple[Tensor, Tensor]:
        """Return the cell of number i in each row, and which rows have one."""
        place = self.layout.places[self.numbers[i]]
        cell = getattr(self, f"first_{i}")[x[:, place[0]]] + (x[:, place[1]] if len(place) > 1 else 0)
        return cell, cell < self.cells[self.numbers[i]]

    def pick(self, x: Tensor, choice: Choice) -> Tensor:
        """Return the level of a choice in the rows of tokens x [B, L]: [B]."""
        return (
            (x[:, choice.place] >= self.layout.ordered[choice.place]).long()
            if choice.is_missing
            else x[:, choice.place]
        )

    def read(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens x [B, L] -> normal scores [B, n], 0 where missing, and choices [B, V]."""
        scores = []
        for i in range(len(self.numbers)):
            cell, present = self._cells(x, i)
            middles = getattr(self, f"middles_{i}")
            scores.append(torch.where(present, middles[cell.clamp(max=len(middles) - 1)], 0.0))
        picks = [self.pick(x, choice) for choice in self.choices]
        return _stacked(scores, len(x), x.device, torch.float32), _stacked(picks, len(x), x.device, torch.int64)

    def within(self, x: Tensor, u: Tensor) -> Tensor:
        """Tokens x [B, L] and uniforms u [B, n] -> a normal score within each number's cell, [B, n]."""
        scores = []
        for i in range(len(self.numbers)):
            cell, present = self._cells(x, i)
            edges = torch.special.ndtr(getattr(self, f"edges_{i}").double())
            at = cell.clamp(max=len(edges) - 2)
            p = torch.where(present, edges[at] + u[:, i] * (edges[at + 1] - edges[at]), u[:, i])
            scores.append(torch.special.ndtri(p.clamp(1e-7, 1 - 1e-7)).float())
        return _stacked(scores, len(x), x.device, torch.float32)

    def quantised(self, z: Tensor) -> Tensor:
        """Normal scores z [B, n] -> the middle of the cell that each lies in; the gradient passes straight through."""
        middles = [getattr(self, f"middles_{i}")[self.cell(z, i)] for i in range(len(self.numbers))]
        return _stacked(middles, len(z), z.device, z.dtype) + (z - z.detach())

    def settle(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Perturbed logits y [B, T] -> the largest of each choice [B, V], and indicators [B, T] with the gradient
        of a softmax.
        """
        picks: list[Tensor] = []
        levels: list[Tensor] = []
        for v, (choice, logits) in enumerate(zip(self.choices, y.split(self.sizes, 1), strict=True)):
            if choice.above is not None:
                logits = logits + getattr(self, f"log_share_{v}")[picks[choice.above]]
            picks.append(logits.argmax(1))
            soft = logits.softmax(1)
            levels.append(nn.functional.one_hot(picks[v], choice.size) + soft - soft.detach())
        return _stacked(picks, len(y), y.device, torch.int64), torch.cat([y[:, :0], *levels], 1)

    def cell(self, z: Tensor, i: int) -> Tensor:
        return torch.bucketize(z[:, i].detach().contiguous(), getattr(self, f"edges_{i}")[1:-1], right=True)

    def write(self, z: Tensor, picks: Tensor) -> Tensor:
        """Normal scores z [B, n] and choices [B, V] -> tokens [B, L]."""
        x = torch.zeros(len(z), self.layout.width, dtype=torch.int64, device=z.device)
        for i, c in enumerate(self.numbers):
            first, cell, place = getattr(self, f"first_{i}"), self.cell(z, i), self.layout.places[c]
            x[:, place[0]] = torch.bucketize(cell, first[:-1], right=True) - 1
            if len(place) > 1:
                x[:, place[1]] = cell - first[x[:, place[0]]]
        for v, choice in enumerate(self.choices):
            if not choice.is_missing:
                x[:, choice.place] = picks[:, v]
                continue
            is_missing, place = picks[:, v] == 1, self.layout.places[choice.column]
            x[:, place[0]] = torch.where(is_missing, self.layout.ordered[choice.column], x[:, place[0]])
            if len(place) > 1:
                x[:, place[1]] = x[:, place[1]].masked_fill(is_missing, 0)
        return x

    def seen(self, scores: Tensor, levels: Tensor) -> Tensor:
        """Scores [B, n] and indicators of the levels [B, T] (perhaps soft) -> what the networks see, [B, features].

        A number is encoded piecewise linearly (Gorishniy et al. 2022, arXiv 2203.05556), a choice as its indicators or
        its code.
        """
        low, high = self.knots
        pieces = ((scores[:, :, None] - low) / (high - low)).clamp(0, 1)  # [B, n, ENCODING_PIECES]
        parts = list(levels.split(self.sizes, 1)) if self.sizes else []
        there = [scores.new_ones(len(scores), 1)] * scores.shape[1]  # of each number, 1 where it is not missing
        for v, choice in enumerate(self.choices):
            if choice.is_missing:
                there[self.numbers.index(choice.column)] = parts[v][:, :1]
            if choice.size > ONE_HOT:
                parts[v] = parts[v] @ getattr(self, f"code_{v}")
        if any(choice.is_missing for choice in self.choices):
            pieces = pieces * torch.cat(there, 1)[:, :, None]
        return torch.cat([pieces.flatten(1), *parts], 1)

    def indicators(self, picks: Tensor) -> Tensor:
        """Choices [B, V] -> the indicators of all levels [B, T]."""
        hot = [nn.functional.one_hot(picks[:, v], K).float() for v, K in enumerate(self.sizes)]
        return torch.cat(hot, 1) if hot else torch.zeros(len(picks), 0, device=picks.device)


def _few(column: Cells) -> bool:
    """Tell whether a number takes few values, most of them shared by rows enough to be kept as they are (or none:
    all are missing).
    """
    exact = sum(low == high for low, high in zip(column.low, column.high, strict=True))
    return column.size <= ONE_HOT and exact >= column.size / 2


def _choices(layout: Layout, numbers: list[int], columns: tuple[Cells | Labels, ...]) -> list[Choice]:
    """List the choices in an order in which each stands after the one above it."""
    choices: list[Choice] = []
    for c, places in enumerate(layout.places):
        if c in numbers:
            if columns[c].missing:
                choices.append(Choice(c, c, 2, is_missing=True))
            continue
        choices.append(Choice(c, c, layout.sizes[c]))
        if len(places) > 1:
            choices.append(Choice(c, places[1], layout.sizes[places[1]], above=len(choices) - 1))
    return choices


def _knots(share: Tensor, middles: Tensor) -> Tensor:
    """Ends of cells' shares [K + 1] and their scores [K] -> both ends of the pieces [2, ENCODING_PIECES]: every
    cell, or cells at equal shares.
    """
    K = len(middles)
    at = torch.linspace(0, 1, ENCODING_PIECES + 1, dtype=share.dtype)
    cells = torch.arange(K) if K <= ENCODING_PIECES + 1 else torch.bucketize(at, share[1:-1]).unique()
    knots = middles[cells]
    ends = torch.full((2, ENCODING_PIECES), 1e6)
    ends[1] += 1
    ends[0, : len(cells) - 1], ends[1, : len(cells) - 1] = knots[:-1], knots[1:]
    return ends


def _stacked(columns: list[Tensor], rows: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    return torch.stack(columns, 1) if columns else torch.zeros(rows, 0, device=device, dtype=dtype)
