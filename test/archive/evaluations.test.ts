import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { GROUP_ID, makeTree, readArchive, rowsOf, type Tree } from "./tree.js";

const NAME = `base_${GROUP_ID}`;
const MODELS = `models/en-hu/${NAME}/evaluation`;
const LOGS = `logs/en-hu/${NAME}`;
const EVALUATION_LOG = "[task 2026-01-01T00:00:00.000Z] + tee x.metrics\n20.1\n50.1\n";

async function read(files: Tree) {
  const { groups, problems, ids } = await readArchive(makeTree(files));
  return {
    rows: groups.flatMap(rowsOf),
    runs: ids.flat(),
    sources: groups.flatMap((group) => group.evaluations.map(({ source }) => source.split(`${NAME}/`)[1])),
    keys: groups.flatMap((group) => group.evaluations.map(({ metrics }) => [...metrics.keys()])),
    problems,
  };
}

describe("evaluations", () => {
  it("are in the group once, whichever files have them: most metrics first, nothing lost", async () => {
    const { rows, runs, sources, keys, problems } = await read({
      [`${LOGS}/eval/eval_student_flores_devtest.log`]: EVALUATION_LOG,
      [`${LOGS}/metrics/evaluate-student-flores-devtest-en-hu.metrics`]: "20.1\n50.1\n0.81\n",
      [`${MODELS}/student/flores_devtest.metrics`]: "20.1\n50.1\n0.81\n",
      [`${MODELS}/student/flores_devtest.metrics.json`]: JSON.stringify({
        bleu: { score: 20.1234 },
        chrf: { score: 50.1234 },
        metricx: { score: 3.25 },
      }),
    });
    expect(runs).toEqual(["student_Zr7yQ"]);
    expect(rows).toEqual([
      [
        "student",
        "flores",
        "devtest",
        null,
        { bleu_detok: 20.1234, chrf: 50.1234, metricx: 3.25, comet: 81 },
      ],
    ]);
    expect(keys).toEqual([["bleu_detok", "chrf", "comet", "metricx"]]);
    expect(sources).toEqual(["evaluation/student/flores_devtest.metrics.json"]);
    expect(problems).toEqual([]);
  });

  it("of which each file holds a metric are one, also where the files are named as those of the final evaluation", async () => {
    const one = (score: number | null, name: string) => JSON.stringify({ score, details: { name } });
    const { rows, runs, problems } = await read({
      [`${MODELS}/student/flores_devtest__bleu.metrics.json`]: one(30.5, "BLEU"),
      [`${MODELS}/student/flores_devtest__chrf.metrics.json`]: one(61.2, "chrF2"),
      [`${MODELS}/student/flores_devtest__comet.metrics.json`]: one(null, "COMET"),
      [`${MODELS}/final/en-hu__flores_devtest__bergamot__student__comet22.metrics.json`]: one(0.875, "x"),
      [`${MODELS}/final/en-hu__flores_devtest__bergamot__student__latest__chrf.metrics.json`]: one(58, "x"),
      [`${MODELS}/final/en-hu__flores_devtest__google__v2__chrf.metrics.json`]: one(64, "x"),
      [`${MODELS}/student/ntrex_x.metrics.json`]: one(50, "chrF2"),
    });
    expect(rows).toEqual([
      ["student", "flores", "devtest", null, { chrf: 58, comet22: 0.875, bleu_detok: 30.5 }],
      ["student", "ntrex", "x", null, { chrf: 50 }],
      ["google-v2", "flores", "devtest", null, { chrf: 64 }],
    ]);
    expect(runs).toEqual(["student_Zr7yQ", "google-v2_Zr7yQ"]);
    const said = problems.join("\n");
    expect(said).toMatch(
      /warning: .*flores_devtest__comet.metrics.json: .*"comet" is left out: its score is null/,
    );
    expect(said).toMatch(
      /warning: .*: other scores of student on flores_devtest than in .*, which counts: chrf 61.2 \(there 58\)/,
    );
    expect(said).not.toContain("failure");
  });

  it("of two .metrics.json with everything have the metrics of both; of a metric the first by path stands", async () => {
    const both = (scores: Readonly<Record<string, number>>) =>
      JSON.stringify(Object.fromEntries(Object.entries(scores).map(([name, score]) => [name, { score }])));
    const { rows, problems } = await read({
      [`${LOGS}/metrics/evaluate-student-flores-devtest-en-hu.metrics.json`]: both({ bleu: 30, chrf: 55 }),
      [`${MODELS}/student/flores_devtest.metrics.json`]: both({ bleu: 31, metricx: 3, chrf: 55.01 }),
    });
    expect(rows).toEqual([["student", "flores", "devtest", null, { bleu_detok: 30, chrf: 55, metricx: 3 }]]);
    expect(problems).toEqual([
      expect.stringMatching(/^warning: .*which counts: bleu_detok 31 \(there 30\)$/),
    ]);
  });

  it("come in the order of the reference: speed, logs of evaluations, scores below logs/, then below models/", async () => {
    const { rows, runs, problems } = await read({
      [`${MODELS}/backward/flores_devtest.metrics`]: "1\n1\n",
      [`${MODELS}/speed/flores_devtest.metrics`]: "2\n2\n",
      [`${MODELS}/student/ntrex_x.metrics`]: "3\n3\n",
      [`${LOGS}/eval/eval_student_flores_devtest.log`]: EVALUATION_LOG,
      [`${LOGS}/metrics/evaluate-teacher-sacrebleu-wmt19-en-hu-1.metrics`]: "4\n4\n",
    });
    expect(rows.map((row) => (row as unknown[]).slice(0, 3))).toEqual([
      ["quantized", "flores", "devtest"],
      ["student", "flores", "devtest"],
      ["student", "ntrex", "x"],
      ["teacher-1", "sacrebleu", "wmt19"],
      ["backwards", "flores", "devtest"],
    ]);
    expect(runs).toEqual(["quantized_Zr7yQ", "student_Zr7yQ", "teacher-1_Zr7yQ", "backwards_Zr7yQ"]);
    expect(problems).toEqual([]);
  });

  it("with other scores than the file that counts are a warning, and no row is made of two", async () => {
    const { rows, problems } = await read({
      [`${MODELS}/student/flores_devtest.metrics`]: "30.1\n50.1\n0.9\n",
      [`${MODELS}/student/flores_devtest.metrics.json`]: JSON.stringify({
        bleu: { score: 20.1 },
        chrf: { score: 50.14 },
      }),
    });
    expect(rows).toEqual([["student", "flores", "devtest", null, { bleu_detok: 20.1, chrf: 50.14 }]]);
    expect(problems).toEqual([
      `warning: ${MODELS}/student/flores_devtest.metrics: other scores of student on flores_devtest than in ${MODELS}/student/flores_devtest.metrics.json, which counts: bleu_detok 30.1 (there 20.1)`,
    ]);
  });

  it("that can't be read are failures, or warnings where another file has them", async () => {
    const { rows, problems } = await read({
      [`${MODELS}/student/flores_devtest.metrics`]: "20.1\n50.1\n",
      [`${MODELS}/student/flores_devtest.metrics.json`]: "{",
      [`${MODELS}/student/ntrex_a.metrics`]: "1\n",
      [`${MODELS}/student/ntrex_b.metrics.json`]: JSON.stringify({
        bleu: { score: 9 },
        comet: { score: null },
      }),
      [`${MODELS}/teacher0/ntrex_c.metrics`]: "",
      [`${MODELS}/ntrex_d.metrics`]: "1\n2\n",
      [`${LOGS}/eval/eval_student_ntrex_e.log`]: "no scores",
      [`${LOGS}/eval/evaluation_of_something.log`]: EVALUATION_LOG,
      [`${LOGS}/metrics/train-student-en-hu.metrics`]: "1\n2\n",
    });
    expect(rows).toEqual([
      ["student", "flores", "devtest", null, { bleu_detok: 20.1, chrf: 50.1 }],
      ["student", "ntrex", "b", null, { bleu_detok: 9 }],
    ]);
    expect(problems.map((problem) => problem.replace(`${MODELS}/`, "").replace(`${LOGS}/`, ""))).toEqual([
      expect.stringMatching(
        /^failure: eval\/evaluation_of_something\.log: the evaluation is not read: neither its name/,
      ),
      expect.stringMatching(/^failure: metrics\/train-student-en-hu\.metrics: the evaluation is not read/),
      expect.stringMatching(/^failure: ntrex_d\.metrics: the evaluation is not read/),
      expect.stringMatching(
        /^failure: eval\/eval_student_ntrex_e\.log: the log of the evaluation has no scores/,
      ),
      expect.stringMatching(
        /^warning: student\/flores_devtest\.metrics\.json: .*not JSON.*flores_devtest\.metrics has the evaluation$/,
      ),
      expect.stringMatching(/^failure: student\/ntrex_a\.metrics: .*this one has 1 number/),
      expect.stringMatching(/^warning: student\/ntrex_b\.metrics\.json: "comet" is left out/),
      expect.stringMatching(/^failure: teacher0\/ntrex_c\.metrics: .*no numbers/),
    ]);
  });

  it("of a model of which none can be read make no run", async () => {
    const { groups, ids } = await readArchive(
      makeTree({ [`${MODELS}/student/a.metrics`]: "x", [`${MODELS}/teacher0/flores_b.metrics`]: "1\n2\n" }),
    );
    expect(ids).toEqual([["teacher-0_Zr7yQ"]]);
    expect(groups[0]?.evaluations).toHaveLength(1);
  });

  it("keep odd names: no importer, no dataset, augmentations, points", async () => {
    const { rows } = await read({
      [`${MODELS}/student/devtest.metrics`]: "1\n1\n",
      [`${MODELS}/student/flores.metrics`]: "2\n2\n",
      [`${MODELS}/student/flores_aug-mix.metrics`]: "3\n3\n",
      [`${MODELS}/student/flores_aug-mix_dev.test.metrics`]: "4\n4\n",
    });
    expect(rows.map((row) => (row as unknown[]).slice(1, 4))).toEqual([
      ["unknown", "devtest", null],
      ["flores", null, null],
      ["flores", null, "aug-mix"],
      ["flores", "dev.test", "aug-mix"],
    ]);
  });

  it("may be compressed, and lie deeper in the folder of their model", async () => {
    const { rows, problems } = await read({
      [`${MODELS}/student/run1/flores_devtest.metrics`]: gzipSync("1\n1\n"),
      [`${LOGS}/eval/eval_student_ntrex_x.log.gz`]: gzipSync(EVALUATION_LOG),
    });
    expect(rows).toEqual([
      ["student", "ntrex", "x", null, { bleu_detok: 20.1, chrf: 50.1 }],
      ["student", "flores", "devtest", null, { bleu_detok: 1, chrf: 1 }],
    ]);
    expect(problems).toEqual([]);
  });
});
