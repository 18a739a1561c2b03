import assert from "node:assert/strict";
import { it } from "node:test";
import { judge, type Written } from "../../bench/soak_journal.ts";

const story = new Map<number, Written>([
  [1, { chat: 1, album: undefined }],
  [2, { chat: 1, album: "7" }],
  [3, { chat: 1, album: "7" }],
]);

function found(...lines: string[]): Record<string, number> {
  const { lost, outOfOrder, split, together, repeatedMeanwhile, twice } = judge(lines.join("\n"), story);
  return { lost, outOfOrder, split, together, repeatedMeanwhile, twice };
}

const NOTHING = { lost: 0, outOfOrder: 0, split: 0, together: 0, repeatedMeanwhile: 0, twice: 0 };

it("the judge of the soak finds every broken promise", () => {
  const good = ["begin a 1", "end a 1", "begin b 2 3", "end b 2 3"];
  assert.deepEqual(found(...good), NOTHING);
  assert.deepEqual(found("begin a 1", ...good.slice(2), "begin b 1", "end b 1"), {
    ...NOTHING,
    outOfOrder: 2,
  });
  assert.deepEqual(found("begin a 1", "begin b 2 3", "end b 2 3", "end a 1"), {
    ...{ ...NOTHING, outOfOrder: 2 },
    together: 1,
  });
  assert.deepEqual(found("begin a 1", "begin b 1", "end b 1", "end a 1", ...good.slice(2)), {
    ...{ ...NOTHING, repeatedMeanwhile: 1 },
    twice: 1,
  });
  assert.deepEqual(found(...good.slice(0, 2), "begin b 2", "end b 2", "begin b 3", "end b 3"), {
    ...NOTHING,
    split: 1,
  });
  assert.deepEqual(found(...good.slice(0, 2)), { ...NOTHING, lost: 2 });
  assert.deepEqual(found("begin a 1", "begin b 1", "end b 1", ...good.slice(2)), NOTHING, "a was killed");
});
