/** xterm.js as this page uses it: the page's colours, the drawer's size. Loaded when the terminal opens. */

import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";

/** The page's colour of that name. @param {string} name */
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function colours() {
  const [background, foreground, accent] = ["surface", "text", "accent"].map(token);
  const named = { red: token("bad"), green: token("ok"), yellow: token("warn"), blue: accent, cyan: token("code-key"), magenta: token("code-number") };
  const bright = Object.fromEntries(Object.entries(named).map(([name, value]) => [`bright${name[0].toUpperCase()}${name.slice(1)}`, value]));
  return { background, foreground, cursor: foreground, cursorAccent: background, selectionBackground: token("accent-soft"), white: token("muted"), ...named, ...bright };
}

/**
 * Run `work` while new style elements hand their text to constructed sheets: xterm.js writes its colours into style
 * elements, which a strict content policy leaves without effect.
 * @param {() => void} work @returns {() => void} takes the sheets away again
 */
function withConstructedStyles(work) {
  /** @type {CSSStyleSheet[]} */
  const sheets = [];
  const make = document.createElement.bind(document);
  /** @param {string} tag @param {ElementCreationOptions} [options] */
  const create = (tag, options) => {
    if (tag !== "style") return make(tag, options);
    const sheet = new CSSStyleSheet();
    sheets.push(sheet);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    const stand = make("template");
    Object.defineProperty(stand, "textContent", { set: (css) => sheet.replaceSync(css), get: () => "" });
    return stand;
  };
  Object.defineProperty(document, "createElement", { value: create, configurable: true });
  try {
    work();
  } finally {
    Reflect.deleteProperty(document, "createElement");
  }
  return () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => !sheets.includes(sheet));
  };
}

/**
 * @param {HTMLElement} host
 * @param {{label: string, input: (data: string) => void, resized: (size: {cols: number, rows: number}) => void}} options
 */
export function openTerminal(host, { label, input, resized }) {
  const terminal = new Terminal({ fontFamily: token("mono"), fontSize: 13, lineHeight: 1.3, cursorBlink: true, scrollback: 5000, theme: colours(), screenReaderMode: true });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  const tidy = withConstructedStyles(() => terminal.open(host));
  terminal.textarea?.setAttribute("aria-label", label);
  terminal.onData(input);
  terminal.onResize(({ cols, rows }) => resized({ cols, rows }));
  const fitted = () => host.offsetParent && fit.fit();
  const sizes = new ResizeObserver(() => fitted());
  sizes.observe(host);
  const repaint = () => (terminal.options.theme = colours());
  const themes = new MutationObserver(repaint);
  themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", repaint);
  return {
    /** @param {string} data */
    write: (data) => terminal.write(data),
    fit: () => fitted(),
    size: () => ({ cols: terminal.cols, rows: terminal.rows }),
    focus: () => terminal.focus(),
    close() {
      sizes.disconnect();
      themes.disconnect();
      scheme.removeEventListener("change", repaint);
      terminal.dispose();
      tidy();
    },
  };
}
