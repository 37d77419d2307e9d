/**
 * CodeMirror 6 as this page uses it: YAML, errors in the gutter, the page's colours. Loaded when the editor opens.
 * It lives in a shadow root, where CodeMirror's styles are constructed sheets, as a strict content policy allows.
 */

import { basicSetup } from "codemirror";
import { indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState, Prec } from "@codemirror/state";
import { unifiedMergeView } from "@codemirror/merge";
import { EditorView, keymap, tooltips } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { assist } from "./assist.js";

const colours = EditorView.theme({
  "&": { height: "100%", color: "var(--text)", backgroundColor: "var(--surface)", fontSize: "13px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "20px" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--muted)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--sunken)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--accent-soft)" },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--surface)", color: "var(--text)", border: "1px solid var(--line)" },
  ".cm-tooltip": { borderRadius: "var(--radius)", boxShadow: "var(--shadow)", overflow: "hidden", zIndex: "10" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", fontSize: "13px", maxHeight: "220px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 12px", lineHeight: "20px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent-soft)", color: "var(--text)" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-tooltip.cm-completionInfo": { padding: "0", overflow: "auto", maxHeight: "260px" },
  ".field-card": { maxWidth: "400px", padding: "12px 16px", font: "13px/20px var(--sans)", whiteSpace: "pre-line", overflowWrap: "anywhere" },
  ".field-card p": { margin: "0" },
  ".field-card p + p": { marginTop: "4px" },
  ".field-card .field-head": { fontFamily: "var(--mono)", color: "var(--muted)" },
  ".field-card strong": { color: "var(--text)" },
  ".cm-insertedLine, .cm-changedLine": { backgroundColor: "color-mix(in srgb, var(--ok) 14%, transparent)" },
  ".cm-changedText": { background: "color-mix(in srgb, var(--ok) 28%, transparent) !important" },
  ".cm-deletedChunk": { backgroundColor: "color-mix(in srgb, var(--bad) 12%, transparent)", paddingLeft: "6px" },
  ".cm-deletedChunk .cm-deletedText": { background: "color-mix(in srgb, var(--bad) 26%, transparent)" },
  ".cm-collapsedLines::before, .cm-collapsedLines::after": { content: '""' },
  ".cm-collapsedLines": { background: "var(--sunken)", color: "var(--muted)", padding: "4px 12px" },
});

const words = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--code-key)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--code-number)" },
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
  { tag: [tags.separator, tags.punctuation, tags.meta], color: "var(--muted)" },
]);

/** A place for CodeMirror in a shadow root of the host. @param {HTMLElement} host */
function rootIn(host) {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const parent = document.createElement("div");
  parent.style.height = "100%";
  root.replaceChildren(parent);
  return { root, parent };
}

/**
 * What would change, line by line: before beside after in one text, equal stretches folded. Read only.
 * @param {HTMLElement} host @param {{before: string, after: string, label: string, unchanged: string}} texts
 */
export function openDiff(host, { before, after, label, unchanged }) {
  const { root, parent } = rootIn(host);
  const extensions = [
    EditorState.phrases.of({ "$ unchanged lines": unchanged }),
    unifiedMergeView({ original: before, mergeControls: false, gutter: true, collapseUnchanged: { margin: 3, minSize: 5 } }),
    [yaml(), colours, syntaxHighlighting(words), EditorState.readOnly.of(true)],
    EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
  ];
  const view = new EditorView({ root, parent, state: EditorState.create({ doc: after, extensions }) });
  return { close: () => view.destroy() };
}

/**
 * @param {HTMLElement} host
 * @param {object} options
 * @param {string} options.text
 * @param {string} options.label
 * @param {string} options.required the word for a field that must be there
 * @param {() => void} options.apply
 * @param {() => void} options.changed
 * @param {import("./schema.js").Schemas} options.schemas
 */
export function openEditor(host, { text, label, required, apply, changed, schemas }) {
  const { root, parent } = rootIn(host);
  const run = () => (apply(), true);
  const view = new EditorView({
    root,
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        Prec.highest(keymap.of([{ key: "Mod-Enter", run }])),
        basicSetup,
        keymap.of([indentWithTab]),
        assist(schemas, { required }),
        tooltips({ position: "fixed" }),
        EditorView.updateListener.of((update) => update.docChanged && changed()),
        yaml(),
        lintGutter(),
        colours,
        syntaxHighlighting(words),
        EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    /** @param {string} next */
    setText(next) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } });
      view.focus();
    },
    /** Mark lines with what is wrong there. @param {Array<{line: number, message: string}>} problems */
    mark(problems) {
      const last = view.state.doc.lines;
      const diagnostics = problems.map(({ line, message }) => {
        const at = view.state.doc.line(Math.min(Math.max(1, line || 1), last));
        return { from: at.from, to: at.to, severity: /** @type {const} */ ("error"), message };
      });
      view.dispatch(setDiagnostics(view.state, diagnostics.sort((a, b) => a.from - b.from)));
    },
    /** Put a text after what is there. @param {string} more */
    append(more) {
      const now = view.state.doc.toString().trimEnd();
      this.setText(now ? `${now}\n---\n${more}` : more);
    },
    focus: () => view.focus(),
    close: () => view.destroy(),
  };
}
