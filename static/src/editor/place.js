/**
 * Where in YAML text something stands. By indentation rather than by parsing, so that it also works on text that is just
 * being written. Pure.
 *
 * @typedef {{path: Array<string | number>, key: string, indent: number}} Line the keys that lead to a line's own key
 */

const ITEM = /^(\s*)((?:-\s+)*)(?:-$)?(?:"([^"]+)"|'([^']+)'|([\w./$-]+))?\s*(:(?=\s|$))?/;

/** @param {string} text one line @returns {{indent: number, key: string, isKey: boolean, dashes: number[]}} columns of its dashes and of its word */
function read(text) {
  const found = /** @type {RegExpExecArray} */ (ITEM.exec(text));
  /** @type {number[]} */
  const dashes = [];
  let column = found[1].length;
  for (const mark of text.slice(column).match(/^(?:-(?:\s+|$))+/)?.[0] ?? "") {
    if (mark === "-") dashes.push(column);
    column += 1;
  }
  return { indent: column, key: found[3] ?? found[4] ?? found[5] ?? "", isKey: !!found[6], dashes };
}

/** The first line (0-based) of the document that line `at` belongs to. @param {string[]} lines @param {number} at */
export function documentStart(lines, at) {
  let start = at;
  while (start > 0 && !/^---(\s|$)/.test(lines[start - 1])) start -= 1;
  return start;
}

/** The keys above a line: who it is in, outermost first; list items appear as 0. @param {string[]} lines @param {number} at 0-based @param {number} [column] for an empty line */
export function parents(lines, at, column) {
  const start = documentStart(lines, at);
  const own = read(lines[at] ?? "");
  let indent = own.key || own.dashes.length ? own.indent : (column ?? own.indent);
  /** @type {Array<string | number>} */
  const path = [];
  let dashes = own.dashes;
  for (let line = at; line >= start; ) {
    for (const dash of [...dashes].reverse()) if (dash < indent || line !== at) (path.unshift(0), (indent = dash));
    const inList = path[0] === 0 && dashes.length > 0;
    do line -= 1;
    while (line >= start && !leads(lines[line], indent, inList));
    if (line < start) break;
    const above = read(lines[line]);
    dashes = above.dashes.filter((dash) => dash < indent);
    if (above.isKey && (above.indent < indent || (inList && above.indent === indent))) {
      path.unshift(above.key);
      indent = above.indent;
    }
  }
  return path;
}

/** Does a line stand further out than that column, so that it may contain what is there? @param {string} text @param {number} indent @param {boolean} inList */
function leads(text, indent, inList) {
  if (!text.trim() || /^\s*#/.test(text)) return false;
  const { indent: own, isKey, dashes } = read(text);
  if (dashes.some((dash) => dash < indent)) return true;
  return isKey && (own < indent || (inList && own === indent && !dashes.length));
}

/** The key on a line and what leads to it. @param {string[]} lines @param {number} at */
export function keyAt(lines, at) {
  const { key, isKey } = read(lines[at] ?? "");
  return isKey ? { key, path: parents(lines, at) } : undefined;
}

/** apiVersion and kind of the document a line is in. @param {string[]} lines @param {number} at */
export function identity(lines, at) {
  const start = documentStart(lines, at);
  /** @type {Record<string, string>} */
  const found = {};
  for (let line = start; line < lines.length && !(line > start && /^---(\s|$)/.test(lines[line])); line += 1) {
    const match = /^(apiVersion|kind):\s*["']?([^"'\s#]+)/.exec(lines[line]);
    if (match) found[match[1]] ??= match[2];
  }
  return { apiVersion: found.apiVersion ?? "", kind: found.kind ?? "" };
}

/** "spec.containers[0].image" or "spec.labels[a/b]" as steps. @param {string} field @returns {Array<string | number>} */
export function steps(field) {
  const parts = field.match(/[^.[\]]+|\[[^\]]*\]/g) ?? [];
  return parts.map((part) => {
    const inner = part.startsWith("[") ? part.slice(1, -1) : part;
    return /^\d+$/.test(inner) ? Number(inner) : inner.replace(/^["']|["']$/g, "");
  });
}

/** Which fields a refusal is about. @param {{message?: string, causes?: Array<{field?: string}>}} result */
export function fieldsOf({ message = "", causes = [] }) {
  const named = causes.map((cause) => cause.field ?? "").filter(Boolean);
  const unknown = [...message.matchAll(/(?:unknown|duplicate) field "([^"]+)"/g)].map((found) => found[1]);
  return [...unknown, ...named];
}
