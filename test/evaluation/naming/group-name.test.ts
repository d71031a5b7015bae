/** Names of groups and projects. */
import { assert, property, string, stringMatching } from "fast-check";
import { describe, expect, test } from "vitest";
import {
  groupNameOf,
  projectOf,
  readGroupFolder,
  suffixOf,
} from "../../../src/evaluation/naming/group-name.js";

describe("readGroupFolder", () => {
  test.each([
    ["baseline_enhu_aY25-4fXTcuJNuMcWXUYtQ", "baseline_enhu", "aY25-4fXTcuJNuMcWXUYtQ"],
    ["small_Ncl7bHC4TuaHe6DFbmWarA", "small", "Ncl7bHC4TuaHe6DFbmWarA"],
    ["x__9l7bHC4TuaHe6DFbmWar-", "x", "_9l7bHC4TuaHe6DFbmWar-"],
    ["prod", "prod", undefined],
    ["short", "short", undefined],
    ["", "", undefined],
    ["_Ncl7bHC4TuaHe6DFbmWarA", "_Ncl7bHC4TuaHe6DFbmWarA", undefined],
    ["Ncl7bHC4TuaHe6DFbmWarA", "Ncl7bHC4TuaHe6DFbmWarA", undefined],
    ["prod_with-a-long-name-to-try", "prod_with-a-long-name-to-try", undefined],
    ["prod_Ncl7bHC4TuaHe6DFbmWar", "prod_Ncl7bHC4TuaHe6DFbmWar", undefined],
    ["prod_Ncl7bHC4TuaHe6DFbm.arA", "prod_Ncl7bHC4TuaHe6DFbm.arA", undefined],
  ])("%j has the name %j and the id %j", (folder, name, groupId) =>
    expect(readGroupFolder(folder)).toEqual({ name, groupId }),
  );

  test("gives back what groupNameOf put together", () => {
    const slug = stringMatching(
      /^[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]$/,
    );
    assert(
      property(string({ minLength: 1, maxLength: 60 }), slug, (name, groupId) => {
        expect(readGroupFolder(groupNameOf(name, groupId))).toEqual({ name, groupId });
      }),
    );
  });
});

test("ids end with five of the group id, or the experiment", () => {
  expect(suffixOf("baseline_enhu", "aY25-4fXTcuJNuMcWXUYtQ")).toBe("_aY25-");
  expect(suffixOf("prod")).toBe("_prod");
});

test("a project is a language pair, or ci", () => {
  expect(projectOf("en", "zh_hant", "prod")).toBe("en-zh_hant");
  expect(projectOf("ru", "en", "ci")).toBe("ci");
});
