/**
 * The line that would do what a button does: kubectl's where there is one, else what one would type on the machine, else
 * the playground's own. Pure; names are quoted when a shell would read them otherwise.
 *
 * @typedef {import("./types.js").Ref} Ref
 */

/** @param {string} word */
const quote = (word) => (/^[A-Za-z0-9_./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** @param {Ref} ref */
const inNamespace = (ref) => (ref.ns && ref.ns !== "default" ? ["-n", ref.ns] : []);

/** @param {Ref} ref */
const target = (ref) => `${ref.kind.toLowerCase()}/${ref.name}`;

/** @param {string[]} words */
const line = (...words) => ["kubectl", ...words.map(quote)].join(" ");

export const kubectl = {
  /** @param {string} cluster */
  withConfig: (cluster) => line("--kubeconfig", `${cluster}.kubeconfig.yaml`, "get", "pods", "-A"),
  apply: () => line("apply", "-f", "FILE"),
  diff: () => line("diff", "-f", "FILE"),
  /** @param {Ref} ref */
  get: (ref) => line("get", target(ref), "-o", "yaml", ...inNamespace(ref)),
  /** @param {Ref} ref */
  describe: (ref) => line("describe", target(ref), ...inNamespace(ref)),
  /** @param {Ref} ref @param {number} replicas */
  scale: (ref, replicas) => line("scale", target(ref), `--replicas=${replicas}`, ...inNamespace(ref)),
  /** @param {Ref} ref */
  restart: (ref) => line("rollout", "restart", target(ref), ...inNamespace(ref)),
  /** @param {Ref} ref */
  remove: (ref) => line("delete", target(ref), ...inNamespace(ref)),
  /** @param {Ref} ref @param {string} [container] @param {boolean} [follow] */
  logs: (ref, container = "", follow = false) => line("logs", ref.name, ...(container ? ["-c", container] : []), ...(follow ? ["-f"] : []), ...inNamespace(ref)),
  /** @param {string} pod "namespace/name" @param {string} method @param {string} url */
  curl(pod, method, url) {
    const [ns, name] = pod.split("/");
    return line("exec", name, ...inNamespace({ kind: "Pod", ns, name }), "--", "curl", "-s", ...(method === "GET" ? [] : ["-X", method]), url);
  },
  /** @param {string} kind @param {string} ns @param {boolean} namespaced @param {boolean} wide */
  list: (kind, ns, namespaced, wide) => line("get", kind, ...(!namespaced ? [] : ns ? inNamespace({ kind, ns, name: "" }) : ["-A"]), ...(wide ? ["-o", "wide"] : [])),
  /** @param {string} node */
  cordon: (node) => line("cordon", node),
  /** @param {string} node */
  uncordon: (node) => line("uncordon", node),
  /** @param {string} node */
  drain: (node) => line("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--force"),
  /** @param {string} node */
  deleteNode: (node) => line("delete", "node", node),
};

/** What one would type on the machine itself, from a terminal of the cluster. */
export const machine = {
  /** Its manifest moved away, or its unit stopped. @param {string} node @param {string} part @param {boolean} static_ whether it runs from a manifest */
  stopPart: (node, part, static_) => `ssh ${quote(node)} ${static_ ? `mv /etc/kubernetes/manifests/${part}.yaml /etc/kubernetes/` : `systemctl stop ${part}`}`,
  /** @param {string} node @param {"start" | "stop"} verb */
  kubelet: (node, verb) => `ssh ${quote(node)} systemctl ${verb} kubelet`,
  /** @param {string} node */
  powerOff: (node) => `ssh ${quote(node)} poweroff`,
};

/** The playground's own REST, for what no cluster can do itself: hardware, time. @param {string} url @param {Record<string, unknown>} [wanted] @param {string} [method] */
export function playground(url, wanted = {}, method = "POST") {
  const fields = Object.entries(wanted);
  const nested = fields.some(([, value]) => typeof value === "object" && !Array.isArray(value));
  const body = nested ? ["-H", "Content-Type: application/json", "-d", JSON.stringify(wanted)] : fields.flatMap(([name, value]) => [value].flat().flatMap((one) => ["-d", `${name}=${one}`]));
  return ["curl", ...(body.length && method === "POST" ? [] : ["-X", method]), ...body, url].map(quote).join(" ");
}

/** Whose line it is: the key of the words that say so. @param {string} line */
export const sourceOf = (line) => ({ ssh: "line.machine", curl: "line.playground" })[line.split(" ")[0]] ?? "kubectl.label";
