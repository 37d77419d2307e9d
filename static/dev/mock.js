/**
 * The cluster page against a server that lives in the page: for design work, for tests of the screen alone, and for the
 * frame-rate benchmark. `mock.html?nodes=1000&pods=10000&still` and so on; never part of the product's bundle.
 */

import { followAddress } from "../src/address.js";
import { createApi } from "../src/api.js";
import { createContext } from "../src/context.js";
import { useLanguage } from "../src/i18n/index.js";
import { mountDashboard } from "../src/panels/dashboard.js";
import { mountShell } from "../src/panels/shell.js";
import { connect } from "../src/socket.js";
import { createStore } from "../src/store.js";
import { createMockServer } from "./mockserver.js";

const query = new URLSearchParams(location.search);
const number = (/** @type {string} */ name, /** @type {number} */ otherwise) => Number(query.get(name) ?? otherwise);
const element = /** @type {HTMLElement} */ (document.getElementById("app"));
const lang = query.get("lang") ?? "en";
document.documentElement.lang = lang;
await useLanguage(lang);

const server = createMockServer({ nodes: number("nodes", 3), pods: number("pods", -1), zones: number("zones", 0), nasty: query.has("nasty"), still: query.has("still") });

if (query.has("dashboard")) {
  document.body.className = "dashboard-page";
  element.className = "dashboard";
  mountDashboard(element, { api: createApi({ fetch: server.fetch }), go: () => {} });
} else {
  const store = createStore();
  const api = createApi({ cluster: "demo", fetch: server.fetch });
  const narrow = matchMedia("(max-width: 800px)").matches;
  const theme = /** @type {any} */ (query.get("theme") ?? "auto");
  const context = createContext({ cluster: "demo", store, api, start: { theme, outline: !narrow && !query.has("bare"), tour: query.has("tour") ? 0 : -1 } });
  /** @type {number[]} */
  const frames = [];
  context.frames = (ms) => frames.push(ms);
  mountShell(element, context);
  followAddress(context);
  if (!query.has("dark-silence")) context.resync = connect({ url: "mock", store, open: server.open, onError: (text) => context.toast({ tone: "bad", text }) }).resync;
  Object.assign(window, { playground: context, mock: server, frames });
}
