/** The follower's entry: joins store, feed and the views that only look. Nothing imports this module. */

import { createApi } from "./api.js";
import { createContext } from "./context.js";
import { followUrl } from "./follow/sharing.js";
import { useLanguage } from "./i18n/index.js";
import { mountFollowShell } from "./panels/followshell.js";
import { connect } from "./socket.js";
import { createStore } from "./store.js";

const element = /** @type {HTMLElement} */ (document.getElementById("app"));
const { cluster = "", token = "" } = element.dataset;

await useLanguage(document.documentElement.lang);
const store = createStore();
const context = createContext({ cluster, store, api: createApi({ cluster }), start: { outline: false }, readonly: true });
const { take } = mountFollowShell(element, context);
const feed = connect({ url: followUrl(token, location), store, onView: take, onError: (text) => context.toast({ tone: "bad", text }) });
context.resync = feed.resync;
Object.assign(window, { playground: context }); // for tests and for the curious at the console
