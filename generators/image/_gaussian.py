"""What a denoiser knows before its training: the images of each label as normally distributed, and the exact posterior
mean of an image under noise.

At high noise, where it is decided what an image shows, the best denoiser of any images is nearly that of normally
distributed ones of the same mean and covariance (Wang and Vastola 2024, arXiv 2412.09726). Covariances are those of a
few leading directions U, of each label where labels are few, drawn towards that of all labels together; in all other
directions the variance is the same:

x | y ~ N(m + U mu_y, U V_y diag(v_y) V_y^T U^T + r (1 - U U^T))
"""

import torch
from torch import Tensor, nn

MOST_DIRECTIONS, MOST_BASIS_VALUES = 64, 2**22
IMAGES_PER_DIRECTION = 20  # of fewer images the directions alone tell which were among them
MOST_SEPARATE_LABELS = 100  # that have covariances of their own
PRIOR_IMAGES, PRIOR_DIRECTIONS = 3, 4  # weight of the common mean, and that of the common covariance per direction
LEAST_PIXEL_VARIANCE = 1e-4  # pixels lie in [-1, 1]
MEASURED_IMAGES, MEASURED_VALUES = 5000, 2**25  # at most


class GaussianDenoiser(nn.Module):
    """Noisy images of a label -> the mean and the size of what they may have been; labels 0..C - 1, and C where the
    label is hidden.
    """

    mean: Tensor  # [P], m
    basis: Tensor  # [P, K], U; directions that are not used are zero
    centre: Tensor  # [C + 1, K], mu
    turn: Tensor  # [D, K, K], V; D is C + 1, or 1 where all labels share one
    variance: Tensor  # [D, K], v
    rest: Tensor  # [], r

    def __init__(self, values: int, labels: int) -> None:
        super().__init__()
        K, D = (
            min(MOST_DIRECTIONS, values, MOST_BASIS_VALUES // values),
            labels + 1 if labels <= MOST_SEPARATE_LABELS else 1,
        )
        shapes = {"mean": (values,), "basis": (values, K), "centre": (labels + 1, K)}
        shapes |= {"turn": (D, K, K), "variance": (D, K), "rest": ()}
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape))

    def start(self, x: Tensor, y: Tensor) -> None:
        """Measure images x [N, P] of labels y [N], or evenly spaced ones of them where they are many."""
        P = x.shape[1]
        step = -(-len(x) // min(MEASURED_IMAGES, max(1, MEASURED_VALUES // P)))
        x, y = x[::step].double(), y[::step]
        mean = x.mean(0)
        U = _leading(x - mean, min(self.basis.shape[1], max(1, len(x) // IMAGES_PER_DIRECTION)))
        z = (x - mean) @ U
        self.mean.copy_(mean)
        self.basis[:, : U.shape[1]] = U
        spread = ((x - mean).square().sum() - z.square().sum()) / len(x) / max(1, P - U.shape[1])
        self.rest.copy_(spread.clamp(min=LEAST_PIXEL_VARIANCE))
        self._start_labels(z, y)

    def _start_labels(self, z: Tensor, y: Tensor) -> None:
        """Measure the means and covariances of labels y [N] in the leading directions, z [N, K]."""
        C, K = len(self.centre) - 1, z.shape[1]
        counts = torch.bincount(y, minlength=C + 1)[:, None]
        centre = z.new_zeros(C + 1, K).index_add_(0, y, z) / (counts + PRIOR_IMAGES)
        centre[C] = 0  # the mean of all images
        within, weight = z - centre[y], PRIOR_DIRECTIONS * K
        common = within.T @ within / len(z)
        for label in range(len(self.turn) - 1):
            own = within[y == label]
            self._set(label, (own.T @ own + weight * common) / (len(own) + weight))
        self._set(-1, common if len(self.turn) == 1 else z.T @ z / len(z))
        self.centre[:, :K] = centre

    def _set(self, label: int, covariance: Tensor) -> None:
        v, V = torch.linalg.eigh(covariance)
        self.turn[label, : len(v), : len(v)], self.variance[label, : len(v)] = V, v.clamp(min=LEAST_PIXEL_VARIANCE)

    def forward(self, x: Tensor, sigma: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Noisy images x [B, P], sigma [B], labels y [B] -> posterior means [B, P], and the root of the posterior
        variance averaged over the values [B].
        """
        square, own = sigma[:, None].square(), y if len(self.turn) > 1 else torch.zeros_like(y)
        V, v, used = self.turn[own], self.variance[own], (self.basis != 0).any(0)
        kept, rest = v / (v + square), self.rest / (self.rest + square)
        z = (x - self.mean) @ self.basis
        turned = kept * torch.einsum("bij,bi->bj", V, z - self.centre[y])
        found = self.centre[y] + torch.einsum("bij,bj->bi", V, turned)
        means = self.mean + rest * (x - self.mean) + (found - rest * z) @ self.basis.T
        others = (x.shape[1] - used.sum()) * square * rest
        return means, (((square * kept).sum(1, keepdim=True) + others) / x.shape[1]).sqrt()[:, 0]


def _leading(x: Tensor, K: int) -> Tensor:
    """Return the K directions in which centred x [N, P] vary most, at most N of them: orthonormal [P, K]."""
    N, P = x.shape
    if P <= N:
        return torch.linalg.eigh(x.T @ x)[1][:, -K:]
    square, W = torch.linalg.eigh(x @ x.T)
    known = square[-K:] > 1e-9 * square[-1].clamp(min=1e-9)
    U: Tensor = x.T @ W[:, -K:][:, known] / square[-K:][known].sqrt()
    return U
