/**
 * The REST and Kubernetes APIs as the page calls them. Every failure is an ApiError with a text to show; nothing is
 * swallowed here.
 *
 * @typedef {ReturnType<typeof createApi>} Api
 */

import { t } from "./i18n/index.js";

export class ApiError extends Error {
  /** @param {string} message @param {number} status @param {any} [body] */
  constructor(message, status, body) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.body = body;
  }
}

/** The browser's own words for that help nobody. @returns {never} */
function unreached() {
  throw new ApiError(t("error.unreached"), 0);
}

/** @param {any} body @param {number} status @returns {string} */
function explain(body, status) {
  if (typeof body === "string" && body && body.length < 500 && !body.startsWith("<")) return body;
  if (body?.message) return String(body.message);
  if (body?.detail) return String(body.detail);
  if (body && typeof body === "object") {
    const [field, problem] = Object.entries(body)[0] ?? [];
    if (field) return `${field}: ${Array.isArray(problem) ? problem.join(" ") : String(problem)}`;
  }
  return `HTTP ${status}`;
}

/** Where a kind lives in the Kubernetes API. @type {Record<string, [string, string]>} */
export const RESOURCES = {
  Pod: ["api/v1", "pods"],
  Node: ["api/v1", "nodes"],
  Namespace: ["api/v1", "namespaces"],
  Service: ["api/v1", "services"],
  ConfigMap: ["api/v1", "configmaps"],
  Secret: ["api/v1", "secrets"],
  ServiceAccount: ["api/v1", "serviceaccounts"],
  Event: ["api/v1", "events"],
  Endpoints: ["api/v1", "endpoints"],
  ReplicationController: ["api/v1", "replicationcontrollers"],
  EndpointSlice: ["apis/discovery.k8s.io/v1", "endpointslices"],
  Deployment: ["apis/apps/v1", "deployments"],
  ReplicaSet: ["apis/apps/v1", "replicasets"],
  StatefulSet: ["apis/apps/v1", "statefulsets"],
  DaemonSet: ["apis/apps/v1", "daemonsets"],
  Job: ["apis/batch/v1", "jobs"],
  CronJob: ["apis/batch/v1", "cronjobs"],
};

/** @param {import("./types.js").Ref} ref */
export function kubePath({ kind, ns, name }) {
  const [base, plural] = RESOURCES[kind] ?? ["api/v1", `${kind.toLowerCase()}s`];
  const scope = ns ? `/namespaces/${encodeURIComponent(ns)}` : "";
  return `${base}${scope}/${plural}/${encodeURIComponent(name)}`;
}

/**
 * @param {object} options
 * @param {string} [options.csrf]
 * @param {string} [options.cluster]
 * @param {typeof fetch} [options.fetch]
 */
