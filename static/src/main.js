/** The cluster page's entry: joins store, feed, API and views. Nothing imports this module. */

import { followAddress } from "./address.js";
import { createApi } from "./api.js";
import { createContext } from "./context.js";
import { useLanguage } from "./i18n/index.js";
import { mountShell } from "./panels/shell.js";
import { firstVisit } from "./panels/tour.js";
import { recall, remember } from "./settings.js";
import { connect, feedUrl } from "./socket.js";
import { createStore } from "./store.js";

const element = /** @type {HTMLElement} */ (document.getElementById("app"));
const cluster = element.dataset.cluster ?? "";
const csrf = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";

await useLanguage(document.documentElement.lang);
const narrow = matchMedia("(max-width: 800px)").matches;
const store = createStore();
const api = createApi({ cluster, csrf });
const start = { ...recall(localStorage), ...(narrow ? { outline: false } : {}), tour: firstVisit(localStorage) ? 0 : -1 };
const context = createContext({ cluster, store, api, start });
remember(localStorage, context.ui);
mountShell(element, context);
followAddress(context);
const feed = connect({ url: feedUrl(cluster, location), store, onError: (text) => context.toast({ tone: "bad", text }) });
context.resync = feed.resync;
Object.assign(window, { playground: context }); // for tests and for the curious at the console
