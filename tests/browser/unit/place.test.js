import assert from "node:assert/strict";
import test from "node:test";
import { fieldsOf, identity, keyAt, parents, steps } from "../../../static/src/editor/place.js";
import { resolve, typeName, walk } from "../../../static/src/editor/schema.js";

const TEXT = `apiVersion: v1
kind: ConfigMap
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  # how many
  replicas: 2
  template:
    spec:
      containers:
      - name: a
        image: nginx
        ports:
          - containerPort: 80
            
      - name: b
  `.split("\n");

const at = (/** @type {string} */ text, nth = 0) => TEXT.map((line, index) => [line, index]).filter(([line]) => String(line).includes(text))[nth][1];

test("a key knows what it stands in", () => {
  assert.deepEqual(parents(TEXT, Number(at("replicas"))), ["spec"]);
  assert.deepEqual(keyAt(TEXT, Number(at("image"))), { key: "image", path: ["spec", "template", "spec", "containers", 0] });
  assert.deepEqual(parents(TEXT, Number(at("name: a"))), ["spec", "template", "spec", "containers", 0]);
  assert.deepEqual(parents(TEXT, Number(at("name: b"))), ["spec", "template", "spec", "containers", 0]);
  assert.deepEqual(parents(TEXT, Number(at("containerPort"))), ["spec", "template", "spec", "containers", 0, "ports", 0]);
  assert.deepEqual(parents(TEXT, Number(at("kind: Deployment"))), []);
});

test("an empty line belongs where the cursor stands", () => {
  assert.deepEqual(parents(TEXT, TEXT.length - 1, 2), ["spec"]);
  assert.deepEqual(parents(TEXT, Number(at("containerPort")) + 1, 12), ["spec", "template", "spec", "containers", 0, "ports", 0]);
  assert.deepEqual(parents(TEXT, Number(at("containerPort")) + 1, 8), ["spec", "template", "spec", "containers", 0]);
});

test("each document has its own kind", () => {
  assert.deepEqual(identity(TEXT, 1), { apiVersion: "v1", kind: "ConfigMap" });
  assert.deepEqual(identity(TEXT, 7), { apiVersion: "apps/v1", kind: "Deployment" });
});

test("field paths of the server are read", () => {
  assert.deepEqual(steps("spec.containers[0].image"), ["spec", "containers", 0, "image"]);
  assert.deepEqual(steps("metadata.labels[app.kubernetes.io/name]"), ["metadata", "labels", "app.kubernetes.io/name"]);
  assert.deepEqual(fieldsOf({ message: 'strict decoding error: unknown field "spec.replica"' }), ["spec.replica"]);
});

test("schemas are followed through references, lists and maps", () => {
  const all = { Spec: { properties: { list: { type: "array", items: { allOf: [{ $ref: "#/components/schemas/Item" }] } }, map: { additionalProperties: { type: "integer" } } } }, Item: { type: "object", description: "far", properties: { a: { type: "string" } } } };
  const root = { properties: { spec: { description: "near", allOf: [{ $ref: "#/components/schemas/Spec" }] } } };
  assert.equal(walk(all, root, ["spec"])?.description, "near");
  assert.equal(walk(all, root, ["spec", "list", 0, "a"])?.type, "string");
  assert.equal(walk(all, root, ["spec", "map", "any"])?.type, "integer");
  assert.equal(walk(all, root, ["spec", "nothing"]), undefined);
  assert.equal(typeName(resolve(all, all.Spec.properties.list)), "[]object");
});
