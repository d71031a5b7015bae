/** Ids of the runs of an archive. */
import {
  array,
  assert,
  constantFrom,
  integer,
  oneof,
  option,
  property,
  record,
  string,
  tuple,
} from "fast-check";
import { describe, expect, test } from "vitest";
import { assignRunIds, GROUP_LOGS, type NamedGroup } from "../../../src/evaluation/naming/run-ids.js";
import { checkRunId } from "../../../src/wandb/client/format/names.js";

const group = (name: string, suffix: string, models: readonly string[], more: Partial<NamedGroup> = {}) => ({
  project: "en-hu",
  name,
  suffix,
  models: models.map((model, index) => ({ model, path: `${name}/${index}` })),
  ...more,
});

test("an id is the model and the suffix", () => {
  expect(
    assignRunIds([group("exp", "_aY25-", ["teacher-1", "student"]), group("prod", "_prod", [])]),
  ).toEqual([
    { suffix: "_aY25-", ids: ["teacher-1_aY25-", "student_aY25-"], notes: [] },
    { suffix: "_prod", ids: [], notes: [] },
  ]);
});

describe("two of a name in a group", () => {
  test("the first by path keeps it, and a note says so", () => {
    const models = [
      { model: "teacher-1", path: "g/teacher0-again/train.log" },
      { model: "teacher-1", path: "g/teacher/train.log" },
      { model: "teacher-1", path: "g/teacher-1/train.log" },
    ];
    const [ids] = assignRunIds([group("g", "_g", [], { models })]);
    expect(ids?.ids).toEqual(["teacher-1-3_g", "teacher-1-2_g", "teacher-1_g"]);
    expect(ids?.notes).toEqual([
      {
        source: "g/teacher/train.log",
        reason: "its run is teacher-1-2_g, because teacher-1_g is g/teacher-1/train.log",
      },
      {
        source: "g/teacher0-again/train.log",
        reason: "its run is teacher-1-3_g, because teacher-1_g is g/teacher-1/train.log",
      },
    ]);
  });

  test("a number that is another model's own name is passed over", () => {
    const [ids] = assignRunIds([group("g", "_g", ["student", "student", "student-2"])]);
    expect(ids?.ids).toEqual(["student_g", "student-3_g", "student-2_g"]);
  });

  test("the run of the group's logs has its name", () => {
    const [ids] = assignRunIds([group("g", "_g", [GROUP_LOGS])]);
    expect(ids?.ids).toEqual(["group_logs-2_g"]);
    expect(ids?.notes[0]?.reason).toContain("the run of the group's logs");
  });
});

describe("two groups with the same five characters", () => {
  const first = group("a_aY25-4fXTcuJNuMcWXUYtQ", "_aY25-", ["student"], {
    groupId: "aY25-4fXTcuJNuMcWXUYtQ",
  });
  const second = group("b_aY25-5fXTcuJNuMcWXUYtQ", "_aY25-", ["student", "teacher-1"], {
    groupId: "aY25-5fXTcuJNuMcWXUYtQ",
  });

  test("the second by name has its whole id", () => {
    const wanted = [
      { suffix: "_aY25-", ids: ["student_aY25-"], notes: [] },
      {
        suffix: "_aY25-5fXTcuJNuMcWXUYtQ",
        ids: ["student_aY25-5fXTcuJNuMcWXUYtQ", "teacher-1_aY25-5fXTcuJNuMcWXUYtQ"],
        notes: [
          {
            source: "en-hu/b_aY25-5fXTcuJNuMcWXUYtQ",
            reason:
              "the ids of its runs end with _aY25-5fXTcuJNuMcWXUYtQ, because the group a_aY25-4fXTcuJNuMcWXUYtQ of the same project has one with _aY25-",
          },
        ],
      },
    ];
    expect(assignRunIds([first, second])).toEqual(wanted);
    expect(assignRunIds([second, first])).toEqual(wanted.reverse());
  });

  test("in two projects they are no matter", () => {
    const [, other] = assignRunIds([first, { ...second, project: "en-lt" }]);
    expect(other).toEqual({ suffix: "_aY25-", ids: ["student_aY25-", "teacher-1_aY25-"], notes: [] });
  });

  test("without an id they are numbered", () => {
    const found = assignRunIds([group("x", "_x", ["student"]), group("x", "_x", ["student"])]);
    expect(found.map(({ ids }) => ids)).toEqual([["student_x"], ["student_x-2"]]);
  });

  test("an id may be taken under another suffix", () => {
    // `a_b` of the group `c` and `a` of the group `b_c`.
    const found = assignRunIds([group("b_c", "_b_c", ["a"]), group("c", "_c", ["a_b"])]);
    expect(found.map(({ ids }) => ids)).toEqual([["a_b_c"], ["a_b_c-2"]]);
  });
});

