/** A long text of documents in portions, so that applying it shows progress and can be stopped between two of them. Pure but for the sending. */

/** @typedef {import("../types.js").ApplyResult} ApplyResult */

const DOCUMENTS = 10;
/** A document marker stands at the line's beginning; YAML allows it nowhere else there. */
const MARKER = /^---(?=\s|$)/;

/** @param {string} text @param {number} [size] documents per portion @returns {Array<{text: string, line: number, index: number, count: number}>} `line`: how many lines stand before it, `index`: how many documents */
export function portions(text, size = DOCUMENTS) {
  const lines = text.split("\n");
  /** @type {Array<{text: string, line: number, index: number, count: number}>} */
  const found = [];
  let [begin, first, documents, inside] = [0, 0, 0, false];
  const close = (/** @type {number} */ end) => {
    found.push({ text: lines.slice(begin, end).join("\n"), line: begin, index: first, count: documents - first });
    [begin, first] = [end, documents];
  };
  lines.forEach((line, at) => {
    if (MARKER.test(line)) {
      if (inside && documents - first >= size) close(at);
      inside = false;
    }
    if (inside || !line.replace(MARKER, "").trim() || line.trim().startsWith("#")) return;
    inside = true;
    documents += 1;
  });
  close(lines.length);
  return found;
}

/**
 * Apply portion after portion. What was not sent when it is stopped stays as it was in the cluster.
 * @param {(text: string) => Promise<{results: ApplyResult[]}>} apply @param {string} text
 * @param {{stopped: () => boolean, progress: (done: number, total: number) => void}} on
 * @returns {Promise<{results: ApplyResult[], left: number}>} `left`: how many documents were not sent
 */
export async function applyInPortions(apply, text, { stopped, progress }) {
  const all = portions(text);
  const total = all.reduce((sum, { count }) => sum + count, 0);
  /** @type {ApplyResult[]} */
  const results = [];
  for (const portion of all) {
    if (stopped()) break;
    progress(portion.index, total);
    const answer = await apply(portion.text);
    results.push(...answer.results.map((one) => ({ ...one, line: one.line + portion.line, index: one.index + portion.index })));
  }
  return { results, left: Math.max(0, total - results.length) };
}
