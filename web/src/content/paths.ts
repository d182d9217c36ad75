const PLAIN = /^[\p{L}_$][\p{L}\p{N}_$-]*$/u;

/** The path of what stands under `key`, as filters and the API name it. */
export function childPath(path: string, key: string, isIndex: boolean): string {
  if (isIndex) return `${path}[${key}]`;
  if (!path) return key;
  return PLAIN.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}
