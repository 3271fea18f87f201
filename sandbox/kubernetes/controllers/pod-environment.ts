import type { Store } from "../store.ts";
import type { ConfigMap, Container, Pod, Secret } from "../types.ts";

function secretValue(store: Store, pod: Pod, name: string, key: string): string | undefined {
  const value = store.get<Secret>("secrets", pod.metadata.namespace, name)?.data?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString();
}

function configValue(store: Store, pod: Pod, name: string, key: string): string | undefined {
  return store.get<ConfigMap>("configmaps", pod.metadata.namespace, name)?.data?.[key];
}

/** Why the container cannot be created: a Secret, ConfigMap or key that is not there; undefined when all is. */
export function missingReference(store: Store, pod: Pod, container: Container): string | undefined {
  const { namespace } = pod.metadata;
  const absent = (resource: "secrets" | "configmaps", name: string) => {
    if (store.get(resource, namespace, name)) return undefined;
    return `${resource === "secrets" ? "secret" : "configmap"} "${name}" not found`;
  };
  for (const { secretRef, configMapRef } of container.envFrom ?? []) {
    const found =
      (secretRef && !secretRef.optional && absent("secrets", secretRef.name)) ||
      (configMapRef && !configMapRef.optional && absent("configmaps", configMapRef.name));
    if (found) return found;
  }
  for (const { valueFrom } of container.env ?? []) {
    const secret = valueFrom?.secretKeyRef;
    const config = valueFrom?.configMapKeyRef;
    if (secret && !secret.optional) {
      const found = absent("secrets", secret.name);
      if (found) return found;
      if (secretValue(store, pod, secret.name, secret.key) === undefined)
        return `couldn't find key ${secret.key} in Secret ${namespace}/${secret.name}`;
    }
    if (config && !config.optional) {
      const found = absent("configmaps", config.name);
      if (found) return found;
      if (configValue(store, pod, config.name, config.key) === undefined)
        return `couldn't find key ${config.key} in ConfigMap ${namespace}/${config.name}`;
    }
  }
  return undefined;
}

/** The environment that the container starts with; Secrets are read now and not again. */
export function environmentOf(store: Store, pod: Pod, container: Container): ReadonlyMap<string, string> {
  const env = new Map<string, string>();
  for (const { prefix = "", secretRef, configMapRef } of container.envFrom ?? []) {
    const secret = secretRef && store.get<Secret>("secrets", pod.metadata.namespace, secretRef.name);
    const config = configMapRef && store.get<ConfigMap>("configmaps", pod.metadata.namespace, configMapRef.name);
    for (const [key, value] of Object.entries(secret?.data ?? {}))
      env.set(`${prefix}${key}`, Buffer.from(value, "base64").toString());
    for (const [key, value] of Object.entries(config?.data ?? {})) env.set(`${prefix}${key}`, value);
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const secret = valueFrom?.secretKeyRef;
    const config = valueFrom?.configMapKeyRef;
    const found =
      value ??
      (secret && secretValue(store, pod, secret.name, secret.key)) ??
      (config && configValue(store, pod, config.name, config.key)) ??
      fieldValue(pod, valueFrom?.fieldRef?.fieldPath);
    env.set(
      name,
      (found ?? "").replace(/\$\(([^)]+)\)/g, (whole, other: string) => env.get(other) ?? whole),
    );
  }
  return env;
}

function fieldValue(pod: Pod, path: string | undefined): string | undefined {
  if (path === "metadata.name") return pod.metadata.name;
  if (path === "metadata.namespace") return pod.metadata.namespace;
  return path === "status.podIP" ? pod.status.podIP : undefined;
}
