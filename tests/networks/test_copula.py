"""The copula a model starts from: known correlations come back, conditionals are those of the normal distribution,
labels follow their log odds.
"""

import copy

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import multivariate_normal, norm

from generators import Budget, fit
from generators.data.inference import infer
from generators.encoding import encoder
from generators.networks import ties
from generators.networks.copula import Copula, number
from generators.networks.frequencies import Places, _kernels, _spread, _stays, log_shares
from generators.networks.label_fitting import fit_labels
from generators.priors.number_gains import number_gains
from generators.priors.score_fitting import fit_scores
from generators.tabular._chain import Model
from generators.training.validation import folds


def normal_table(rows: int, r: float = 0.9, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    a, noise, c = rng.normal(size=(3, rows))
    return pd.DataFrame(
        {"a": a, "b": r * a + np.sqrt(1 - r**2) * noise, "c": c, "sign": np.where(a > 0, "plus", "minus")}
    ).round(4)


def fitted(frame: pd.DataFrame, shrinkage: float = 1e-6) -> tuple[Copula, torch.Tensor]:
    encoded = encoder.fit(frame, infer(frame))
    x, copula = torch.from_numpy(encoded.encode(frame)), Copula(encoded.layout)
    copula.shrink(copula.fit(x), shrinkage)
    return copula, x


def test_regressions_are_those_of_the_normal_distribution():
    copula, _ = fitted(normal_table(4000)[["a", "b", "c"]])
    given = copula.conditionals(torch.cat([copula.mask([]), copula.mask([1])]))
    score = [copula.feature[c] for c in range(3)]  # squares lie between
    (A, known), (s, s_known) = given.A[:, score][:, :, score], given.s[:, score]
    assert A[0].tolist() == [0, 0, 0] and s[0] == 1
    assert A[1].tolist() == pytest.approx([0.9, 0, 0], abs=0.02) and s[1] == pytest.approx(np.sqrt(0.19), abs=0.02)
    assert A[2].tolist() == pytest.approx([0, 0, 0], abs=0.05)
    assert known[0].tolist() == pytest.approx([0, 0.9, 0], abs=0.02)  # a, drawn when b is known
    assert s_known[0] == pytest.approx(np.sqrt(0.19), abs=0.02)


def test_a_label_of_one_row_says_little_of_a_number_and_one_that_settles_it_all():
    label = np.repeat([*"abcdefgh", "single"], [75] * 8 + [1])
    tail = np.arange(601) % 75 * (np.arange(601) % 75 > 64)  # one row in eight is above 0, whatever its label
    settled = pd.Series(label).map({own: k for k, own in enumerate("abcdefgh")}).fillna(8).astype(int)
    frame = pd.DataFrame({"label": label, "settled": settled, "tail": tail})
    frame.loc[600, "tail"] = 68  # of one row in a hundred or fewer
    copula, x = fitted(frame)
    X, given = copula.features(x), copula.given_none()
    told = {c: number(copula.feature[c], X, given)[0] for c in (1, 2)}
    assert abs(told[2][600]) < 1 < copula.scores_2[x[600, 2]]
    assert (told[1] - copula.scores_1[x[:, 1]]).abs().max() < 0.1


@pytest.mark.parametrize("squares", [False, True])
def test_a_fine_token_is_regressed_on_all_other_columns(squares):
    frame = normal_table(4000)[["a", "b", "c"]].assign(d=lambda f: f["c"] ** 2)
    encoded = encoder.fit(frame, infer(frame), derive=False)
    x, copula = torch.from_numpy(encoded.encode(frame)), Copula(encoded.layout)
    copula.shrink(copula.fit(x, squares=squares), 1e-6)
    A, s = (own[0] for own in copula.by_all_others(copula.R[None]))
    first = copula.feature
    assert A[first[0], first[1]] == pytest.approx(0.9, abs=0.05) and s[first[0]] == pytest.approx(0.44, abs=0.03)
    for c in range(4):
        assert not A[first[c], copula.column == c].any()
    assert (s[first[3]] < 0.7) == squares  # d is told by the square of c alone


def test_an_untrained_model_knows_what_rises_and_falls():
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    frame = pd.DataFrame({"x": x, "y": x**2 + rng.normal(size=400) / 4, "far": np.abs(x) > 1})
    drawn = fit(frame, budget=Budget(steps=1), seed=0).sample(1000)
    assert np.corrcoef(drawn["x"] ** 2, drawn["y"])[0, 1] > 0.6 and np.corrcoef(x**2, frame["y"])[0, 1] < 1
    assert ((drawn["x"].abs() > 1) == drawn["far"]).mean() > 0.8


@pytest.mark.parametrize("name", ["weeks", "days"])
def test_a_number_that_half_of_the_rows_lack_is_regressed_by_those_that_have_it(name):
    rng = np.random.default_rng(0)
    asked = rng.choice(["no", "yes", "unknown"], 2000, p=[0.2, 0.3, 0.5])
    weeks = np.where(asked == "no", 2, 0) + rng.normal(size=2000)
    frame = pd.DataFrame({"asked": asked, "weeks": weeks, "days": weeks + rng.normal(size=2000) / 2}).round(3)
    frame.loc[asked == "unknown", ["days", "weeks"]] = np.nan
    copula, x = fitted(frame, 0.001)
    fit_scores(copula, x, [(x[::2], x[1::2])])
    there = frame[name].notna().to_numpy()
    mu, s = number(copula.feature[frame.columns.get_loc(name)], copula.features(x[there]), copula.given_none())
    score = norm.ppf((frame[name][there].rank().to_numpy() - 0.5) / there.sum())
    assert np.polyfit(mu, score, 1)[0] == pytest.approx(1, abs=0.05)
    assert float(s) == pytest.approx(np.std(score - mu.numpy()), abs=0.05) and float(s) < 0.85


def test_a_number_follows_each_of_the_forty_units_of_a_panel():
    rng = np.random.default_rng(0)
    unit = np.arange(1200) % 40
    frame = pd.DataFrame({"unit": [f"unit {k}" for k in unit], "size": rng.normal(size=40)[unit]})
    copula, _ = fitted(frame.assign(size=frame["size"] + rng.normal(size=1200) / 4), 0.001)
    (s,) = copula.given_none().s
    assert s[copula.feature[1]] < 0.4


def with_labels(frame: pd.DataFrame) -> tuple[Copula, torch.Tensor]:
    copula, x = fitted(frame, 0.001)
    fit_labels(copula, x, [(x[::2], x[1::2])])
    return copula, x


@pytest.mark.parametrize("label_first", [False, True])
def test_a_label_follows_the_log_odds_of_two_normals_before_it_or_known_after_it(label_first):
    rng = np.random.default_rng(1)
    label = rng.integers(0, 2, 3000)
    columns = {"v": (rng.normal(size=3000) + 1.5 * label).round(4), "label": np.where(label, "one", "zero")}
    frame = pd.DataFrame(dict(reversed(columns.items())) if label_first else columns)
    copula, x = with_labels(frame)
    c = int(not label_first)
    (slopes,), (intercepts,) = copula.conditionals(copula.mask([1 - c])).log_odds[c]
    logits = copula.features(x) @ slopes + intercepts
    sign = 1 if (frame["label"] == "one").mean() >= 0.5 else -1  # the more frequent one is level 0
    odds = sign * (logits[:, 0] - logits[:, 1]).numpy()
    exact = 1.5 * (frame["v"].to_numpy() - 0.75)  # log odds of two normals 1.5 apart, priors aside
    assert np.corrcoef(odds, exact)[0, 1] > 0.98 and np.polyfit(exact, odds, 1)[0] == pytest.approx(1, abs=0.15)


def test_what_one_of_many_columns_decides_is_not_smoothed_as_their_noise_is():
    rng = np.random.default_rng(0)
    pounds = rng.random(480) < 0.3
    frame = pd.DataFrame(rng.normal(size=(480, 24)).round(2)).add_prefix("noise ")
    frame["mass"] = np.where(pounds, rng.normal(166, 12, 480), rng.normal(75, 12, 480)).round(1)
    frame["unit"] = np.where(pounds, "lbs", "kg")
    copula, x = with_labels(frame)
    right = x[:, -1:] == torch.arange(2)
    p = torch.bincount(x[:, -1]).double() / len(x) * copula.terms(x)[len(frame.columns) - 1].double().exp()
    assert float(p[right].mean()) > 0.96  # .93 by all columns alike


@pytest.mark.parametrize("otherwise", [0.0, 0.02])
def test_a_label_that_is_nearly_certain_given_another_keeps_its_share(otherwise):
    rng = np.random.default_rng(0)
    city = rng.choice(list("ABCDE"), 600, p=[0.3, 0.25, 0.2, 0.15, 0.1])
    bought = np.where(rng.random(600) < np.where(city == "A", 0.6, otherwise), "yes", "no")
    copula, x = with_labels(pd.DataFrame({"city": city, "bought": bought}))
    p = torch.bincount(x[:, 1]).double() / len(x) * copula.terms(x)[1].double().exp()
    assert p.sum(1) == pytest.approx(np.ones(600), abs=1e-3)
    assert float(p[:, 0].mean()) == pytest.approx((bought == "no").mean(), abs=0.02)
    assert float(p[city == "A", 0].mean()) == pytest.approx((bought == "no")[city == "A"].mean(), abs=0.05)


@pytest.mark.parametrize("known", [[], [3], [0, 2]])
def test_terms_leave_distributions_normalised(known):
    copula, x = fitted(normal_table(600), 0.01)
    terms = copula.terms(x, 100, copula.mask(known))
    for l, term in terms.items():
        if l in copula.fine:
            continue
        p = torch.bincount(x[:, l], minlength=term.shape[1]).double() / len(x)
        totals = (p * term.double().exp()).sum(1)
        assert torch.allclose(totals, torch.ones_like(totals), atol=1e-3), l


def with_gaps(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = normal_table(rows)
    frame["site"] = np.where(rng.random(rows) < 0.3, "far", "near")
    frame.loc[rng.random(rows) < np.where(frame["site"] == "far", 0.6, 0.05), ["b", "c"]] = None
    return frame[["site", "a", "b", "c"]]


@pytest.mark.parametrize("family", ["tabular.autoregressive", "tabular.gan"])
def test_an_untrained_model_knows_which_values_are_missing_together_and_where(family):
    frame = with_gaps(400)
    drawn = fit(frame, family, budget=Budget(steps=1), seed=0).sample(2000)
    for own in (frame, drawn):
        gaps = own.isna()
        assert (gaps["b"] == gaps["c"]).mean() > 0.97
        by_site = gaps["b"].groupby(own["site"]).mean()
        assert by_site["far"] == pytest.approx(0.6, abs=0.1) and by_site["near"] == pytest.approx(0.05, abs=0.04)
    assert drawn[["a", "b"]].corr().iloc[0, 1] == pytest.approx(0.9, abs=0.06)


@pytest.mark.parametrize("known", [[], [1], [2, 3]])
def test_terms_of_numbers_with_gaps_leave_distributions_normalised(known):
    copula, x = with_labels(with_gaps(600))
    for l, term in copula.terms(x, 100, copula.mask(known)).items():
        p = torch.bincount(x[:, l], minlength=term.shape[1]).double() / len(x)
        if l not in copula.fine:
            assert (p * term.double().exp()).sum(1).numpy() == pytest.approx(np.ones(600), abs=1e-3), l


def test_an_untrained_model_already_knows_the_correlation():
    frame = normal_table(400)
    model = fit(frame, budget=Budget(steps=1), seed=0)
    drawn = model.sample(4000)
    assert drawn[["a", "b"]].corr().iloc[0, 1] == pytest.approx(0.9, abs=0.05)
    assert abs(drawn[["a", "c"]].corr().iloc[0, 1]) < 0.1
    assert ((drawn["a"] > 0) == (drawn["sign"] == "plus")).mean() > 0.85
    conditioned = model.sample(1000, where={"sign": "plus"})
    assert (
        conditioned["a"].mean() == pytest.approx(np.sqrt(2 / np.pi), abs=0.15) and (conditioned["sign"] == "plus").all()
    )


def test_the_likelihood_is_near_that_of_the_true_distribution():
    frame, fresh = normal_table(500)[["a", "b"]], normal_table(500, seed=9)[["a", "b"]]
    model = fit(frame, budget=Budget(steps=1), seed=0)
    cells = [np.diff(np.append(column.low, column.high[-1])) / column.scale for column in model.encoding.columns]
    index = [column.encode(fresh[column.name]) for column in model.encoding.columns]
    volume = sum(
        np.log(np.maximum(widths[np.minimum(i, len(widths) - 1)], 1e-8)) for widths, i in zip(cells, index, strict=True)
    )
    density = model.log_prob(fresh) - volume  # nats per unit area
    exact = multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]]).logpdf(fresh)
    assert np.median(exact - density) == pytest.approx(0, abs=0.3)


