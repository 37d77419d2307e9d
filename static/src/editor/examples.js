/** The examples gallery: small manifests that each make one thing visible. */

const container = (/** @type {string} */ name, /** @type {string} */ image, more = "") => `      containers:
        - name: ${name}
          image: ${image}
${more}`;

const resources = `          resources:
            requests:
              cpu: 100m
              memory: 64Mi
`;

/** @param {string} name @param {number} replicas @param {string} body @param {string} [spec] */
const deployment = (name, replicas, body, spec = "") => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
  replicas: ${replicas}
  selector:
    matchLabels:
      app: ${name}
  template:
    metadata:
      labels:
        app: ${name}
    spec:
${spec}${body}`;

const spread = `      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              app: spread
`;

/** @type {Array<{key: string, yaml: string}>} */
export const EXAMPLES = [
  { key: "example.deployment", yaml: deployment("web", 4, container("nginx", "nginx:1.27", resources)) },
  {
    key: "example.service",
    yaml: `${deployment("shop", 3, container("nginx", "nginx:1.27", `          ports:\n            - containerPort: 80\n${resources}`))}---
apiVersion: v1
kind: Service
metadata:
  name: shop
spec:
  selector:
    app: shop
  ports:
    - port: 80
      targetPort: 80
`,
  },
  {
    key: "example.pod",
    yaml: `apiVersion: v1
kind: Pod
metadata:
  name: hello
  labels:
    app: hello
spec:
  containers:
    - name: hello
      image: nginx:1.27
`,
  },
  {
    key: "example.tooBig",
    yaml: `apiVersion: v1
kind: Pod
metadata:
  name: giant
spec:
  containers:
    - name: giant
      image: nginx:1.27
      resources:
        requests:
          cpu: "64"
          memory: 1Ti
`,
  },
  {
    key: "example.crash",
    yaml: `apiVersion: v1
kind: Pod
metadata:
  name: crash
spec:
  containers:
    - name: crash
      image: busybox:1.36
      command: ["sh", "-c", "echo cannot find my configuration; exit 1"]
`,
  },
  {
    key: "example.job",
    yaml: `apiVersion: batch/v1
kind: Job
metadata:
  name: sums
spec:
  completions: 6
  parallelism: 2
  template:
    spec:
      restartPolicy: Never
${container("sum", "busybox:1.36", '          command: ["sh", "-c", "sleep 5; echo $((21 * 2))"]\n')}`,
  },
  {
    key: "example.configmap",
    yaml: `apiVersion: v1
kind: ConfigMap
metadata:
  name: page
data:
  index.html: |
    <h1>Hello from a ConfigMap</h1>
---
apiVersion: v1
kind: Pod
metadata:
  name: page
spec:
  containers:
    - name: nginx
      image: nginx:1.27
      volumeMounts:
        - name: page
          mountPath: /usr/share/nginx/html
  volumes:
    - name: page
      configMap:
        name: page
`,
  },
  { key: "example.spread", yaml: deployment("spread", 6, container("nginx", "nginx:1.27", resources), spread) },
];
