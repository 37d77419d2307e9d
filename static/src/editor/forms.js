/** Forms for common objects: what they ask for, and the manifest they amount to. Pure. */

/** @typedef {{name: string, namespace: string, image: string, replicas: number, port: number, app: string, data: string}} Answers */
/** @typedef {keyof Answers} Field */

/** @param {Answers} answers */
const metadata = ({ name, namespace }) => ({ name, ...(namespace && namespace !== "default" ? { namespace } : {}) });

/** @param {Answers} answers */
const container = ({ name, image, port }) => ({ name, image, ...(port ? { ports: [{ containerPort: port }] } : {}), resources: { requests: { cpu: "100m", memory: "64Mi" } } });

/** "a=b" per line. @param {string} text */
function pairs(text) {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line.includes("="));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")).trim(), line.slice(line.indexOf("=") + 1).trim()]));
}

/** @type {Record<string, {fields: Field[], make: (answers: Answers) => object}>} */
export const FORMS = {
  Deployment: {
    fields: ["name", "namespace", "image", "replicas", "port"],
    make: (one) => ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: metadata(one),
      spec: { replicas: one.replicas, selector: { matchLabels: { app: one.name } }, template: { metadata: { labels: { app: one.name } }, spec: { containers: [container(one)] } } },
    }),
  },
  Service: {
    fields: ["name", "namespace", "app", "port"],
    make: (one) => ({ apiVersion: "v1", kind: "Service", metadata: metadata(one), spec: { selector: { app: one.app || one.name }, ports: [{ port: one.port || 80 }] } }),
  },
  Pod: {
    fields: ["name", "namespace", "image", "port"],
    make: (one) => ({ apiVersion: "v1", kind: "Pod", metadata: { ...metadata(one), labels: { app: one.name } }, spec: { containers: [container(one)] } }),
  },
  ConfigMap: { fields: ["name", "namespace", "data"], make: (one) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: metadata(one), data: pairs(one.data) }) },
};
