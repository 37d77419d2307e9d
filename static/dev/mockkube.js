/** What the pretend server says about the Kubernetes API beyond its objects: a little of OpenAPI. */

const string = (/** @type {string} */ description, more = {}) => ({ type: "string", description, ...more });
const ref = (/** @type {string} */ name, description = "") => ({ description, allOf: [{ $ref: `#/components/schemas/${name}` }] });

const SCHEMAS = {
  Deployment: {
    type: "object",
    "x-kubernetes-group-version-kind": [{ group: "apps", version: "v1", kind: "Deployment" }],
    properties: { apiVersion: string("The version."), kind: string("The kind."), metadata: ref("ObjectMeta", "Standard metadata."), spec: ref("DeploymentSpec", "Desired behavior.") },
  },
  ObjectMeta: { type: "object", properties: { name: string("Name must be unique."), labels: { type: "object", additionalProperties: { type: "string" } } } },
  DeploymentSpec: {
    type: "object",
    required: ["selector"],
    properties: {
      replicas: { type: "integer", format: "int32", description: "Number of desired pods." },
      paused: { type: "boolean", description: "Indicates that the deployment is paused." },
      selector: { type: "object", description: "Label selector for pods." },
      strategy: ref("Strategy", "How to replace pods."),
    },
  },
  Strategy: { type: "object", properties: { type: string("Type of deployment.", { enum: ["Recreate", "RollingUpdate"] }) } },
};

const ANSWERS = /** @type {Record<string, object>} */ ({
  "openapi/v3": { paths: { "apis/apps/v1": { serverRelativeURL: "/openapi/v3/apis/apps/v1?hash=1" }, "api/v1": { serverRelativeURL: "/openapi/v3/api/v1?hash=1" } } },
  "openapi/v3/apis/apps/v1?hash=1": { components: { schemas: SCHEMAS } },
  "openapi/v3/api/v1?hash=1": { components: { schemas: {} } },
});

/** @param {string} url @returns {object | undefined} */
export const said = (url) => ANSWERS[/\/k8s\/(.*)$/.exec(url)?.[1] ?? ""];

const resource = (/** @type {string} */ name, /** @type {string} */ kind, scope = "Namespaced") => ({ resource: name, responseKind: { kind }, scope, verbs: ["get", "list"] });
Object.assign(ANSWERS, {
  api: { items: [{ metadata: { name: "" }, versions: [{ version: "v1", resources: [resource("pods", "Pod"), resource("nodes", "Node", "Cluster"), resource("configmaps", "ConfigMap")] }] }] },
  apis: { items: [{ metadata: { name: "apps" }, versions: [{ version: "v1", resources: [resource("deployments", "Deployment")] }] }] },
});

const KINDS = /** @type {Record<string, string>} */ ({ pods: "Pod", nodes: "Node", configmaps: "ConfigMap", deployments: "Deployment" });

/** A collection as the server's table. @param {string} url @param {(kind: string) => import("../src/types.js").Thin[]} all */
export function tableOf(url, all) {
  const [, ns, plural] = /\/v1(?:\/namespaces\/([^/]+))?\/(\w+)\?limit/.exec(url) ?? [];
  if (!plural) return undefined;
  const rows = all(KINDS[plural]).filter((one) => !ns || one.ns === ns);
  return {
    columnDefinitions: [{ name: "Name", priority: 0 }, { name: "Status", priority: 0 }, { name: "Restarts", priority: 0 }, { name: "Node", priority: 1 }],
    rows: rows.map((one) => ({ cells: [one.name, one.reason ?? one.phase ?? "", one.restarts ?? 0, one.node ?? ""], object: { metadata: { name: one.name, namespace: one.ns, uid: one.uid, labels: one.labels } } })),
  };
}

/** @typedef {{revision: number, verb: string, thin: import("../src/types.js").Thin}} Entry */

/** What `history/` answers. @param {Entry[]} log @param {string} rest @param {string} time */
export function historyOf(log, rest, time) {
  const query = new URLSearchParams(rest.split("?")[1]);
  const told = log.filter(({ thin }) => thin.k !== "Event");
  const change = (/** @type {Entry} */ { revision, verb, thin }) => [revision, verb, thin.k, thin.ns ?? "", thin.name, time];
  const named = (/** @type {string} */ object) => told.find(({ verb, thin }) => verb === "created" && `${thin.k}/${thin.ns ?? ""}/${thin.name}` === object)?.revision;
  if (query.has("objects")) return { origins: Object.fromEntries(query.getAll("objects").map((object) => [object, named(object)])) };
  if (query.has("revisions")) return { first: 1, last: log.at(-1)?.revision, revisions: [...new Set(told.map(({ revision }) => revision))] };
  if (query.has("limit")) return { first: 1, last: log.at(-1)?.revision, changes: told.slice(-Number(query.get("limit"))).map(change) };
  const wanted = Number(query.get("revision"));
  const objects = new Map();
  for (const { revision, verb, thin } of log) if (revision <= wanted) verb === "deleted" ? objects.delete(thin.uid) : objects.set(thin.uid, thin);
  return { revision: wanted, time, objects: [...objects.values()], changes: told.filter(({ revision }) => revision === wanted).map(change) };
}
