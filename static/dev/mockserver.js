/** A pretend server: the websocket feed and the REST answers the page uses, over a very simple-minded cluster. */

import { historyOf, said, tableOf } from "./mockkube.js";
import { request } from "./mocknetwork.js";

/** An event as the API would give it. @param {any} thin */
const wholeEvent = ({ uid, ns, name, type, reason, message, count, about, source, created, last }) => ({ metadata: { uid, namespace: ns, name, creationTimestamp: created ?? last }, type, reason, message, count, involvedObject: { kind: about?.kind, namespace: about?.ns, name: about?.name, uid: about?.uid }, source: { component: source }, lastTimestamp: last });

const GIB = 1024 ** 3;
const ORIGIN = Date.UTC(2026, 0, 1, 9) * 1000;
const BAD = '<img src=x onerror="window.hacked=1"><b>bold</b>';

/** @typedef {import("../src/types.js").Thin} Thin */

/** @param {{nodes: number, pods: number, zones: number, nasty: boolean, still: boolean}} options */
export function createMockServer({ nodes, pods, zones, nasty, still }) {
  /** @type {Map<string, Thin>} */
  const objects = new Map();
  /** @type {import("../src/types.js").Change[]} */
  let pending = [];
  /** @type {import("./mockkube.js").Entry[]} */
  const log = [];
  /** What the page has asked for. @type {string[]} */
  const requests = [];
  let revision = 100;
  let counter = 0;
  const clock = { now: ORIGIN, speed: 1, paused: false, stable: false };
  /** @type {Set<any>} */
  const wires = new Set();
  const time = () => new Date(clock.now / 1000).toISOString();
  const uid = (/** @type {string} */ kind) => `${kind.toLowerCase()}-${(counter += 1)}`;

  /** @param {Partial<Thin> & {k: string, name: string}} thin */
  function put(thin) {
    const whole = /** @type {Thin} */ ({ uid: uid(thin.k), created: time(), ...thin, rv: String((revision += 1)) });
    objects.set(whole.uid, whole);
    pending.push(["put", whole]);
    log.push({ revision, verb: thin.rv ? "updated" : "created", thin: whole });
    return whole;
  }
  /** @param {Thin} thin @param {Partial<Thin>} patch */
  const change = (thin, patch) => put({ .../** @type {Thin} */ (objects.get(thin.uid) ?? thin), ...patch });
  /** @param {Thin} thin */
  function remove(thin) {
    objects.delete(thin.uid);
    revision += 1;
    pending.push(["del", thin.k, thin.uid]);
    log.push({ revision, verb: "deleted", thin });
  }
  const all = (/** @type {string} */ kind) => [...objects.values()].filter((one) => one.k === kind);
  const node = (/** @type {string} */ name) => all("Node").find((one) => one.name === name);

  /** @param {string} type @param {string} reason @param {string} message @param {Thin} about @param {string} source */
  const event = (type, reason, message, about, source) =>
    put({ k: "Event", ns: about.ns ?? "default", name: `${about.name}.${counter}`, type, reason, message, count: 1, source, last: time(), about: { kind: about.k, ns: about.ns, name: about.name, uid: about.uid } });

  /** @param {string} name @param {string} [role] @param {string} [zone] */
  function addNode(name, role = "", zone = "") {
    const amounts = { cpu: 4000, memory: 8 * GIB, pods: 110 };
    const made = put({
      k: "Node", name, role, zone, ready: "True", machine: "on", ip: `10.0.0.${counter % 250}`, capacity: amounts, allocatable: amounts,
      requested: { cpu: role ? 850 : 100, memory: role ? 0.3 * GIB : 0.05 * GIB }, taints: role ? ["node-role.kubernetes.io/control-plane=:NoSchedule"] : [],
      labels: { "kubernetes.io/hostname": name, ...(zone ? { "topology.kubernetes.io/zone": zone } : {}) },
      conditions: [{ type: "MemoryPressure", status: "False", reason: "KubeletHasSufficientMemory" }, { type: "Ready", status: "True", reason: "KubeletReady" }],
    });
    put({ k: "Pod", ns: "kube-system", name: `kube-proxy-${name}`, node: name, phase: "Running", ready: [1, 1], root: "DaemonSet/kube-proxy" });
    return made;
  }

  /** @param {Thin} set @param {string} [where] */
  function addPod(set, where) {
    const suffix = (counter * 7919).toString(36).slice(-5).padStart(5, "x");
    const pod = put({
      k: "Pod", ns: set.ns, name: nasty ? `${BAD}${suffix}` : `${set.name}-${suffix}`, phase: "Pending", ready: [0, 1], restarts: 0,
      owner: { kind: set.k, name: set.name, uid: set.uid }, root: set.root, labels: set.labels,
    });
    if (where) settle(change(pod, { node: where }), true);
    else setTimeout(() => schedule(pod), still ? 0 : 500);
    return pod;
  }

  /** @param {Thin} pod */
  function schedule(pod) {
    if (!objects.has(pod.uid)) return;
    const loads = new Map(all("Node").map((one) => [one.name, 0]));
    for (const one of all("Pod")) loads.set(one.node ?? "", (loads.get(one.node ?? "") ?? 0) + 1);
    const free = all("Node").filter((one) => !one.role && one.ready === "True" && !one.unschedulable && one.machine === "on");
    const best = free.sort((a, b) => (loads.get(a.name) ?? 0) - (loads.get(b.name) ?? 0))[0];
    if (!best) {
      const msg = `0/${all("Node").length} nodes are available: 1 node(s) had untolerated taint(s), ${all("Node").length - 1} node(s) were unschedulable.`;
      change(pod, { reason: "Unschedulable", msg });
      event("Warning", "FailedScheduling", msg, pod, "default-scheduler");
      return;
    }
    change(best, { requested: { cpu: (best.requested?.cpu ?? 0) + 100, memory: (best.requested?.memory ?? 0) + 0.06 * GIB } });
    const bound = change(pod, { node: best.name, reason: "ContainerCreating" });
    event("Normal", "Scheduled", `Successfully assigned ${pod.ns}/${pod.name} to ${best.name}`, pod, "default-scheduler");
    if (still) settle(bound, true);
    else setTimeout(() => settle(bound, false), 900);
  }

  /** @param {Thin} pod @param {boolean} quiet */
  function settle(pod, quiet) {
    if (!objects.has(pod.uid)) return;
    change(pod, { phase: "Running", reason: undefined, ready: [1, 1], ip: `10.244.${counter % 250}.${(counter * 3) % 250}` });
    if (!quiet) event("Normal", "Started", "Started container nginx", pod, "kubelet");
    count();
  }

  function count() {
    for (const set of [...all("ReplicaSet"), ...all("Deployment")]) {
      const mine = all("Pod").filter((pod) => pod.root === (set.root ?? `Deployment/${set.name}`) && pod.phase === "Running" && !pod.deleting).length;
      if (set.ready !== mine) change(set, { ready: mine, available: mine, updated: mine });
    }
    for (const slice of all("EndpointSlice")) {
      const ends = all("Pod").filter((pod) => pod.labels?.app === slice.service && pod.node).map((pod) => ({ ip: pod.ip ?? "", podUid: pod.uid, ready: pod.phase === "Running" && !pod.deleting }));
      change(slice, { endpoints: ends });
    }
  }

  /** @param {string} name @param {number} replicas */
  function addDeployment(name, replicas) {
    /** @type {Record<string, string>} */
    const labels = nasty ? { app: name, note: BAD } : { app: name };
    const top = put({ k: "Deployment", ns: "default", name, desired: replicas, ready: 0, updated: 0, available: 0, revision: 1, labels });
    const set = put({ k: "ReplicaSet", ns: "default", name: `${name}-7d9f8c5b4`, desired: replicas, ready: 0, revision: 1, owner: { kind: "Deployment", name, uid: top.uid }, root: `Deployment/${name}`, labels });
    event("Normal", "ScalingReplicaSet", `Scaled up replica set ${set.name} from 0 to ${replicas}`, top, "deployment-controller");
    return set;
  }

  /** @param {Thin} set @param {number} replicas */
  function scale(set, replicas) {
    change(set, { desired: replicas });
    const mine = all("Pod").filter((pod) => pod.owner?.uid === set.uid && !pod.deleting);
    for (let n = mine.length; n < replicas; n++) addPod(set);
    for (const pod of mine.slice(replicas)) end(pod);
  }

  /** @param {Thin} pod */
  function end(pod) {
    change(pod, { deleting: true });
    setTimeout(() => {
      const gone = objects.get(pod.uid);
      if (gone) remove(gone);
      const set = objects.get(pod.owner?.uid ?? "");
      if (set) scale(set, set.desired ?? 0);
      count();
    }, 700);
  }

  function fill() {
    for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"]) put({ k: "Namespace", name, phase: "Active" });
    const master = "demo-control-plane";
    for (const name of ["kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager"]) put({ k: "Component", name, healthy: true, node: master });
    for (let n = 0; n < nodes; n++) addNode(n ? `node-${n}` : master, n ? "" : "control-plane", zones ? `zone-${"abc"[n % zones]}` : "");
    put({ k: "Service", ns: "default", name: "kubernetes", type: "ClusterIP", clusterIP: "10.96.0.1", ports: [{ port: 443, targetPort: 6443, protocol: "TCP" }] });
    if (!nodes) return;
    if (pods >= 0) return many();
    const web = addDeployment("web", 5);
    const shop = addDeployment("shop", 3);
    const workers = all("Node").filter((one) => !one.role);
    for (const [set, n] of /** @type {Array<[Thin, number]>} */ ([[web, 5], [shop, 3]]))
      for (let i = 0; i < n; i++) addPod(set, workers[(i + n) % Math.max(1, workers.length)]?.name);
    put({ k: "Service", ns: "default", name: "web", type: "ClusterIP", clusterIP: "10.96.44.12", ports: [{ port: 80, targetPort: 80, protocol: "TCP" }], selector: { app: "web" } });
    put({ k: "EndpointSlice", ns: "default", name: "web-x7k2p", service: "web", endpoints: [] });
    const giant = put({ k: "Pod", ns: "default", name: nasty ? BAD : "giant", phase: "Pending", reason: "Unschedulable", ready: [0, 1], msg: `0/${nodes} nodes are available: 1 node(s) had untolerated taint(s), ${nodes - 1} Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.` });
    event("Warning", "FailedScheduling", nasty ? BAD : (giant.msg ?? ""), giant, "default-scheduler");
    const crash = put({ k: "Pod", ns: "default", name: "crash", phase: "Running", reason: "CrashLoopBackOff", ready: [0, 1], restarts: 4, node: workers[0]?.name });
    event("Warning", "BackOff", "Back-off restarting failed container crash in pod crash_default", crash, "kubelet");
    put({ k: "Pod", ns: "default", name: "pulling", phase: "Pending", reason: "ContainerCreating", ready: [0, 1], node: workers.at(-1)?.name });
    put({ k: "Pod", ns: "default", name: "sums-8xk2l", phase: "Succeeded", reason: "Completed", ready: [0, 1], node: workers[0]?.name, root: "Job/sums" });
    count();
  }

  function many() {
    const workers = all("Node").filter((one) => !one.role);
    const sets = ["web", "shop", "cart", "search", "auth", "mail"].map((name, i) => addDeployment(name, Math.floor(pods / 6) + (i < pods % 6 ? 1 : 0)));
    for (let i = 0; i < pods; i++) put({ k: "Pod", ns: "default", name: `${sets[i % 6].name}-${i.toString(36)}`, node: workers[i % workers.length].name, phase: "Running", ready: [1, 1], owner: { kind: "ReplicaSet", name: sets[i % 6].name, uid: sets[i % 6].uid }, root: sets[i % 6].root, ip: "10.244.0.1" });
    for (const set of [...all("ReplicaSet"), ...all("Deployment")]) change(set, { ready: set.desired });
  }

  const snapshot = () => ({ type: "snapshot", session: "mock", revision: sent, clock: { ...clock }, objects: [...objects.values()] });
  let sent = 0;

  function flush() {
    clock.stable = !pending.length;
    if (!pending.length) return;
    const changes = pending;
    pending = [];
    const from = sent;
    sent = revision;
    for (const wire of wires) wire.receive({ type: "delta", from, revision, clock: { ...clock }, changes });
  }

  /** @param {Response | object} body @param {number} [status] */
  const answer = (body, status = 200) => new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

  /** @param {string} name @param {string} verb */
  function nodeVerb(name, verb) {
    const found = node(name);
    if (!found) return answer({ message: `nodes "${name}" not found` }, 404);
    if (verb === "kill" || verb === "poweroff") {
      change(found, { machine: verb === "kill" ? "killed" : "off" });
      setTimeout(() => {
        const now = change(found, { ready: "Unknown", taints: ["node.kubernetes.io/unreachable=:NoExecute"] });
        event("Normal", "NodeNotReady", `Node ${name} status is now: NodeNotReady`, now, "node-controller");
        for (const pod of all("Pod").filter((one) => one.node === name && one.owner)) end(pod);
      }, 1500);
    } else if (verb === "revive") change(found, { machine: "on", ready: "True", taints: [] });
    else change(found, { unschedulable: verb !== "uncordon" });
    if (verb === "drain") all("Pod").filter((one) => one.node === name && one.owner).forEach(end);
    return answer({ name });
  }

  /** @param {string} text @param {string} query */
  function apply(text, query) {
    const documents = text.split(/^---$/m);
    const results = documents.map((part, index) => {
      const kind = /^kind: (\w+)/m.exec(part)?.[1] ?? "";
      const name = /^ {2}name: ([\w-]+)/m.exec(part)?.[1] ?? "";
      const line = documents.slice(0, index).join("---").split("\n").length;
      if (!kind) return { index, line, kind, namespace: "", name, status: "error", message: "Object 'Kind' is missing", code: 400, causes: [] };
      const found = all(kind).find((one) => one.name === name);
      const object = (/** @type {number | undefined} */ replicas) => ({ apiVersion: "apps/v1", kind, metadata: { name }, spec: { replicas } });
      const shown = query.includes("objects") ? { live: found ? object(found.desired) : null, merged: object(Number(/replicas: (\d+)/.exec(part)?.[1] ?? 1)) } : {};
      if (query.includes("dryRun")) return { index, line, kind, namespace: "default", name, status: found ? "configured" : "created", message: "", ...shown };
      if (kind === "Deployment") scale(addDeployment(name, 0), Number(/replicas: (\d+)/.exec(part)?.[1] ?? 1));
      return { index, line, kind, namespace: "default", name, status: "created", message: "" };
    });
    return answer({ results });
  }

  /** @param {string} url @param {RequestInit} [init] */
  async function respond(url, init = {}) {
    const [, rest = ""] = /^\/api\/v1\/clusters\/demo\/(.*)$/.exec(url) ?? [];
    const verb = /^nodes\/([^/]+)\/(\w+)\/$/.exec(rest);
    if (verb) return nodeVerb(decodeURIComponent(verb[1]), verb[2]);
    if (rest === "nodes/") {
      const spec = JSON.parse(String(init.body));
      for (let n = 0; n < spec.count; n++) addNode(spec.name || `node-${all("Node").length}`, "", spec.zone ?? "");
      return answer({}, 201);
    }
    if (rest.startsWith("apply/")) return apply(String(init.body), rest);
    if (rest.startsWith("history/")) return answer(historyOf(log, rest, time()));
    if (rest === "clock/") return tick(JSON.parse(String(init.body)));
    if (rest.startsWith("components/")) {
      const run = rest.endsWith("start/");
      const node = init.body && all("Node").find((one) => one.name === JSON.parse(String(init.body)).node);
      const part = all("Component").find((one) => rest.includes(one.name));
      if (node) change(node, { kubelet: run });
      else if (part) change(part, { healthy: run });
      return answer({});
    }
    if (rest.startsWith("scheduling/")) return answer(trace());
    if (rest === "trace/") return answer(request(JSON.parse(String(init.body)), all));
    if (url === "/api/v1/clusters/") return init.method === "POST" ? answer({}, 201) : answer([{ name: "demo", nodes: 3, pods: 12 }, { name: "lecture-1", nodes: 12, pods: 96 }, { name: "empty", nodes: 0, pods: 0 }]);
    return kube(url, init);
  }

  /** @param {{action: string, speed?: number, seconds?: number}} command */
  function tick({ action, speed, seconds }) {
    if (action === "run") Object.assign(clock, { paused: false, speed: speed ?? clock.speed });
    else clock.paused = true;
    if (action === "advance") clock.now += (seconds ?? 0) * 1e6;
    if (action === "settle") clock.stable = true;
    for (const wire of wires) wire.receive({ type: "clock", clock: { ...clock } });
    return answer({ ...clock });
  }

  const trace = () => ({
    message: `0/${all("Node").length} nodes are available: 1 node(s) had untolerated taint(s), ${all("Node").length - 1} Insufficient cpu.`,
    nodes: all("Node").map((one) => ({ name: one.name, fits: false, total: null, scores: {}, filters: [{ plugin: one.role ? "TaintToleration" : "NodeResourcesFit", verdict: "rejected", reasons: [one.role ? "node(s) had untolerated taint(s)" : "Insufficient cpu"] }] })),
  });

  /** @param {string} url @param {RequestInit} init */
  function kube(url, init) {
    const known = said(url);
    if (known) return answer(known);
    const wanted = /involvedObject\.kind=(\w+),involvedObject\.name=(.+)$/.exec(decodeURIComponent(url));
    if (wanted) return answer({ items: all("Event").filter(({ about }) => about?.kind === wanted[1] && about.name === wanted[2]).map(wholeEvent) });
    const listed = tableOf(url, all);
    if (listed) return answer(listed);
    if (/\/log\?/.test(url)) return new Response(`first line\n${BAD}\nlast line\n`);
    const found = /\/(\w+)\/([^/]+?)(?:\/scale)?$/.exec(url);
    const thin = found && [...objects.values()].find((one) => one.name === decodeURIComponent(found[2]) && `${one.k.toLowerCase()}s` === found[1]);
    if (!thin) return answer({ kind: "Status", status: "Failure", message: `${url} not found`, code: 404 }, 404);
    if (init.method === "DELETE") thin.k === "Pod" ? end(thin) : remove(thin);
    if (init.method === "PATCH" && url.endsWith("/scale")) {
      const { replicas } = JSON.parse(String(init.body)).spec;
      change(thin, { desired: replicas });
      const set = thin.k === "ReplicaSet" ? thin : all("ReplicaSet").find((one) => one.owner?.uid === thin.uid);
      if (set) scale(set, replicas);
    }
    return answer({ apiVersion: "v1", kind: thin.k, metadata: { name: thin.name, namespace: thin.ns, uid: thin.uid, labels: thin.labels }, spec: { nodeName: thin.node }, status: { phase: thin.phase, podIP: thin.ip } });
  }

  fill();
  pending = [];
  sent = revision;
  clock.paused = still;
  setInterval(flush, 50);
  setInterval(() => !clock.paused && (clock.now += 100_000 * clock.speed), 100);

  return {
    objects,
    put,
    remove,
    change,
    flush,
    requests,
    /** @type {typeof fetch} */
    fetch: (url, init) => (requests.push(`${init?.method ?? "GET"} ${url} ${init?.body ?? ""}`.trim()), respond(String(url), init)),
    /** Cut all feeds, as a lost network would. */
    cut: () => [...wires].forEach((wire) => wire.close()),
    /** Send the page something. @param {any} frame */
    send: (frame) => [...wires].forEach((wire) => wire.receive(frame)),
    revision: () => sent,
    /** @param {string} _url @returns {import("../src/socket.js").Wire} */
    open(_url) {
      /** @type {any} */
      const wire = {
        receive: (/** @type {any} */ frame) => wire.onmessage?.({ data: typeof frame === "string" ? frame : JSON.stringify(frame) }),
        send: () => (flush(), wire.receive(snapshot())),
        close: () => (wires.delete(wire), setTimeout(() => wire.onclose?.(), 0)),
      };
      wires.add(wire);
      setTimeout(() => wire.onopen?.(), 0);
      return wire;
    },
  };
}
