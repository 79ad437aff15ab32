import { z } from "zod";
// The map of imports has what the server needs; this is for one test.
// deno-lint-ignore no-import-prefix
import { parse } from "npm:deno-std@1.4.0/yaml/parse.js";

const textsSchema = z.array(z.string());

/** What a service of the file may say; anything else would be a mistake, or something new to try out here. */
const serviceSchema = z.strictObject({
  build: z.string().optional(),
  image: z.string(),
  command: z.string().optional(),
  restart: z.enum(["no", "always", "on-failure", "unless-stopped"]).optional(),
  init: z.boolean().optional(),
  ports: textsSchema.optional(),
  environment: z.record(z.string(), z.string()).optional(),
  volumes: textsSchema.optional(),
  networks: textsSchema.optional(),
  ["read_only"]: z.boolean().optional(),
  tmpfs: textsSchema.optional(),
  ["cap_drop"]: textsSchema.optional(),
  ["cap_add"]: textsSchema.optional(),
  ["security_opt"]: textsSchema.optional(),
  ["mem_limit"]: z.string().regex(/^\d+[kmg]$/).optional(),
  ["pids_limit"]: z.int().optional(),
  ["stop_grace_period"]: z.string().regex(/^\d+s$/).optional(),
  logging: z.strictObject({
    driver: z.string(),
    options: z.record(z.string(), z.string()),
  }).optional(),
});

const composeSchema = z.strictObject({
  services: z.record(z.string(), serviceSchema),
  volumes: z.record(z.string(), z.null()),
  networks: z.record(z.string(), z.null()),
});

/** A service of a compose file. */
export type ComposeService = z.output<typeof serviceSchema>;
/** A compose file. */
export type ComposeFile = z.output<typeof composeSchema>;

/** Reads a compose file with the variables given; throws if it is none. */
export function parseCompose(
  text: string,
  variables: Readonly<Record<string, string>> = {},
): ComposeFile {
  return composeSchema.parse(parse(substitute(text, variables)));
}

/** Uncomments a part of a compose file that is meant to be, from its first line on: what is indented behind `#`. */
export function uncomment(text: string, service: string): string {
  const lines = text.split("\n");
  const isFirst = (line: string) => line.trim() === `# ${service}:`;
  let inside = false;
  return lines.map((line) => {
    inside = isFirst(line) || (inside && /^ +# {3}/.test(line));
    return inside ? line.replace("# ", "") : line;
  }).join("\n");
}

/** `docker run` options that do what a service says, but for its volumes, networks and ports. */
export function runOptions(service: ComposeService): string[] {
  const { init, environment = {}, tmpfs = [], logging } = service;
  const each = (option: string, values: readonly string[] = []) =>
    values.flatMap((value) => [option, value]);
  return [
    ...(init === true ? ["--init"] : []),
    ...(service["read_only"] === true ? ["--read-only"] : []),
    ...Object.entries(environment).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
    ...each("--tmpfs", tmpfs),
    ...each("--cap-drop", service["cap_drop"]),
    ...each("--cap-add", service["cap_add"]),
    ...each("--security-opt", service["security_opt"]),
    ...(service["mem_limit"] === undefined ? [] : ["--memory", service["mem_limit"]]),
    ...(service["pids_limit"] === undefined ? [] : ["--pids-limit", `${service["pids_limit"]}`]),
    ...(service["stop_grace_period"] === undefined
      ? []
      : ["--stop-timeout", service["stop_grace_period"].slice(0, -1)]),
    ...(logging === undefined ? [] : ["--log-driver", logging.driver]),
    ...Object.entries(logging?.options ?? {}).flatMap(([name, value]) => [
      "--log-opt",
      `${name}=${value}`,
    ]),
  ];
}

/** `${NAME}` and `${NAME:-default}`, as compose has them. */
function substitute(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /\$\{(\w+)(?::-([^}]*))?\}/g,
    (_, name: string, fallback = "") => variables[name] || fallback,
  );
}