def test_independent_columns_need_none():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(500, 3)).round(3), columns=["p", "q", "r"])
    assert not fit(frame, budget=Budget(steps=1)).model.copula.used


def test_few_rows_start_from_whatever_two_of_many_columns_have_to_do_with_each_other():
    rng = np.random.default_rng(0)
    alone = pd.DataFrame(rng.normal(size=(300, 8)).round(3), columns=list("cdefghij"))
    model = fit(pd.concat([normal_table(300)[["a", "b"]], alone], axis=1), budget=Budget(steps=1)).model
    a, b = (model.copula.feature[c] for c in range(2))
    assert model.copula.used and abs(model.copula.R[a, b]) > 0.7


def test_what_two_of_very_many_columns_have_to_do_with_each_other_is_not_lost_among_chance():
    """Of 300 rows and 28 columns, the regressions on all others cost more nats than the one tie gains."""
    rng = np.random.default_rng(1)
    own = pd.DataFrame({f"x{k}": rng.normal(size=300).round(3) for k in range(26)})
    copula = started(pd.concat([own, normal_table(300, 0.8)[["a", "b"]]], axis=1))
    a, b = (copula.feature[c] for c in (26, 27))
    assert copula.used and copula.R[a, b] > 0.6
    others = copula.R[copula.column < 26][:, copula.column < 26].fill_diagonal_(0.0)
    assert (others.abs() > 0.02).double().mean() < 0.05  # of which chance alone ties 73 % so far


