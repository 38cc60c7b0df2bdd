# SPDX-License-Identifier: Apache-2.0
"""Whether rows moved between results that were taken in turns: Student's t on the log ratio of each pair, and which of many to believe.

Repetitions within a result share the machine's mood of that minute, so that only pairs count as independent. With n pairs the mean log
ratio has n - 1 degrees of freedom; of all rows those are named that Benjamini and Hochberg's procedure (1995) finds at a level: of the
rows that are named, at most that part is expected to be wrong.
"""
import math
import statistics

LEAST_PAIRS = 5


def beta_fraction(a, b, x):
    """The continued fraction of the incomplete beta function (Numerical Recipes, 6.4), by Lentz's method."""
    tiny = 1e-300
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    result = d
    for m in range(1, 300):
        for factor in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            d = 1.0 + factor * d
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = 1.0 + factor / c
            c = c if abs(c) > tiny else tiny
            result *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return result


def incomplete_beta(a, b, x):
    """I_x(a, b), regularised."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    return front * beta_fraction(a, b, x) / a if x < (a + 1) / (a + b + 2) else 1 - front * beta_fraction(b, a, 1 - x) / b


def two_sided(t, freedom):
    """The probability of a |t| at least so large."""
    return incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def quantile(probability, freedom):
    """The t beyond which |t| has that probability."""
    low, high = 0.0, 1.0
    while two_sided(high, freedom) > probability:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided(middle, freedom) > probability else (low, middle)
    return high


class Row:
    """A row's ratio after / before, the p-value of no change beyond `least` (of the log ratio), and the ratio's interval at 1 - level."""

    def __init__(self, log_ratios, level, least=0.0):
        self.pairs, self.level, self.mean = len(log_ratios), level, statistics.fmean(log_ratios)
        self.error = statistics.stdev(log_ratios) / math.sqrt(self.pairs) if self.pairs > 1 else math.inf
        self.ratio = math.exp(self.mean)
        if self.pairs < 2:
            self.p = 1.0
        elif self.error < 1e-12:  # figures without noise, as memory's
            self.p = 1.0 if abs(self.mean) < least + 1e-12 else 0.0
        elif abs(self.mean) <= least:
            self.p = 1.0
        else:
            self.p = sum(two_sided((abs(self.mean) + each) / self.error, self.pairs - 1) for each in (-least, least)) / 2

    @property
    def interval(self):
        if self.pairs < 2:
            return 0.0, math.inf
        reach = 0.0 if self.error < 1e-12 else min(700.0, self.error * quantile(self.level, self.pairs - 1))
        return math.exp(self.mean - reach), math.exp(self.mean + reach)


def discoveries(p_values, level):
    """The names whose p-value Benjamini and Hochberg's procedure takes at the level."""
    ordered = sorted(p_values.items(), key=lambda item: item[1])
    taken = 0
    for i, (_, p) in enumerate(ordered, 1):
        if p <= level * i / len(ordered):
            taken = i
    return {name for name, _ in ordered[:taken]}


def without_drift(log_ratios):
    """Name -> log ratios less, in every pair, the median of all rows: what the machine did to all of them alike."""
    count = len(next(iter(log_ratios.values())))
    drift = [statistics.median(each[i] for each in log_ratios.values()) for i in range(count)]
    return {name: [value - moved for value, moved in zip(each, drift)] for name, each in log_ratios.items()}, drift


def self_test():
    # Tables of Student's t.
    for freedom, t, p in [(4, 2.776, 0.05), (4, 4.604, 0.01), (1, 12.706, 0.05), (9, 2.262, 0.05), (30, 3.646, 0.001)]:
        assert abs(two_sided(t, freedom) - p) < 1e-3 * p + 2e-5, (freedom, t, two_sided(t, freedom))
        assert abs(quantile(p, freedom) - t) < 2e-3, (freedom, p, quantile(p, freedom))
    row = Row([math.log(2)] * 5, 0.05)
    assert row.p == 0 and abs(row.ratio - 2) < 1e-12 and row.interval[0] == row.interval[1]
    assert Row([0.0] * 5, 0.05).p == 1
    row = Row([0.1, 0.2, 0.3, 0.2, 0.2], 0.05)
    assert row.interval[0] < row.ratio < row.interval[1] and row.p < 0.01 and row.interval[0] > 1
    # The example of their paper, table 1: four of fifteen at 0.05.
    paper = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert discoveries(dict(enumerate(paper)), 0.05) == {0, 1, 2, 3}
    flat, drift = without_drift({"a": [1.0, 2.0], "b": [1.5, 2.5], "c": [0.5, 9.0]})
    assert drift == [1.0, 2.5] and flat["b"] == [0.5, 0.0]
