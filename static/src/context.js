/**
 * What every view of a cluster's page is given: the store, the API, the page's own state and the ways to change them.
 * Views get it handed in; none imports another view or the entry module.
 */

import { createState } from "./state.js";
import { createPalette } from "./palette.js";

/**
 * @typedef {"yaml" | "explorer" | "logs" | "events" | "charts" | "network" | "etcd" | "terminal"} DrawerTab
 *
 * @typedef {object} Ui
 * @property {string | null} selected uid
 * @property {"facts" | "events" | "yaml" | "why" | "rollout" | "story"} tab of the inspector
 * @property {"" | DrawerTab} drawer
 * @property {boolean} timeline whether the scrubber over history is shown
 * @property {boolean} presenter
 * @property {boolean} tall whether the drawer takes most of the page
 * @property {"" | "access" | "addNode" | "create" | "share" | "images" | "kubeconfig" | "commands" | "scale" | "confirm"} dialog
 * @property {any} dialogData
 * @property {boolean} outline
 * @property {boolean} system @property {boolean} services @property {boolean} owners
 * @property {string} namespace "" for all
 * @property {"auto" | "light" | "dark"} theme
 * @property {number} tour step, -1 when it is not shown
 * @property {Toast[]} toasts
 * @property {string} editorText what the editor should show next
 * @property {boolean} clockBusy
 * @property {{kind: "lesson" | "exercise", slug: string} | null} guide what the cluster was made for, shown beside it
 * @property {{label: string, done: number, total: number, cancel: () => unknown} | null} work what this page does and takes a while
 * @property {Array<{name: string, total: number}>} draining nodes that were drained from here, with the pods they had
 * @property {{token: string, url: string, followers: number} | null} sharing the link by which others follow this page
 * @property {string} caption what the presenter says in the picture, besides what just happened
 * @property {import("./why/hops.js").Shown | null} trace the request that the picture shows
 *
 * @typedef {{id: number, tone: "ok" | "bad" | "info", text: string, line?: string}} Toast
 *
 * @typedef {object} Diagram
 * @property {(factor: number) => void} zoom
 * @property {() => void} fit
 * @property {(uid: string) => void} reveal
 * @property {(uid: string) => {x: number, y: number} | undefined} where
 * @property {() => import("./diagram/frame.js").Frame} frame what of the world is seen
 * @property {(frame: import("./diagram/frame.js").Frame) => void} showFrame
 * @property {() => {pods: number, rooms: number, waiting: boolean}} drawn
 *
 * @typedef {object} Context
 * @property {string} cluster
 * @property {import("./store.js").Store} store
 * @property {import("./api.js").Api} api
 * @property {ReturnType<typeof createState<Ui>>} ui
 * @property {ReturnType<typeof createPalette>} palette
 * @property {(uid: string | null) => void} select
 * @property {(toast: Omit<Toast, "id">) => void} toast
 * @property {Diagram} [diagram]
 * @property {() => void} [resync] ask the server for everything again
 * @property {() => number} [covered] how many pixels the tools cover at the picture's top
 * @property {(uid: string | null, x: number, y: number) => void} [onHover]
 * @property {() => void} [onCamera] told that another part of the picture is seen
 * @property {() => void} [onTouch] told that the viewer moved the picture or chose something
 * @property {boolean} readonly this page only looks: there is no API behind it
 * @property {(ms: number, now: number) => void} [frames] told how long each frame's painting took
 */

const TOAST_MS = 6000;

/** @type {Ui} */
const INITIAL = {
  selected: null,
  tab: "facts",
  drawer: "",
  tall: false,
  presenter: false,
  timeline: false,
  dialog: "",
  dialogData: null,
  outline: true,
  system: false,
  services: true,
  owners: true,
  namespace: "",
  theme: "auto",
  tour: -1,
  toasts: [],
  editorText: "",
  clockBusy: false,
  guide: null,
  work: null,
  draining: [],
  sharing: null,
  caption: "",
  trace: null,
};

/**
 * @param {object} given
 * @param {string} given.cluster
 * @param {import("./store.js").Store} given.store
 * @param {import("./api.js").Api} given.api
 * @param {Partial<Ui>} [given.start]
 * @param {boolean} [given.readonly]
 * @returns {Context}
 */
export function createContext({ cluster, store, api, start = {}, readonly = false }) {
  const ui = createState({ ...INITIAL, ...start });
  let nextToast = 1;
  return {
    cluster,
    store,
    api,
    readonly,
    ui,
    palette: createPalette(),
    select: (uid) => ui.set({ selected: uid, tab: uid === ui.get().selected ? ui.get().tab : "facts" }),
    toast(toast) {
      const id = nextToast++;
      ui.set({ toasts: [...ui.get().toasts.slice(-3), { ...toast, id }] });
      setTimeout(() => ui.set({ toasts: ui.get().toasts.filter((one) => one.id !== id) }), TOAST_MS);
    },
  };
}
