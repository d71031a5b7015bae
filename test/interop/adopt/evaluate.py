"""Runs eval.py of mozilla/translations without the models of its two large metrics, which answer a fixed score here."""

import sys

from pipeline.eval import eval as evaluation
from pipeline.eval.metrics import MetricResults


class Fixed:
    def __init__(self, name, score):
        self.name = name
        self.results = MetricResults(name=name, corpus_score=score, segment_scores=[], details={})

    def supports_lang(self, src, trg):
        return True

    def score(self, *texts, **more):
        return self.results


evaluation.UnalignedRatio = lambda: Fixed("unaligned-ratio", 0.25)
evaluation.Comet22 = lambda: Fixed("comet22", 0.3268)
evaluation.main(sys.argv[1:])
