/** The YAML drawer: editor, examples, files, check as you type, compare and apply, and what became of each document. */

import { html, nothing } from "lit";
import { ApiError } from "../api.js";
import { createSchemas } from "../editor/schema.js";
import { applyInPortions } from "../editor/portions.js";
import { EXAMPLES } from "../editor/examples.js";
import { t } from "../i18n/index.js";
import { kubectl } from "../kubectl.js";
import { mount } from "../ui/mount.js";
import { kubectlLine } from "../ui/parts.js";
import { denial } from "../why/denials.js";
import { denied } from "./denied.js";

/** @typedef {import("../context.js").Context} Context @typedef {import("../types.js").ApplyResult} ApplyResult */
/** @typedef {typeof import("../editor/codemirror.js")} Module @typedef {ReturnType<Module["openEditor"]>} Editor */
/** @typedef {{text: string, results: ApplyResult[], note: string, working: boolean, comparing: boolean}} State */

const TONES = /** @type {Record<string, string>} */ ({ created: "ok", configured: "ok", unchanged: "done", error: "bad" });
const CHECK_AFTER_MS = 700;
const MOST_AT_ONCE = 10; // documents: more of them take long enough to show how far it is
const MOST_BYTES = 3 * 1024 * 1024;
const HIDDEN_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";

/** A refusal in plain words, when it is one of the known kinds. @param {Context} context @param {ApplyResult} result */
function explained(context, { message }) {
  const why = denial(message);
  return why ? denied(context, why) : nothing;
}

/** @param {Context} context @param {ApplyResult} result */
const resultRow = (context, result) => html`<li class="result">
  <span class="pill pill-${TONES[result.status] ?? "done"}"><span class="pill-mark" aria-hidden="true"></span>${result.status}</span>
  <span class="result-name">${result.kind ? `${result.kind} ${result.name}` : nothing}</span>
  ${result.message ? html`<p class="result-message">${result.message}</p>` : nothing}${explained(context, result)}
</li>`;

/** @param {unknown} error @returns {ApplyResult[]} */
function failure(error) {
  const body = error instanceof ApiError ? error.body : null;
  if (Array.isArray(body?.results)) return body.results;
  return [{ index: 0, line: body?.line ?? 1, kind: "", namespace: "", name: "", status: "error", message: error instanceof Error ? error.message : String(error) }];
}

/** An object as a diff should show it: without what only the server writes. @param {any} object */
function comparable(object) {
  if (!object) return undefined;
  const { managedFields, resourceVersion, uid, creationTimestamp, generation, annotations = {}, ...metadata } = object.metadata ?? {};
  const { [HIDDEN_ANNOTATION]: applied, ...shown } = annotations;
  void [managedFields, resourceVersion, uid, creationTimestamp, generation, applied];
  const { status, ...rest } = object;
  void status;
  return { ...rest, metadata: Object.keys(shown).length ? { ...metadata, annotations: shown } : metadata };
}

