// What @kubernetes/client-node does in programs: typed APIs, watch, informer, patches, errors. Prints one JSON object.
import * as k8s from "@kubernetes/client-node";

const config = new k8s.KubeConfig();
config.loadFromFile(process.argv[2]);
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);
const objects = k8s.KubernetesObjectApi.makeApiClient(config);
const namespace = "node-client";
const found = {};

async function until(what, done) {
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    if (await done()) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what} did not come`);
}

await core.createNamespace({ body: { metadata: { name: namespace } } });
found.version = (await config.makeApiClient(k8s.VersionApi).getCode()).minor;
found.nodes = (await core.listNode()).items.length;

const labels = { app: "web" };
const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "nginx" }] } };
const spec = { replicas: 2, selector: { matchLabels: labels }, template };
await apps.createNamespacedDeployment({ namespace, body: { metadata: { name: "web" }, spec } });

const informed = new Set();
const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/pods`, () => core.listNamespacedPod({ namespace }));
informer.on("add", (pod) => informed.add(pod.metadata.name));
await informer.start();

const seen = [];
const watch = new k8s.Watch(config);
const controller = await watch.watch(
  `/apis/apps/v1/namespaces/${namespace}/deployments`,
  {},
  (type, object) => seen.push([type, object.status?.readyReplicas ?? 0]),
  () => {},
);
await until("readiness", () => seen.some(([, ready]) => ready === 2));
await until("the informer", () => informed.size === 2);
controller.abort();
await informer.stop();
found.watched = seen[0][0];
found.informed = informed.size;

const patch = [{ op: "replace", path: "/spec/replicas", value: 1 }];
found.patched = (await apps.patchNamespacedDeployment({ name: "web", namespace, body: patch })).spec.replicas;

const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "made", namespace }, data: { a: "1" } };
await objects.create(map);
map.data.a = "2";
found.applied = (await objects.patch(map, undefined, undefined, "test", true, k8s.PatchStrategy.ServerSideApply)).data.a;
found.listed = (await objects.list("v1", "ConfigMap", namespace)).items.length > 0;

const pods = await core.listNamespacedPod({ namespace, labelSelector: "app=web" });
found.log = (await core.readNamespacedPodLog({ name: pods.items[0].metadata.name, namespace })).includes("start worker");

try {
  await core.createNamespacedPod({ namespace, body: { metadata: { name: "Bad_Name" }, spec: template.spec } });
} catch (error) {
  found.refused = error.code;
}
const robot = await core.createNamespacedServiceAccountToken({ name: "default", namespace, body: { spec: {} } });
found.token = robot.status.token.split(".").length;
await core.deleteNamespace({ name: namespace });
console.log(JSON.stringify(found));
process.exit(0);
