/** Values that later steps refer to by `$name`. */
export type Bindings = Map<string, unknown>;

const MARKERS: Record<string, (value: unknown) => boolean> = {
  $any: () => true,
  $string: (value) => typeof value === "string",
  $id: (value) => typeof value === "string" && value.length > 0,
  $number: (value) => typeof value === "number" && value >= 0,
  $time: (value) =>
    typeof value === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) &&
    !Number.isNaN(Date.parse(value)),
};

/**
 * Compares a value with a pattern and lists the differences. Objects may have more keys than the pattern,
 * arrays may not have more entries. Texts of the pattern that start with `$` are markers: `$any`,
 * `$string`, `$id` (a text that is not empty), `$number` (not negative), `$time` (ISO 8601, UTC),
 * `$match:REGEXP`, or the name of a binding.
 */
export function differences(
  value: unknown,
  pattern: unknown,
  bindings: Bindings = new Map(),
  at = "",
): string[] {
  if (typeof pattern === "string" && pattern.startsWith("$")) {
    return matchesMarker(value, pattern, bindings) ? [] : [describe(at, value, pattern)];
  }
  if (pattern === null || typeof pattern !== "object") {
    return Object.is(value, pattern) ? [] : [describe(at, value, pattern)];
  }
  if (
    value === null || typeof value !== "object" ||
    Array.isArray(pattern) !== Array.isArray(value)
  ) {
    return [describe(at, value, pattern)];
  }
  if (
    Array.isArray(pattern) && pattern.length !== (value as unknown[]).length
  ) {
    return [describe(at, value, pattern)];
  }
  return Object.entries(pattern).flatMap(([key, expected]) =>
    differences(
      (value as Record<string, unknown>)[key],
      expected,
      bindings,
      `${at}/${key}`,
    )
  );
}

/** Copies a value with every `$name` of a binding, alone or as `${name}` inside a text, filled in. */
export function substitute(value: unknown, bindings: Bindings): unknown {
  if (typeof value === "string") {
    if (value.startsWith("$") && bindings.has(value.slice(1))) {
      return bindings.get(value.slice(1));
    }
    return value.replaceAll(
      /\$\{(\w+)\}/g,
      (text, name) => bindings.has(name) ? String(bindings.get(name)) : text,
    );
  }
  if (Array.isArray(value)) {
    return value.map((entry) => substitute(entry, bindings));
  }
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map((
      [key, entry],
    ) => [key, substitute(entry, bindings)]),
  );
}

function matchesMarker(
  value: unknown,
  marker: string,
  bindings: Bindings,
): boolean {
  if (marker.startsWith("$match:")) {
    return typeof value === "string" &&
      new RegExp(marker.slice("$match:".length)).test(value);
  }
  const known = MARKERS[marker];
  if (known) return known(value);
  if (!bindings.has(marker.slice(1))) {
    throw new Error(`Cannot compare with "${marker}": not bound`);
  }
  return Object.is(value, bindings.get(marker.slice(1)));
}

function describe(at: string, value: unknown, pattern: unknown): string {
  return `${at || "/"}: expected ${JSON.stringify(pattern)}, got ${JSON.stringify(value)}`;
}
