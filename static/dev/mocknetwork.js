/** One request through the mock's network: DNS, rule, node, container; shaped as the server's `trace/` answers. */

/** @typedef {import("../src/types.js").Thin} Thin */

/** @param {{from: any, to: string}} wanted @param {(kind: string) => Thin[]} all */
export function request({ from, to }, all) {
  const name = /^\w+:\/\/([\w-]+)/.exec(to)?.[1] ?? "";
  const service = all("Service").find((one) => one.name === name);
  const asks = from.pod ? all("Pod").find((one) => `${one.ns}/${one.name}` === from.pod) : undefined;
  const source = { kind: "source", text: `${from.pod ?? from.node ?? "somebody outside"} asks ${name}`, seconds: 0, node: asks?.node ?? from.node, pod: from.pod };
  const dns = { kind: "dns", text: `${name}. A? ${service?.clusterIP ?? "NXDOMAIN"}`, seconds: 0.0008, node: "node-1", facts: { answers: service ? [[name, "A", 30, service.clusterIP]] : [] } };
  if (!service) return { target: to, outcome: "nxdomain", seconds: 0.0008, hops: [source, { ...dns, facts: { failure: "unreachable" } }] };
  const end = all("EndpointSlice").find((one) => one.service === service.name)?.endpoints?.find((one) => one.ready !== false);
  const pod = all("Pod").find((one) => one.uid === end?.podUid);
  const rule = { kind: "rule", text: `${service.clusterIP} is ${service.ns}/${service.name}: sent to ${pod?.ip ?? end?.ip}:80`, seconds: 0.00005, node: source.node, facts: { service: `${service.ns}/${service.name}`, rules: [{ table: "nat", chain: "KUBE-SERVICES", rule: `-A KUBE-SERVICES -d ${service.clusterIP}/32 -j KUBE-SVC-1` }] } };
  const last = { kind: "container", text: `container nginx of pod ${pod?.ns}/${pod?.name} answers 200`, seconds: 0.001, node: pod?.node, pod: `${pod?.ns}/${pod?.name}`, facts: { status: 200 } };
  return { target: to, outcome: "answered", seconds: 0.002, hops: [source, dns, rule, { kind: "node", text: `to node ${pod?.node}`, seconds: 0.0004, node: pod?.node }, last], response: { status: 200, body: "<h1>Welcome</h1>", type: "text/html" } };
}