/** @param {ApplyResult[]} results */
async function sides(results) {
  const { stringify } = await import("yaml");
  const write = (/** @type {"live" | "merged"} */ side) => results.map((one) => comparable(one[side])).map((one) => (one ? stringify(one, { lineWidth: 0, sortMapEntries: true }) : "")).join("---\n");
  return { before: write("live"), after: write("merged") };
}

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountEditor(element, context) {
  const { ui, api } = context;
  /** @type {Editor | undefined} */
  let editor;
  /** @type {Module | undefined} */
  let module;
  /** @type {typeof import("../editor/locate.js") | undefined} */
  let locate;
  /** @type {{close: () => void} | undefined} */
  let diff;
  /** @type {State} */
  const state = { text: "", results: [], note: "", working: false, comparing: false };
  let timer = 0;
  let asked = 0;
  let over = false;
  let wakeUp = () => {};

  /** @param {Partial<State>} patch */
  function set(patch) {
    Object.assign(state, patch);
    if (!over) wakeUp();
  }

  /** Ask, show, mark; an answer to an older text is dropped. @param {() => Promise<{results: ApplyResult[]}>} ask @param {(results: ApplyResult[]) => string} noteOf */
  async function run(ask, noteOf) {
    const mine = (asked += 1);
    const text = editor?.text() ?? "";
    const results = await ask().then((answer) => answer.results, failure);
    if (mine !== asked || over) return;
    if (editor && locate) editor.mark(locate.problems(text, results));
    set({ results, note: noteOf(results) });
  }

  async function apply() {
    if (!editor || state.working) return;
    clearTimeout(timer);
    set({ working: true, note: "" });
    const text = editor.text();
    let stop = false;
    let left = 0;
    const progress = (/** @type {number} */ n, /** @type {number} */ total) =>
      ui.set({ work: total > MOST_AT_ONCE ? { label: t("work.apply", { n, total }), done: n, total, cancel: () => (stop = true) } : null });
    const all = () => applyInPortions(api.apply, text, { stopped: () => stop, progress }).then((answer) => ((left = answer.left), answer));
    await run(all, () => (stop && left ? t("editor.stopped", { n: left }) : ""));
    ui.set({ work: null });
    set({ working: false });
  }

  async function check() {
    const text = editor?.text() ?? "";
    if (!text.trim()) return set({ results: [], note: "" });
    await run(() => api.apply(text, true), (results) => (results.some((one) => one.status === "error") ? t("editor.wrong") : t("editor.checked")));
  }

  function changed() {
    clearTimeout(timer);
    asked += 1;
    timer = window.setTimeout(() => void check(), CHECK_AFTER_MS);
  }

  async function compare() {
    if (state.comparing) return stopComparing();
    if (!editor || !module) return;
    clearTimeout(timer);
    asked += 1;
    const { results } = await api.compare(editor.text()).catch((error) => ({ results: failure(error) }));
    const { before, after } = await sides(results);
    const host = /** @type {HTMLElement | null} */ (element.querySelector(".editor-diff"));
    if (!host || over) return;
    diff?.close();
    set({ comparing: true, results, note: before === after ? t("editor.same") : t("editor.compared") });
    diff = module.openDiff(host, { before, after, label: t("editor.diff"), unchanged: t("editor.unchanged") });
  }

  function stopComparing() {
    diff?.close();
    diff = undefined;
    set({ comparing: false, note: "" });
    editor?.focus();
  }

  /** @param {Iterable<File>} files */
  async function take(files) {
    for (const file of files) {
      if (file.size > MOST_BYTES) context.toast({ tone: "bad", text: t("editor.tooBig", { name: file.name }) });
      else editor?.append(await file.text());
    }
  }

  /** @param {DragEvent} event */
  function drop(event) {
    event.preventDefault();
    /** @type {HTMLElement} */ (event.currentTarget).classList.remove("editor-dropping");
    void take(event.dataTransfer?.files ?? []);
  }

  /** @param {DragEvent} event */
  function drag(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    /** @type {HTMLElement} */ (event.currentTarget).classList.toggle("editor-dropping", event.type === "dragover");
  }

  /** @param {Event} event */
  function pick(event) {
    const input = /** @type {HTMLInputElement} */ (event.target);
    void take([...(input.files ?? [])]).then(() => (input.value = ""));
  }

  /** @param {Event} event */
  function choose(event) {
    const select = /** @type {HTMLSelectElement} */ (event.target);
    const example = EXAMPLES.find(({ key }) => key === select.value);
    if (example) editor?.setText(example.yaml);
    select.value = "";
  }

  const bar = () => html`<div class="editor-bar">
    <button class="button button-primary" type="button" ?disabled=${state.working} aria-keyshortcuts="Control+Enter" @click=${apply}>${t("editor.apply")}</button>
    <button class="button" type="button" aria-pressed=${state.comparing} @click=${compare}>${t("editor.compare")}</button>
    <label class="button file-button"><input class="visually-hidden" type="file" multiple accept=".yaml,.yml,.json,text/plain" @change=${pick} />${t("editor.files")}</label>
    <label class="editor-examples"><span>${t("editor.examples")}</span>
      <select @change=${choose}><option value="">–</option>${EXAMPLES.map(({ key }) => html`<option value=${key}>${t(key)}</option>`)}</select>
    </label>
  </div>`;

  const view = () => html`<div class="editor-pane" @drop=${drop} @dragover=${drag} @dragleave=${drag}>
      ${bar()}
      <div class="editor-host" ?hidden=${state.comparing}></div>
      <div class="editor-diff" ?hidden=${!state.comparing}></div>
      <p class="editor-drop-hint" aria-hidden="true">${t("editor.drop")}</p>
    </div>
    <div class="editor-results" role="region" aria-label=${t("editor.results")} tabindex="0">
      <h2>${t("editor.results")}</h2>
      <div aria-live="polite">${state.note ? html`<p class="result-note">${state.note}</p>` : nothing}
        ${state.results.length ? html`<ul class="plain">${state.results.map((one) => resultRow(context, one))}</ul>` : html`<p class="empty-hint">${t("editor.noResults")}</p>`}</div>
      ${kubectlLine(context, state.comparing ? kubectl.diff() : kubectl.apply())}
    </div>`;

  async function load() {
    // Both at once: what the editor needs while it is open must be there when the connection is not.
    [module, locate] = await Promise.all([import("../editor/codemirror.js"), import("../editor/locate.js")]);
    const host = /** @type {HTMLElement | null} */ (element.querySelector(".editor-host"));
    if (over || !host) return;
    const text = ui.get().editorText || EXAMPLES[0].yaml;
    editor = module.openEditor(host, { text, label: t("editor.label"), required: t("editor.required"), apply: () => void apply(), changed, schemas: createSchemas(api) });
    ui.set({ editorText: "" });
  }

  /** @type {import("../ui/mount.js").Source} */
  const own = (wake) => {
    wakeUp = wake;
    return () => {};
  };
  const undo = [
    mount(element, view, { sources: [own] }),
    ui.subscribe(({ editorText }) => {
      if (!editorText || !editor) return;
      if (state.comparing) stopComparing();
      editor.setText(editorText);
      ui.set({ editorText: "" });
    }),
  ];
  load().catch((error) => context.toast({ tone: "bad", text: String(error) }));
  return () => {
    over = true;
    clearTimeout(timer);
    diff?.close();
    editor?.close();
    undo.forEach((step) => step());
  };
}
