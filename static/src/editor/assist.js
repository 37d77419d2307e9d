/** Help while writing: what may come next and what a field means, as the cluster's API server describes it. */

import { autocompletion, startCompletion } from "@codemirror/autocomplete";
import { hoverTooltip } from "@codemirror/view";
import { identity, keyAt, parents } from "./place.js";
import { typeName } from "./schema.js";

/** @typedef {import("./schema.js").Schemas} Schemas @typedef {import("./schema.js").Property} Property */
/** @typedef {import("@codemirror/autocomplete").Completion} Completion */

/** @param {import("@codemirror/state").Text} doc */
const linesOf = (doc) => doc.toString().split("\n");

/** The panel beside a suggestion, and the one over a word. @param {string} name @param {import("./schema.js").Schema} schema @param {boolean} required @param {{required: string}} words */
function card(name, schema, required, words) {
  const box = document.createElement("div");
  box.className = "field-card";
  const head = box.appendChild(document.createElement("p"));
  head.className = "field-head";
  head.append(Object.assign(document.createElement("strong"), { textContent: name }), ` ${typeName(schema)}${required ? `, ${words.required}` : ""}`);
  const text = schema.description ? box.appendChild(document.createElement("p")) : undefined;
  if (text) text.textContent = schema.description;
  if (schema.enum) box.appendChild(document.createElement("p")).textContent = schema.enum.join(" · ");
  return box;
}

/** How a key goes on after it was chosen. @param {Property} property @param {number} indent */
function insertion({ name, schema }, indent) {
  const inner = " ".repeat(indent + 2);
  if (schema.type === "array") return `${name}:\n${inner}- `;
  if (schema.properties || schema.additionalProperties || schema.type === "object") return `${name}:\n${inner}`;
  return `${name}: `;
}

/** @param {Property} property @param {number} indent @param {{required: string}} words @returns {Completion} */
const suggestion = (property, indent, words) => ({
  label: property.name,
  detail: typeName(property.schema),
  type: property.required ? "keyword" : "property",
  boost: property.required ? 10 : property.name === "status" ? -50 : 0,
  info: () => card(property.name, property.schema, property.required, words),
  apply(view, _completion, from, to) {
    const insert = insertion(property, indent);
    view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + insert.length }, userEvent: "input.complete" });
    startCompletion(view);
  },
});

/** @param {Schemas} schemas @param {{required: string}} words */
const source = (schemas, words) => async (/** @type {import("@codemirror/autocomplete").CompletionContext} */ context) => {
  const line = context.state.doc.lineAt(context.pos);
  const before = line.text.slice(0, context.pos - line.from);
  const lines = linesOf(context.state.doc);
  const at = line.number - 1;
  const value = /^(\s*(?:- )*)([\w.-]+):\s+["']?([\w./-]*)$/.exec(before);
  if (value) return values(schemas, lines, at, value[2], context.pos - value[3].length);
  const key = /^((?:\s|- )*)([\w.-]*)$/.exec(before);
  if (!key || (!key[2] && !context.explicit && !/^\s*-?\s*$/.test(before))) return null;
  const object = identity(lines, at);
  const properties = await schemas.properties(object, parents(lines, at, key[1].length));
  const written = new Set(siblings(lines, at, key[1].length));
  const options = (properties.length || key[1] ? properties : ROOT).filter(({ name }) => !written.has(name)).map((one) => suggestion(one, key[1].length, words));
  return options.length ? { from: context.pos - key[2].length, options, validFor: /^[\w.-]*$/ } : null;
};

/** A document's first keys, while its kind is not known yet. @type {Property[]} */
const ROOT = ["apiVersion", "kind", "metadata", "spec"].map((name) => ({ name, required: name !== "spec", schema: { type: name === "metadata" || name === "spec" ? "object" : "string" } }));

/** Keys written beside that place. @param {string[]} lines @param {number} at @param {number} indent */
function siblings(lines, at, indent) {
  const found = [];
  for (const way of [-1, 1]) {
    for (let line = at + way; line >= 0 && line < lines.length && !/^---/.test(lines[line]); line += way) {
      const match = /^(\s*(?:- )*)([\w.-]+):/.exec(lines[line]);
      if (!match) continue;
      if (match[1].length < indent) break;
      if (match[1].length === indent) found.push(match[2]);
      if (match[1].includes("-") && match[1].length === indent && way === -1) break;
    }
  }
  return found;
}

/** @param {Schemas} schemas @param {string[]} lines @param {number} at @param {string} key @param {number} from */
async function values(schemas, lines, at, key, from) {
  const object = identity(lines, at);
  const path = parents(lines, at);
  const names = !path.length && key === "apiVersion" ? await schemas.versions() : !path.length && key === "kind" ? (await schemas.kinds(object.apiVersion)).map((one) => one.name) : undefined;
  const schema = names ? undefined : await schemas.at(object, [...path, key]);
  const options = names ?? schema?.enum ?? (schema?.type === "boolean" ? ["true", "false"] : []);
  return options.length ? { from, options: options.map((/** @type {any} */ label) => ({ label: String(label), type: "enum" })), validFor: /^[\w./-]*$/ } : null;
}

/** @param {Schemas} schemas @param {{required: string}} words */
export function assist(schemas, words) {
  return [
    autocompletion({ override: [source(schemas, words)], icons: false, activateOnTypingDelay: 150 }),
    hoverTooltip(async (view, position) => {
      const line = view.state.doc.lineAt(position);
      const lines = linesOf(view.state.doc);
      const found = keyAt(lines, line.number - 1);
      const start = found ? line.from + line.text.indexOf(found.key) : -1;
      if (!found || position < start || position > start + found.key.length) return null;
      const properties = await schemas.properties(identity(lines, line.number - 1), found.path);
      const property = properties.find(({ name }) => name === found.key);
      return property ? { pos: start, end: start + found.key.length, above: true, create: () => ({ dom: card(property.name, property.schema, property.required, words) }) } : null;
    }),
  ];
}
