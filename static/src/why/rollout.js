/** The arithmetic of a rolling update: how many pods there may and must be. Models ResolveFenceposts of kubectl and the controller. Pure. */

/** @param {string | number | undefined} value @param {number} of @param {boolean} up */
export function amount(value, of, up) {
  if (typeof value === "number") return value;
  const percent = /^(\d+)%$/.exec(value ?? "");
  if (!percent) return Number(value ?? 0) || 0;
  const exact = (Number(percent[1]) * of) / 100;
  return up ? Math.ceil(exact) : Math.floor(exact);
}

/** @param {any} deployment */
export function rolloutMath(deployment) {
  const desired = deployment.spec?.replicas ?? 1;
  const { type = "RollingUpdate", rollingUpdate = {} } = deployment.spec?.strategy ?? {};
  const { maxSurge = "25%", maxUnavailable = "25%" } = rollingUpdate;
  const surge = type === "Recreate" ? 0 : amount(maxSurge, desired, true);
  let missing = type === "Recreate" ? desired : amount(maxUnavailable, desired, false);
  if (!surge && !missing) missing = 1;
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = deployment.status ?? {};
  return { type, desired, maxSurge, maxUnavailable, surge, missing, most: desired + surge, least: Math.max(0, desired - missing), total: replicas, updated: updatedReplicas, available: availableReplicas };
}