@pytest.mark.parametrize("seed", [1, 2])
def test_what_many_columns_of_few_rows_have_in_common_is_not_shrunk_as_their_noise_is(seed):
    rng = np.random.default_rng(seed)
    loadings = np.repeat([0.85, 0.4], [4, 8])
    common, own = rng.normal(size=(140, 1)), rng.normal(size=(140, 12))
    copula = started(pd.DataFrame(common * loadings + own * np.sqrt(1 - loadings**2)).round(3).add_prefix("x"))
    scores = [copula.feature[c] for c in range(12)]
    off = copula.R[scores][:, scores].numpy() - np.outer(loadings, loadings)
    assert np.abs(off[np.triu_indices(12, 1)]).mean() < 0.08  # 0.12 where all are shrunk alike, or by their ties


@pytest.mark.parametrize("count", [1, 2, 3])
def test_correlations_that_factors_leave_are_those_of_the_factors(count):
    rng = np.random.default_rng(count)
    loadings = torch.from_numpy(rng.uniform(0.2, 0.5, (12, count)))
    R = (loadings @ loadings.t()).fill_diagonal_(1.0)
    found = ties.of_factors(R, torch.arange(12), count)
    assert torch.allclose(found, R, atol=0.02) and torch.linalg.eigvalsh(found).min() > 0