describe("names that W&B takes in no id", () => {
  test.each([
    ["a:b/c\\d?e#f;g,h'i", "a-b-c-d-e-f-g-h-i_g"],
    ["tab\tand\nline", "tab-and-line_g"],
    ["  blank", "blank_g"],
    [" ", "run_g"],
    ["", "run_g"],
    ["modèle 学生", "modèle 学生_g"],
    ["m".repeat(200), `${"m".repeat(126)}_g`],
    [`${"m".repeat(125)}😀😀`, `${"m".repeat(125)}_g`],
  ])("%j has the id %j", (model, id) => {
    const [found] = assignRunIds([group("g", "_g", [model])]);
    expect(found?.ids).toEqual([id]);
    expect(found?.notes.map(({ source }) => source)).toEqual(id === `${model}_g` ? [] : ["g/0"]);
    expect(() => checkRunId(id)).not.toThrow();
  });

  test("two that become one are told apart", () => {
    const [found] = assignRunIds([group("g", "_g", ["a:b", "a;b", "a-b"])]);
    expect(found?.ids).toEqual(["a-b_g", "a-b-2_g", "a-b-3_g"]);
  });

  test("a long suffix leaves room for the model", () => {
    const [one, two] = assignRunIds(
      ["a", "b"].map((end) => group(end, `_${"e".repeat(200)}${end}`, ["student"])),
    );
    expect(one?.ids).toEqual([`student_${"e".repeat(63)}`]);
    expect(two?.ids).toEqual([`student_${"e".repeat(63)}-2`]);
    expect(one?.notes[0]?.reason).toContain("at most 128 characters");
  });
});

test("any groups: every id is valid, of one run only, and the same in any order", () => {
  const odd = string({ unit: "binary", maxLength: 150 });
  const model = oneof(constantFrom("student", "student-2", "teacher-1", "group_logs", "a:b", "a_x"), odd);
  const named = record({
    project: constantFrom("en-lt", "en-hu"),
    name: oneof(constantFrom("a", "b"), odd),
    suffix: oneof(constantFrom("_x", "_aY25-", ""), odd),
    groupId: option(constantFrom("aY25-4fXTcuJNuMcWXUYtQ", "aY25-5fXTcuJNuMcWXUYtQ"), { nil: undefined }),
    models: array(model, { maxLength: 5 }),
  });
  assert(
    property(array(tuple(named, integer()), { maxLength: 6 }), (seeds) => {
      let path = 0;
      const groups = seeds.map(([{ groupId, models, ...rest }, order]) => ({
        order,
        group: {
          ...rest,
          ...(groupId === undefined ? {} : { groupId }),
          models: models.map((name) => ({ model: name, path: `p${(path++).toString().padStart(3, "0")}` })),
        },
      }));
      const found = assignRunIds(groups.map(({ group }) => group));
      const ids = groups.flatMap(({ group }, index) =>
        [GROUP_LOGS + found[index]?.suffix, ...(found[index]?.ids ?? [])].map((id) => ({
          id,
          project: group.project,
        })),
      );
      for (const { id } of ids) expect(() => checkRunId(id.trimEnd())).not.toThrow();
      expect(new Set(ids.map(({ id, project }) => `${project}/${id}`)).size).toBe(ids.length);
      const shuffled = [...groups].sort((a, b) => a.order - b.order);
      const again = assignRunIds(
        shuffled.map(({ group }) => ({ ...group, models: [...group.models].reverse() })),
      );
      for (const [index, { group }] of shuffled.entries()) {
        const before = found[groups.findIndex((entry) => entry.group === group)];
        expect([...(again[index]?.ids ?? [])].reverse()).toEqual(before?.ids);
      }
    }),
    { numRuns: 500 },
  );
});

test("the same entry twice is two runs", () => {
  const model = { model: "student", path: "p" };
  const twice = group("g", "_g", [], { models: [model, model] });
  expect(assignRunIds([twice, twice]).map(({ ids }) => ids)).toEqual([
    ["student_g", "student-2_g"],
    ["student_g-2", "student-2_g-2"],
  ]);
});

test("thousands of groups of one suffix", () => {
  const groups = Array.from({ length: 3000 }, (_, index) =>
    group(`g${index}`, "_x", ["student"], { groupId: `id${index}` }),
  );
  const ids = assignRunIds(groups).flatMap(({ ids }) => ids);
  expect(new Set(ids).size).toBe(3000);
});
