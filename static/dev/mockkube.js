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