def started(frame):
    """Return the copula that an autoregressive model of a table starts from."""
    encoded = encoder.fit(frame, infer(frame))
    x = torch.from_numpy(encoded.encode(frame))
    model = Model(encoded.layout, width=16, embedding=4, depth=1, conditional=0.0)
    model.heads.start_from_marginals(x)
    model.start_from_copula(x, folds(x, x[:0], np.arange(len(x))))
    return model.copula


def test_correlations_are_compared_by_what_an_untrained_model_says_of_numbers():
    frame = normal_table(12_000).assign(gaps=lambda f: f["b"].where(f["c"] > -0.5))
    encoded = encoder.fit(frame, infer(frame), derive=False)
    x = torch.from_numpy(encoded.encode(frame))
    model = Model(encoded.layout, width=16, embedding=4, depth=1, conditional=0.0).eval()
    model.heads.start_from_marginals(x)
    R, copula, other = model.copula.fit(x), model.copula, x[:600]
    numbers, tried = [*copula.ordered, *copula.fine], [ties.shrunk(R, amount) for amount in (1.0, 0.3, 0.01)]
    nats = []
    for one in tried:
        copula.take(one)
        nats.append(next(model.prepared(other))()[:, numbers].double().sum(1).detach())
    found = number_gains(copula, model.heads, torch.stack(tried), other)
    assert copula.fine and torch.allclose(found, torch.stack([nats[0] - own for own in nats], 1), atol=1e-3)


def test_correlations_without_their_weak_ones_stay_correlations():
    rng = np.random.default_rng(0)
    for _ in range(20):
        X = torch.from_numpy(rng.normal(size=(40, 3)) @ rng.normal(size=(3, 9)) + 0.3 * rng.normal(size=(40, 9)))
        column = torch.tensor([0, 0, 1, 2, 3, 3, 3, 4, 5])
        R = torch.corrcoef(X.t())
        found = ties.beyond(R, column, 40, 8.0)
        assert torch.linalg.eigvalsh(found).min() > 0 and torch.allclose(found.diagonal(), torch.ones(9).double())
        assert found.square().sum() < R.square().sum() and torch.equal(ties.beyond(R, column, 40, 0.0), R)


@pytest.mark.parametrize("cells", [2, 7, 60])
def test_even_counts_stay_even_up_to_both_ends(cells):
    for kernel in _kernels(cells):
        weights = np.stack([_spread(row, kernel) for row in np.eye(cells)])
        np.testing.assert_allclose(weights.sum(0), 1)
        np.testing.assert_allclose(weights.sum(1), 1)
        np.testing.assert_allclose(weights.diagonal(), _stays(kernel), atol=1e-12)


