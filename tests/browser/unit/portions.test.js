/** Long texts of documents, sent in portions. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { applyInPortions, portions } from "../../../static/src/editor/portions.js";

const many = (/** @type {number} */ count) => Array.from({ length: count }, (_, index) => `kind: ConfigMap\nmetadata: {name: c${index}}\n`).join("---\n");

test("portions put together again are the text, and know which document and line they begin with", () => {
  const text = `# head\n---\n${many(25)}---\n# nothing here\n`;
  const found = portions(text);
  assert.equal(found.map((one) => one.text).join("\n"), text);
  assert.deepEqual(found.map((one) => [one.index, one.count]), [[0, 10], [10, 10], [20, 5]]);
  const lines = text.split("\n");
  for (const one of found) assert.equal(one.text.split("\n")[0], lines[one.line]);
});

test("what looks like a marker inside a text is none", () => {
  assert.equal(portions("data: |\n  ---\n  --- x\n----\n", 1).length, 1);
});

test("results carry the lines and numbers of the whole text", async () => {
  const apply = async (/** @type {string} */ text) => ({ results: portions(text, 1).map((one, index) => /** @type {any} */ ({ index, line: one.line + 1 })) });
  const { results, left } = await applyInPortions(apply, many(25), { stopped: () => false, progress: () => {} });
  assert.equal(left, 0);
  assert.deepEqual(results.map((one) => one.index), Array.from({ length: 25 }, (_, index) => index));
  assert.ok(results.every((one, index) => index === 0 || one.line > results[index - 1].line));
});

test("stopped between two portions, the rest is not sent", async () => {
  /** @type {number[][]} */
  const told = [];
  let sent = 0;
  const apply = async () => ((sent += 1), { results: /** @type {any[]} */ (Array.from({ length: 10 }, (_, index) => ({ index, line: 1 }))) });
  const { results, left } = await applyInPortions(apply, many(100), { stopped: () => sent === 3, progress: (done, total) => told.push([done, total]) });
  assert.deepEqual([sent, results.length, left], [3, 30, 70]);
  assert.deepEqual(told, [[0, 100], [10, 100], [20, 100]]);
});
