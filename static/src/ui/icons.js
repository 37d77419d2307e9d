/** The page's icons: one stroke style, 20 units, coloured by the text around them. Decoration: a label stands beside or around. */

import { html, svg } from "lit";

/** @type {Record<string, string>} */
const PATHS = {
  add: "M10 4v12M4 10h12",
  node: "M3 4h14v5H3zM3 11h14v5H3zM6 6.5h.01M6 13.5h.01",
  code: "M7 6l-4 4 4 4M13 6l4 4-4 4",
  table: "M3 4h14v12H3zM3 8.5h14M8 8.5V16",
  terminal: "M3 4h14v12H3zM6 8l2.5 2L6 12M10.5 12.5H14",
  history: "M3 5v4h4M3.5 9a7 7 0 1 1-.4 3M10 6v4.5l3 2",
  back: "M13 4l-6 6 6 6",
  form: "M4 3h12v14H4zM7 7h6M7 10.5h6M7 14h3",
  present: "M2 4h16M3 4v9h14V4M10 13v3M6.5 17l3.5-2 3.5 2",
  follow: "M10 9v8M7.5 6.6a2.6 2.6 0 1 1 5 0 2.6 2.6 0 0 1-5 0zM5.2 11a6.5 6.5 0 0 1 0-9M14.8 2a6.5 6.5 0 0 1 0 9",
  network: "M4 4h4v4H4zM12 12h4v4h-4zM8 6h3.5a2.5 2.5 0 0 1 2.5 2.5V12M6 8v8",
  send: "M3 10h13M11 5l5 5-5 5",
  events: "M4 5h12M4 10h12M4 15h7",
  search: "M9 3.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM13 13l4 4",
  play: "M6 4l10 6-10 6z",
  pause: "M7 4v12M13 4v12",
  step: "M5 4l7 6-7 6zM15 4v12",
  settle: "M3 4l6 6-6 6zM10 4l6 6-6 6zM17.5 4v12",
  forward: "M3 4l6 6-6 6zM10 4l6 6-6 6z",
  sun: "M10 6.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM10 1.5v2M10 16.5v2M1.5 10h2M16.5 10h2M4 4l1.4 1.4M14.6 14.6L16 16M16 4l-1.4 1.4M5.4 14.6L4 16",
  moon: "M16.5 12A7 7 0 0 1 8 3.5 7 7 0 1 0 16.5 12z",
  auto: "M10 2.5a7.5 7.5 0 1 1 0 15zM10 2.5a7.5 7.5 0 0 0 0 15",
  close: "M5 5l10 10M15 5L5 15",
  fit: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4",
  minus: "M4 10h12",
  layers: "M10 3l7.5 4L10 11 2.5 7zM2.5 11L10 15l7.5-4",
  outline: "M3 4h5M3 10h5M3 16h5M11 4h6M11 10h6M11 16h6",
  help: "M10 2.5a7.5 7.5 0 1 1 0 15 7.5 7.5 0 0 1 0-15zM7.8 7.8a2.2 2.2 0 1 1 3 2c-.6.3-.8.7-.8 1.4M10 14h.01",
  download: "M10 3v9M6 8.5l4 4 4-4M4 16.5h12",
  copy: "M7 7h9v9H7zM4 13V4h9",
  chevron: "M7 4l6 6-6 6",
  trash: "M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6",
  menu: "M3 5h14M3 10h14M3 15h14",
};

/** @param {keyof typeof PATHS} name */
export function icon(name) {
  const filled = ["play", "step", "settle", "forward"].includes(name);
  return html`<svg class="icon ${filled ? "icon-filled" : ""}" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
    ${svg`<path d=${PATHS[name]}></path>`}
  </svg>`;
}
