/**
 * The shapes that travel between server and screen: the thinned objects of the websocket, its frames, and the answers of
 * the REST API that the panels show. Absent fields mean their default.
 *
 * @typedef {{kind: string, ns?: string, name: string, uid?: string}} Ref
 *
 * @typedef {object} Thin
 * @property {string} k kind
 * @property {string} uid
 * @property {string} [ns]
 * @property {string} name
 * @property {string} [rv] resourceVersion
 * @property {string} [node]
 * @property {string} [phase]
 * @property {string} [reason]
 * @property {[number, number] | string | number} [ready] pods: [ready, total]; nodes: "True" | "False" | "Unknown"; workloads: number
 * @property {number} [restarts]
 * @property {Ref} [owner]
 * @property {string} [root] the top-most workload, "Deployment/web"
 * @property {string} [ip]
 * @property {Record<string, string>} [labels]
 * @property {boolean} [deleting]
 * @property {string} [msg] why it waits: the scheduler's message, or that of a container that cannot start
 * @property {boolean} [unready] its containers are, it is not: its node is lost, or a readiness gate is closed
 * @property {boolean} [static]
 * @property {string} [created]
 * @property {boolean} [unschedulable]
 * @property {string[]} [taints]
 * @property {Amounts} [capacity]
 * @property {Amounts} [allocatable]
 * @property {Amounts} [requested]
 * @property {string} [zone]
 * @property {string} [role]
 * @property {Condition[] | Record<string, string>} [conditions]
 * @property {"on" | "killed" | "off"} [machine]
 * @property {boolean} [kubelet] whether it runs on the machine
 * @property {number} [desired]
 * @property {number} [updated]
 * @property {number} [available]
 * @property {string | number} [revision]
 * @property {boolean} [paused]
 * @property {string} [type]
 * @property {string} [clusterIP]
 * @property {Array<any>} [ports]
 * @property {Record<string, string>} [selector]
 * @property {string} [service]
 * @property {Array<{ip: string, podUid?: string, ready?: boolean}>} [endpoints]
 * @property {string} [message]
 * @property {number} [count]
 * @property {Ref} [about]
 * @property {string} [source]
 * @property {string} [last]
 * @property {boolean} [healthy]
 *
 * @typedef {{cpu?: number, memory?: number, pods?: number}} Amounts cpu in millicores, memory in bytes
 * @typedef {{type: string, status: string, reason?: string, message?: string, lastTransitionTime?: string}} Condition
 *
 * @typedef {object} Clock
 * @property {number} now microseconds since the epoch, virtual
 * @property {number} speed
 * @property {boolean} paused
 * @property {boolean} stable
 * @property {{action: "advance" | "settle" | "next", begun: number, until: number}} [goal] where somebody sent it, in microseconds
 *
 * @typedef {["put", Thin] | ["mod", string, string, Record<string, any>] | ["del", string, string]} Change "mod": kind, uid, the fields that changed
 * @typedef {{type: "snapshot", session: string, revision: number, clock: Clock, objects: Thin[]}} Snapshot
 * @typedef {{type: "delta", from: number, revision: number, clock?: Clock, changes: Change[]}} Delta
 * @typedef {Snapshot | Delta | {type: "clock", clock: Clock} | {type: "gone", reason: string, ended?: boolean} | {type: "error", message: string}} Frame
 *
 * @typedef {object} Difference what one frame changed; `reset` means: look at everything again
 * @property {boolean} reset
 * @property {Thin[]} put
 * @property {Thin[]} removed
 * @property {boolean} clock
 *
 * @typedef {"connecting" | "live" | "reconnecting" | "gone"} Connection
 *
 * @typedef {{index: number, line: number, kind: string, namespace: string, name: string, status: string, message?: string, code?: number, causes?: Array<{field?: string, message: string}>, live?: any, merged?: any}} ApplyResult
 * @typedef {{name: string, nodes?: number, pods?: number, counts?: Record<string, any>, clock?: Clock, created?: string, [more: string]: any}} ClusterSummary
 */

export {};
