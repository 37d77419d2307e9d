/** The lines that refusals of the API server are about: its field paths, found again in the text. */

import { LineCounter, isMap, isSeq, parseAllDocuments } from "yaml";
import { fieldsOf, steps } from "./place.js";

/** @typedef {import("../types.js").ApplyResult} ApplyResult */

/** How deep a path can be followed, and where that is. @param {any} node @param {Array<string | number>} path @returns {number | undefined} offset */
function follow(node, path) {
  let offset;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => String(/** @type {any} */ (item.key)?.value) === String(step));
      if (!pair) break;
      offset = /** @type {any} */ (pair.key).range[0];
      node = pair.value;
    } else if (isSeq(node) && typeof step === "number" && node.items[step]) {
      node = node.items[step];
      offset = /** @type {any} */ (node).range?.[0] ?? offset;
    } else break;
  }
  return offset;
}

/**
 * What to mark: a line and a text for each thing that is wrong.
 * @param {string} text @param {ApplyResult[]} results
 * @returns {Array<{line: number, message: string}>}
 */
export function problems(text, results) {
  const counter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: counter });
  const roots = Array.isArray(documents) ? documents.map((one) => one.contents) : [];
  return results.filter((one) => one.status === "error").flatMap((result) => {
    const root = roots.find((one) => one?.range && counter.linePos(one.range[0]).line >= result.line);
    const fields = fieldsOf(result);
    const message = result.message ?? "";
    const placed = fields.map((field) => ({ offset: follow(root, steps(field)), text: result.causes?.find((cause) => cause.field === field)?.message ?? message }));
    const found = placed.filter((one) => one.offset !== undefined);
    if (!found.length) return [{ line: result.line, message }];
    return found.map((one) => ({ line: counter.linePos(/** @type {number} */ (one.offset)).line, message: one.text }));
  });
}