@pytest.mark.parametrize("cells", [40, 200])
def test_shares_of_cells_that_hold_a_few_rows_each_are_nearer_to_the_truth_than_their_counts(cells):
    rng = np.random.default_rng(cells)
    true = np.exp(-(np.linspace(-1.5, 1.5, cells) ** 2))
    rows, fresh = (torch.from_numpy(rng.choice(cells, n, p=true / true.sum())) for n in (5 * cells, 50 * cells))
    shares = log_shares(rows, cells + 1, Places(cells))  # the last token is a missing value
    counts = torch.log((torch.bincount(rows, minlength=cells + 1) + 0.1) / len(rows))
    gaps = [float(said[rows].mean() - said[fresh].mean()) for said in (shares, counts)]
    assert gaps[0] < gaps[1] / 2  # what the loss gives away of its rows
    assert shares[fresh].mean() > counts[fresh].mean() + 0.05


def test_frequent_cells_and_labels_keep_their_shares():
    tokens = torch.cat([torch.zeros(500), torch.arange(1, 101), torch.full((50,), 101)]).long()
    numbers, labels = (log_shares(tokens, 103, places).exp() for places in (Places(102, [0, 101]), Places(0)))
    assert numbers[[0, 101]].tolist() == pytest.approx([500 / 650, 50 / 650], abs=1e-3)
    assert torch.allclose(labels, (torch.bincount(tokens, minlength=103) + 0.1).double() / 650, rtol=0.01)


@pytest.mark.parametrize("ordered", [0, 12])
def test_labels_and_frequent_values_of_which_all_have_as_many_rows_do_not_tell_which_rows_were_drawn(ordered):
    rows = torch.arange(12).repeat(80)[torch.randperm(960, generator=torch.Generator().manual_seed(0))]
    drawn, left = rows[:480], rows[480:]
    shares = log_shares(drawn, 13, Places(ordered, range(ordered)))
    assert float((shares[drawn].mean() - shares[left].mean()).abs()) < 1e-3
    skewed = log_shares(torch.cat([drawn, torch.zeros(100).long()]), 13, Places(0)).exp()  # one is more frequent
    assert skewed[0] == pytest.approx(float((drawn == 0).sum() + 100) / 580, rel=0.05)


def test_labels_that_chance_sets_apart_in_part_are_nearer_to_the_truth_than_their_counts_and_than_their_mean():
    rng, off = np.random.default_rng(0), []
    for _ in range(50):
        true = rng.dirichlet(np.full(7, 5.0))
        counts = torch.from_numpy(rng.multinomial(50, true).clip(2))
        shares = log_shares(torch.arange(7).repeat_interleave(counts), 7, Places(0)).exp()
        every = shares, counts / counts.sum(), torch.full((7,), 1 / 7)
        off.append([float((torch.from_numpy(true) - found).abs().sum()) for found in every])
    found, counted, even = np.mean(off, 0)
    assert found < 0.95 * min(counted, even)


@pytest.mark.parametrize("rows", [15, 29])
def test_a_value_that_stands_out_of_its_neighbours_keeps_its_share_on_few_rows(rows):
    """Such as the age that older people are given: cells of five rows, and one of many at the end."""
    tokens = torch.cat([torch.arange(60).repeat(5), torch.full((rows,), 60)])
    shares = log_shares(tokens, 61, Places(61, [60])).exp()
    assert shares[60] == pytest.approx(rows / len(tokens), rel=0.02)
    within = log_shares(tokens, 61, Places(61)).exp()  # an interval's rows say nothing of one value
    assert within[60] < 0.75 * rows / len(tokens)


@pytest.mark.parametrize("how", ["fitted", "loaded"])
def test_terms_follow_what_the_copula_was_given_last(how: str):
    copula, x = fitted(normal_table(300))
    places = torch.rand(x.shape, generator=torch.Generator().manual_seed(0)).argsort(0)
    other, fresh = x.gather(0, places), copy.deepcopy(copula)  # each column by itself in another order
    fresh.shrink(fresh.fit(other), 0.1)
    assert not torch.equal(copula.terms(other)[1], fresh.terms(other)[1])
    if how == "fitted":
        copula.shrink(copula.fit(other), 0.1)
    else:
        copula.load_state_dict(fresh.state_dict())
    assert all(torch.equal(term, fresh.terms(other)[l]) for l, term in copula.terms(other).items())
