/** Refusals of an API server, read out of its own words. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { amountOf, denial, denials, written } from "../../../static/src/why/denials.js";

const QUOTA = 'Error creating: pods "a-x" is forbidden: exceeded quota: compute, requested: cpu=400m,memory=1Gi, used: cpu=800m,memory=1536Mi, limited: cpu=1,memory=4Gi';

test("a quota's arithmetic is done, and what is too much is marked", () => {
  const found = denial(QUOTA);
  assert.equal(found?.key, "denial.quota");
  assert.deepEqual(found?.rows, [
    { resource: "cpu", used: "800m", requested: "400m", sum: "1200m", limited: "1", over: true },
    { resource: "memory", used: "1536Mi", requested: "1Gi", sum: "2.5Gi", limited: "4Gi", over: false },
  ]);
});

test("quantities are read and written in their units", () => {
  assert.deepEqual(["1", "500m", "2Ki", "1k", "x"].map(amountOf), [1, 0.5, 2048, 1000, NaN]);
  assert.deepEqual([written(1.2, "1"), written(3, "2"), written(1.5 * 2 ** 30, "1Gi")], ["1200m", "3", "1.5Gi"]);
});

test("an access refused comes with what would grant it", () => {
  const inside = denial('deployments.apps is forbidden: User "jane doe" cannot list resource "deployments" in API group "apps" in the namespace "team"');
  assert.deepEqual(inside?.lines, ["kubectl create role list-deployments --verb=list --resource=deployments.apps -n team", "kubectl create rolebinding list-deployments --role=list-deployments --user='jane doe' -n team"]);
  const whole = denial('nodes is forbidden: User "system:serviceaccount:team:bot" cannot get resource "nodes" in API group "" at the cluster scope');
  assert.equal(whole?.key, "denial.rbacCluster");
  assert.match(whole?.lines?.[1] ?? "", /clusterrolebinding .* --serviceaccount=team:bot$/);
});

test("quotas that must be named, pod security and limit ranges are known too", () => {
  assert.deepEqual(denial('pods "x" is forbidden: failed quota: compute: must specify limits.cpu for: c'), { key: "denial.quotaUnset", values: { name: "compute", what: "limits.cpu for: c" } });
  assert.deepEqual(denial('pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true'), { key: "denial.podSecurity", values: { level: "restricted", what: "runAsNonRoot != true" } });
  assert.deepEqual(denial('pods "x" is forbidden: maximum cpu usage per Container is 1, but limit is 2'), { key: "denial.limit.maximum", values: { resource: "cpu", scope: "Container", bound: "1", value: "2" } });
});

test("other messages explain nothing, and the same reason counts once", () => {
  assert.equal(denial("Back-off restarting failed container"), undefined);
  assert.equal(denial(undefined), undefined);
  assert.equal(denials([QUOTA, QUOTA.replace("a-x", "a-y"), "other"]).length, 1);
});