export function createApi({ csrf = "", cluster = "", fetch: send = (...a) => fetch(...a) }) {
  const base = `/api/v1/clusters/${encodeURIComponent(cluster)}`;
  const origin = globalThis.location?.origin ?? "";
  const kube = `/clusters/${encodeURIComponent(cluster)}/k8s`;

  /** @param {string} method @param {string} url @param {any} [body] @param {Record<string, string>} [headers] */
  async function call(method, url, body, headers = {}) {
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const type = text === undefined || headers["Content-Type"] ? {} : { "Content-Type": "application/json" };
    /** @type {Record<string, string>} */
    const all = Object.assign({ Accept: "application/json", "X-CSRFToken": csrf }, type, headers);
    const answer = await send(url, { method, headers: all, body: text, credentials: "same-origin" }).catch(unreached);
    const raw = await answer.text();
    const json = (answer.headers.get("Content-Type") ?? "").includes("json");
    const content = json && raw ? JSON.parse(raw) : raw;
    if (!answer.ok) throw new ApiError(explain(content, answer.status), answer.status, content);
    return content;
  }

  /** @param {string} node @param {string} [verb] */
  const nodeUrl = (node, verb) => `${base}/nodes/${encodeURIComponent(node)}/${verb ? `${verb}/` : ""}`;
  /** @param {string} part @param {"start" | "stop"} verb */
  const componentUrl = (part, verb) => `${base}/components/${encodeURIComponent(part)}/${verb}/`;

  return {
    call,
    /** @returns {Promise<import("./types.js").ClusterSummary[]>} */
    clusters: async () => {
      const answer = await call("GET", "/api/v1/clusters/");
      return answer.results ?? answer.items ?? answer;
    },
    /** @param {Record<string, any>} spec */
    createCluster: (spec) => call("POST", "/api/v1/clusters/", spec),
    /** @param {string} name */
    deleteCluster: (name) => call("DELETE", `/api/v1/clusters/${encodeURIComponent(name)}/`),
    cluster: () => call("GET", `${base}/`),
    kubeconfigUrl: `${base}/kubeconfig/`,
    /** @param {Record<string, any>} spec */
    addNodes: (spec) => call("POST", `${base}/nodes/`, spec),
    /** Where all of that is, for who would rather type it. */
    nodesUrl: `${origin}${base}/nodes/`,
    clockUrl: `${origin}${base}/clock/`,
    demoUrl: `${origin}${base}/demo/`,
    /** @param {string} node @param {string} [verb] */
    nodeUrl: (node, verb) => origin + nodeUrl(node, verb),
    /** @param {string} part @param {"start" | "stop"} verb */
    componentUrl: (part, verb) => origin + componentUrl(part, verb),
    /** @param {string} node */
    deleteNode: (node) => call("DELETE", nodeUrl(node)),
    /** @param {string} node @param {"kill" | "revive" | "drain" | "cordon" | "uncordon" | "poweroff"} verb */
    nodeVerb: (node, verb) => call("POST", nodeUrl(node, verb)),
    /** @param {string} part @param {"start" | "stop"} verb @param {string} [node] of a kubelet */
    component: (part, verb, node) => call("POST", componentUrl(part, verb), node ? { node } : undefined),
    /** @param {string} yaml @param {boolean} [dryRun] @returns {Promise<{results: import("./types.js").ApplyResult[]}>} */
    apply: (yaml, dryRun = false) =>
      call("POST", `${base}/apply/${dryRun ? "?dryRun=1" : ""}`, yaml, { "Content-Type": "application/yaml" }),
    /** What applying would change: each object before and after. @param {string} yaml @returns {Promise<{results: import("./types.js").ApplyResult[]}>} */
    compare: (yaml) => call("POST", `${base}/apply/?dryRun=1&objects=1`, yaml, { "Content-Type": "application/yaml" }),
    /** At which revisions something changed: all that are remembered. @returns {Promise<{first: number, last: number, revisions: number[]}>} */
    revisions: () => call("GET", `${base}/history/?revisions=true`),
    /** The newest changes, oldest first. @param {number} limit @returns {Promise<{changes: any[][]}>} */
    changes: (limit) => call("GET", `${base}/history/?limit=${limit}`),
    /** The picture as of a revision, and what changed at it. @param {number} revision @returns {Promise<any>} */
    past: (revision) => call("GET", `${base}/history/?revision=${revision}`),
    /** At which revision each was created. @param {string[]} objects "Pod/default/web" @returns {Promise<{origins: Record<string, number>}>} */
    origins: (objects) => call("GET", `${base}/history/?${new URLSearchParams(objects.map((one) => ["objects", one]))}`),
    /** @param {{name: string, revision: number}} wanted */
    fork: (wanted) => call("POST", `${base}/fork/`, wanted),
    /** Send one request through the cluster's network. @param {{from: any, to: string, method: string}} wanted @returns {Promise<any>} */
    trace: (wanted) => call("POST", `${base}/trace/`, wanted),
    /** What lies in etcd: keys below a prefix, or one key with its value. @param {Record<string, string | number>} wanted @returns {Promise<any>} */
    etcd: (wanted) => call("GET", `${base}/etcd/?${new URLSearchParams(Object.entries(wanted).map(([name, value]) => [name, String(value)]))}`),
    /** A link that others follow. @returns {Promise<{token: string, url: string}>} */
    beginFollow: () => call("POST", `${base}/follow/`),
    /** @returns {Promise<Array<{token: string, url: string}>>} */
    followLinks: () => call("GET", `${base}/follow/`),
    /** @param {string} token */
    endFollow: (token) => call("DELETE", `${base}/follow/${encodeURIComponent(token)}/`),
    /** Whether images that nobody knows can be pulled. @returns {Promise<{acceptAnyImage: boolean}>} */
    images: () => call("GET", `${base}/images/`),
    /** @param {{acceptAnyImage: boolean}} wanted */
    setImages: (wanted) => call("PATCH", `${base}/images/`, wanted),
    /** Anything of the Kubernetes API. @param {string} path @param {Record<string, string>} [headers] */
    kube: (path, headers) => call("GET", `${kube}/${path.replace(/^\//, "")}`, undefined, headers),
    kubeUrl: kube,
    /** @param {{action: string, speed?: number, seconds?: number}} command */
    clock: (command) => call("POST", `${base}/clock/`, command),
    /** What is recorded or replayed here, with its texts in the page's language. */
    demoState: () => call("GET", `${base}/demo/`),

    /** Record this cluster, or act on the demo that is replayed on it. @param {{action: string, name?: string, title?: string}} wanted */
    demo: (wanted) => call("POST", `${base}/demo/`, wanted),
    /** @param {string} podUid */
    scheduling: (podUid) => call("GET", `${base}/scheduling/${encodeURIComponent(podUid)}/`),
    /** @param {import("./types.js").Ref} ref */
    get: (ref) => call("GET", `${kube}/${kubePath(ref)}`),
    /** @param {import("./types.js").Ref} ref */
    remove: (ref) => call("DELETE", `${kube}/${kubePath(ref)}`),
    /** @param {import("./types.js").Ref} ref @param {object} patch @param {string} [subresource] */
    patch: (ref, patch, subresource) =>
      call("PATCH", `${kube}/${kubePath(ref)}${subresource ? `/${subresource}` : ""}`, patch, {
        "Content-Type": "application/merge-patch+json",
      }),
    /** Read an answer piece by piece as it comes, until it ends. @param {string} path @param {AbortSignal} signal @param {(text: string) => void} onText */
    async stream(path, signal, onText) {
      const answer = await send(`${kube}/${path}`, { headers: { Accept: "*/*" }, credentials: "same-origin", signal });
      if (!answer.ok || !answer.body) {
        const raw = await answer.text();
        throw new ApiError(explain(raw.startsWith("{") ? JSON.parse(raw) : raw, answer.status), answer.status);
      }
      const reader = answer.body.pipeThrough(/** @type {any} */ (new TextDecoderStream())).getReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) onText(/** @type {any} */ (piece.value));
    },
  };
}
