import { describe, expect, it } from "vitest";
import { betterOf, betterTold, isBetter } from "../../src/run/better.js";

const LOW = [
  ..."cross-entropy ce ce-mean ce-mean-words ce_mean_words ce-sum ce-rescore ce-rescore-mean".split(" "),
  ..."perplexity Perplexity perplexity-words ppl cost word-cost translation-cost train-loss nll".split(" "),
  ..."ter TER ter-detok hter wer word-error-rate cer mse rmse mae".split(" "),
  ..."metricx metricx-24 metricx24 MetricX-24 metricx_24_hybrid metricx24-qe metricx-23-xl metricx24hybrid".split(
    " ",
  ),
];
const HIGH = [
  ..."bleu bleu-detok bleu_detok bleu-segmented sacrebleu sacreBLEU spBLEU spbleu-flores200 bleu4 bleu-cost-free".split(
    " ",
  ),
  ..."chrf chrF chrF2 chrF++ chrf++ chrfpp chrf2-word".split(" "),
  ..."comet comet22 comet-22 COMET-qe cometkiwi cometkiwi-23 cometoid22 wmt22-comet-da xcomet XCOMET-XL".split(
    " ",
  ),
  ..."bleurt BLEURT-20 bertscore BERTScore-f1 meteor rouge-l rougeL nist yisi-1".split(" "),
  ..."translation valid-script valid_script accuracy bert-lm-accuracy bert_accuracy".split(" "),
];
const UNKNOWN =
  "unaligned-ratio cell center certainty termination bleach chrome costume cefr score merit ".split(" ");

describe("which value of a metric is the better one", () => {
  it.each([
    ["the lower", "low", LOW],
    ["the higher", "high", HIGH],
    ["not known", undefined, UNKNOWN],
  ] as const)("is %s, whatever is added to the metric's name", (_, better, metrics) => {
    const told = metrics.map((metric) => [metric, betterOf(metric)]);
    expect(told).toEqual(metrics.map((metric) => [metric, better]));
  });

  it("is told by Marian's verdict, if it can be", () => {
    expect(betterTold({ value: 2, stalled: 1, best: 3 })).toBe("high");
    expect(betterTold({ value: 3, stalled: 1, best: 2 })).toBe("low");
    for (const verdict of [
      { value: 3 },
      { value: 3, stalled: 0, best: 2 },
      { value: 3, stalled: 1, best: 3 },
      { value: Number.NaN, stalled: 1, best: 3 },
      { value: 3, stalled: 1, best: Number.NaN },
    ])
      expect(betterTold(verdict)).toBeUndefined();
  });

  it("is none of two that are equal, or of which one is no number", () => {
    for (const better of ["low", "high"] as const)
      for (const than of [1, Number.NaN]) expect(isBetter(1, than, better)).toBe(false);
    expect([isBetter(1, 2, "low"), isBetter(1, 2, "high")]).toEqual([true, false]);
  });
});
