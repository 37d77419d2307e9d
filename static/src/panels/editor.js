/** The YAML drawer: editor, examples, check and apply, and what became of each document. */

import { html, nothing } from "lit";
import { ApiError } from "../api.js";
import { t } from "../i18n/index.js";
import { kubectl } from "../kubectl.js";
import { mount } from "../ui/mount.js";
import { kubectlLine } from "../ui/parts.js";
import { EXAMPLES } from "../editor/examples.js";

/** @typedef {import("../context.js").Context} Context @typedef {import("../types.js").ApplyResult} ApplyResult */
/** @typedef {ReturnType<typeof import("../editor/codemirror.js").openEditor>} Editor */

const TONES = /** @type {Record<string, string>} */ ({ created: "ok", configured: "ok", unchanged: "done", error: "bad" });

/** @param {ApplyResult[]} results */
const problems = (results) =>
  results.filter((one) => one.status === "error").map((one) => ({ line: one.line, message: [one.message, ...(one.causes ?? []).map((cause) => cause.message)].filter(Boolean).join("\n") }));

/** @param {ApplyResult} result */
const resultRow = (result) => html`<li class="result">
  <span class="pill pill-${TONES[result.status] ?? "done"}"><span class="pill-mark" aria-hidden="true"></span>${result.status}</span>
  <span class="result-name">${result.kind ? `${result.kind} ${result.name}` : nothing}</span>
  ${result.message ? html`<p class="result-message">${result.message}</p>` : nothing}
</li>`;

/** @param {HTMLElement} element @param {Context} context @returns {() => void} undo */
export function mountEditor(element, context) {
  const { ui, api } = context;
  /** @type {Editor | undefined} */
  let editor;
  /** @type {ApplyResult[]} */
  let results = [];
  let note = "";
  let working = false;
  let over = false;
  let wakeUp = () => {};

  /** @param {boolean} dryRun */
  async function submit(dryRun) {
    if (!editor || working) return;
    working = true;
    note = "";
    wakeUp();
    try {
      ({ results } = await api.apply(editor.text(), dryRun));
      if (dryRun && results.every((one) => one.status !== "error")) note = t("editor.checked");
    } catch (error) {
      results = failure(error);
    }
    editor.mark(problems(results));
    working = false;
    wakeUp();
  }

  /** @param {unknown} error @returns {ApplyResult[]} */
  function failure(error) {
    const body = error instanceof ApiError ? error.body : null;
    if (Array.isArray(body?.results)) return body.results;
    return [{ index: 0, line: body?.line ?? 1, kind: "", namespace: "", name: "", status: "error", message: error instanceof Error ? error.message : String(error) }];
  }

  const view = () => html`<div class="editor-pane">
      <div class="editor-bar">
        <button class="button button-primary" type="button" ?disabled=${working} aria-keyshortcuts="Control+Enter" @click=${() => submit(false)}>${t("editor.apply")}</button>
        <button class="button" type="button" ?disabled=${working} @click=${() => submit(true)}>${t("editor.check")}</button>
        <label class="editor-examples"><span>${t("editor.examples")}</span>
          <select @change=${choose}><option value="">–</option>${EXAMPLES.map(({ key }) => html`<option value=${key}>${t(key)}</option>`)}</select>
        </label>
      </div>
      <div class="editor-host"></div>
    </div>
    <div class="editor-results" role="region" aria-label=${t("editor.results")} tabindex="0">
      <h2>${t("editor.results")}</h2>
      <div aria-live="polite">${note ? html`<p class="tone-ok">${note}</p>` : nothing}
        ${results.length ? html`<ul class="plain">${results.map(resultRow)}</ul>` : html`<p class="empty-hint">${t("editor.noResults")}</p>`}</div>
      ${kubectlLine(context, kubectl.apply())}
    </div>`;

  /** @param {Event} event */
  function choose(event) {
    const select = /** @type {HTMLSelectElement} */ (event.target);
    const example = EXAMPLES.find(({ key }) => key === select.value);
    if (example) editor?.setText(example.yaml);
    select.value = "";
  }

  async function load() {
    const { openEditor } = await import("../editor/codemirror.js");
    const host = /** @type {HTMLElement | null} */ (element.querySelector(".editor-host"));
    if (over || !host) return;
    editor = openEditor(host, { text: ui.get().editorText || EXAMPLES[0].yaml, label: t("editor.label"), apply: () => submit(false) });
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
      editor.setText(editorText);
      ui.set({ editorText: "" });
    }),
  ];
  load().catch((error) => context.toast({ tone: "bad", text: String(error) }));
  return () => {
    over = true;
    editor?.close();
    undo.forEach((step) => step());
  };
}
