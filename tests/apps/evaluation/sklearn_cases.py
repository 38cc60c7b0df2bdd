#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes sklearn_cases.json beside itself: random scores and what scikit-learn makes of them.

Needs python3-numpy and python3-sklearn (Debian). The equal error rate, which scikit-learn lacks, is where its
ROC curve, joined by straight lines, meets false positive rate = 1 - true positive rate.
"""
import json
import pathlib

import numpy
import sklearn
from sklearn import metrics


def equal_error_rate(labels, scores):
    positive, true, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    gap = positive - (1 - true)  # never falls along the curve
    last = int(numpy.argmax(gap >= 0))
    if gap[last] == 0:
        return float(positive[last])
    share = -gap[last - 1] / (gap[last] - gap[last - 1])
    return float(positive[last - 1] + share * (positive[last] - positive[last - 1]))


def case(name, labels, scores, threshold=0.5):
    labels, scores = numpy.asarray(labels), numpy.asarray(scores, dtype=float)
    both = 0 < labels.sum() < len(labels)
    return {
        "name": name,
        "threshold": threshold,
        "labels": labels.tolist(),
        "scores": scores.tolist(),
        "accuracy": metrics.accuracy_score(labels, scores >= threshold),
        "auc": metrics.roc_auc_score(labels, scores) if both else None,
        "eer": equal_error_rate(labels, scores) if both else None,
        "average_precision": metrics.average_precision_score(labels, scores) if both else None,
        "log_loss": metrics.log_loss(labels, scores, labels=[0, 1]),
    }


def main():
    random = numpy.random.default_rng(2024)
    cases = []
    for size in (2, 3, 5, 20, 61):
        labels = random.permutation(numpy.arange(size) % 2)
        cases.append(case(f"uniform {size}", labels, random.random(size)))
        informed = numpy.clip(0.3 * labels + 0.7 * random.random(size), 0, 1)
        cases.append(case(f"informed {size}", labels, informed, 0.6))
        cases.append(case(f"ties {size}", labels, random.integers(0, 4, size) / 4))
    labels = random.permutation([1] * 3 + [0] * 57)
    cases.append(case("rare fakes", labels, random.random(60)))
    cases.append(case("rare reals", 1 - labels, random.integers(0, 10, 60) / 10, 0.3))
    labels = random.integers(0, 2, 40)
    cases.append(case("certain", labels, random.integers(0, 2, 40).astype(float)))
    extremes = [0.0, 1.0, 5e-324, 1e-300, 1e-20, 1 - 2.0**-53, 0.5, numpy.nextafter(0.5, 0), numpy.nextafter(0.5, 1)]
    cases.append(case("extreme", random.integers(0, 2, 45), random.choice(extremes, 45)))
    cases.append(case("all tied", labels, numpy.full(40, 0.25)))
    cases.append(case("perfect", labels, 0.2 + 0.6 * labels))
    cases.append(case("reversed", labels, 0.8 - 0.6 * labels))
    cases.append(case("all real", numpy.zeros(9, int), random.random(9)))
    cases.append(case("all fake", numpy.ones(9, int), random.random(9)))
    target = pathlib.Path(__file__).with_suffix(".json")
    lines = ",\n".join(json.dumps(one) for one in cases)
    target.write_text(f'{{"sklearn": "{sklearn.__version__}", "cases": [\n{lines}\n]}}\n')


main()
