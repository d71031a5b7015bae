import { utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openArchive } from "../../src/archive/archive.js";
import { filterGroups, type GroupFilter } from "../../src/archive/filter.js";
import { LOCAL_FILES, readGroup } from "../../src/archive/read-group.js";
import { GROUP_ID, makeTree, trainingLog } from "./tree.js";

const NEW = `new_${GROUP_ID}`;
const folder = makeTree({
  "models/de-en/opus/student/train.log": trainingLog(),
  "models/de-en/opus/teacher0/train.log": trainingLog(),
  "models/de-en/opus/evaluation/student/flores_devtest.metrics": "1\n2\n",
  "models/de-en/opus/evaluation/speed/flores_devtest.metrics": "1\n2\n",
  [`logs/en-hu/${NEW}/student/train.log`]: trainingLog(),
  [`models/en-hu/${NEW}/evaluation/backward/flores_devtest.metrics`]: "1\n2\n",
});
const later = new Date("2026-02-01T00:00:00Z");
for (const path of [
  "models/de-en/opus/teacher0/train.log",
  "models/de-en/opus/evaluation/speed/flores_devtest.metrics",
])
  utimesSync(join(folder, path), later, later);

const ALL = ["student_opus", "teacher-0_opus", "quantized_opus", "student_Zr7yQ", "backwards_Zr7yQ"];

async function chosen(filter: GroupFilter) {
  const { groups } = await openArchive(folder);
  return filterGroups(groups, filter);
}

describe("filterGroups", () => {
  const cases: readonly (readonly [GroupFilter, readonly string[]])[] = [
    [{}, ALL],
    [{ filter: [] }, ALL],
    [{ filter: ["de-en/opus/student"] }, ["student_opus"]],
    [{ filter: ["student"] }, ["student_opus", "student_Zr7yQ"]],
    [{ filter: ["de-en"] }, ["student_opus", "teacher-0_opus", "quantized_opus"]],
    [{ filter: ["*/student"] }, ["student_opus", "student_Zr7yQ"]],
    [{ filter: ["*student"] }, ["student_opus", "student_Zr7yQ"]],
    [{ filter: ["en-*"] }, ["student_Zr7yQ", "backwards_Zr7yQ"]],
    [{ filter: ["*/*/teacher-?"] }, ["teacher-0_opus"]],
    [{ filter: ["*/teacher-[1-9]"] }, []],
    [{ filter: ["*/teacher-[!1-9]"] }, ["teacher-0_opus"]],
    [{ filter: ["*/{teacher-0,backwards}"] }, ["teacher-0_opus", "backwards_Zr7yQ"]],
    [{ filter: ["{", "nothing"] }, []],
    [{ filter: ["[", "quantized"] }, ["quantized_opus"]],
    [{ filter: ["*.opus*"] }, []],
    [{ filter: ["[z-a]"] }, []],
    [{ since: later }, ["teacher-0_opus", "quantized_opus"]],
    [{ since: new Date(later.getTime() + 1) }, []],
    [{ only: "training" }, ["student_opus", "teacher-0_opus", "student_Zr7yQ"]],
    [{ only: "evaluations" }, ["quantized_opus", "backwards_Zr7yQ"]],
    [{ since: later, only: "training", filter: ["opus"] }, ["teacher-0_opus"]],
  ];
  it.each(cases)("chooses by %j", async (filter, wanted) => {
    const groups = await chosen(filter);
    expect(groups.flatMap(({ runs }) => runs).map(({ id }) => id)).toEqual(wanted);
  });

  it("leaves groups without a chosen run out", async () => {
    expect((await chosen({ filter: ["en-hu"] })).map(({ project }) => project)).toEqual(["en-hu"]);
  });

  it("keeps the whole table of a group: only its runs are chosen", async () => {
    const [files] = await chosen({ filter: ["quantized"] });
    const group = files === undefined ? undefined : await readGroup(files, LOCAL_FILES);
    expect(group?.evaluations.map(({ run: model }) => model)).toEqual(["quantized", "student"]);
    expect(group?.runs.map(({ id, evaluations }) => [id, evaluations.length])).toEqual([
      ["quantized_opus", 1],
    ]);
  });

  it("keeps the table of a group whose only chosen runs are trainings when evaluations are asked for", async () => {
    const groups = await chosen({ only: "evaluations", filter: ["opus/student"] });
    expect(groups).toMatchObject([{ name: "opus", runs: [] }]);
    expect(groups[0]?.evaluations).toHaveLength(2);
  });
});
