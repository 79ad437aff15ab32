import { UNKNOWN } from "./vocabulary.ts";

/** Every fixed word of the Docker engine's paths that we ask for. */
const WORDS: ReadonlySet<string> = new Set([
  ...[
    "_ping",
    "archive",
    "auth",
    "build",
    "commit",
    "containers",
    "create",
    "df",
    "events",
    "exec",
  ],
  ...[
    "export",
    "get",
    "images",
    "info",
    "json",
    "kill",
    "load",
    "logs",
    "networks",
    "pause",
    "prune",
  ],
  ...[
    "push",
    "remove",
    "rename",
    "resize",
    "restart",
    "start",
    "stats",
    "stop",
    "system",
    "tag",
    "top",
  ],
  ...["unpause", "update", "version", "volumes", "wait"],
]);
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "DELETE"]);
/** More than any path of the engine has, so that the number of answers is bounded. */
const MAX_SEGMENTS = 4;

/**
 * Names the endpoint of a call to the Docker engine. Of a method and a path it leaves out the ids and
 * names; a name that our own code gave stays as it is.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(engineEndpoint("POST /containers/4f2a/start"), "POST /containers/{}/start");
 * assertEquals(engineEndpoint("container_start"), "container_start");
 * ```
 */
export function engineEndpoint(call: string): string {
  const [, method, path] = /^([A-Z]+) (\/\S*)$/.exec(call) ?? [];
  if (path === undefined) return /^[a-z]+(_[a-z]+)*$/.test(call) ? call : UNKNOWN;
  if (method === undefined || !METHODS.has(method)) return UNKNOWN;
  const segments = path.split("?", 1)[0]!.split("/").filter((segment) => segment !== "");
  const names = segments.slice(0, MAX_SEGMENTS).map((each) => WORDS.has(each) ? each : "{}");
  return `${method} /${names.join("/")}`;
}
