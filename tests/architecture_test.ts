import { assert, assertEquals } from "@std/assert";
import { dirname, normalize } from "@std/path/posix";

/**
 * Which part of `src/` may import which others, as STYLE has it ("Which way imports point"). A part is a
 * folder, or a file by its path without `.ts`; the longest name that fits a file is its part. A part may
 * always import itself, unless it is a file.
 */
const ALLOWED: Record<string, readonly string[] | "everything"> = {
  main: ["app", "config", "errors", "logging", "start_error", "version"],
  app: "everything",
  ...{
    ["app_events"]: "everything",
    ["app_metrics"]: "everything",
    ["app_runtimes"]: "everything",
  },

  transport: ["rpc", "protocol/errors", "errors", "logging", "metrics", "auth", "config"],
  rpc: ["errors", "protocol/errors"],
  methods: [
    "languages",
    "protocol",
    "rpc",
    "sessions",
    "runtimes",
    "errors",
    "logging",
    "metrics",
    "config",
    "version",
  ],
  sessions: [
    "runtimes",
    "kernels",
    "languages",
    "protocol",
    "errors",
    "logging",
    "metrics",
    "config",
  ],
  runtimes: ["protocol", "languages", "errors", "logging", "metrics", "config"],
  "runtimes/deno": [
    "runtimes",
    "runtimes/deno/bootstrap",
    "agent",
    "agent/inside",
    "languages",
    "protocol",
    "errors",
    "logging",
    "metrics",
    "config",
  ],
  "runtimes/docker": [
    "runtimes",
    "agent",
    "languages",
    "protocol",
    "errors",
    "logging",
    "metrics",
    "config",
  ],
  "runtimes/deno/bootstrap": [],
  agent: ["agent/inside", "errors", "strip_types"],
  "agent/inside": [],

  kernels: ["kernels/deno", "languages", "strip_types"],
  // Run elsewhere, and given as texts.
  "kernels/deno": [],
  protocol: ["languages"],
  languages: [],
  errors: [],
  // deno-lint-ignore camelcase -- the name of a file
  start_error: [],
  // deno-lint-ignore camelcase -- the name of a file
  strip_types: [],
  logging: [],
  metrics: [],
  audit: [],
  auth: [],
  config: [],
  version: [],
};

/** The only packages that a part may import; a part that is not named may import any. */
const PACKAGES: Record<string, readonly string[]> = {
  protocol: ["zod"],
  rpc: ["zod", "@std/async", "@std/text/closest-string"],
  errors: [],
  "runtimes/deno/bootstrap": [],
  "agent/inside": [],
  kernels: [],
  "kernels/deno": ["node:inspector", "node:module", "node:process", "node:timers"],
};

/** The only parts that may read the arguments and the environment of the process. */
const PROCESS_READERS = ["main", "runtimes/deno/bootstrap", "agent/inside", "kernels/deno"];

const ROOT = new URL("../", import.meta.url);
const IMPORT_REGEXP =
  /(?:^|[;}\s])(?:import|export)\s*(?:type\s+)?(?:[\w$*{},\s]*?\sfrom\s*)?["']([^"'\n]+)["']/g;
const DYNAMIC_IMPORT_REGEXP = /\bimport\(\s*["']([^"'\n]+)["']/g;

interface SourceFile {
  /** From `src/` on, such as `rpc/dispatcher.ts`. */
  path: string;
  text: string;
  /** The specifiers that it imports. */
  imports: string[];
}

const files = await readSources("src/");

async function readSources(directory: string): Promise<SourceFile[]> {
  const found: SourceFile[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(directory, ROOT))) {
    if (isDirectory) found.push(...await readSources(`${directory}${name}/`));
    if (!/\.(ts|js)$/.test(name)) continue;
    const text = await Deno.readTextFile(new URL(directory + name, ROOT));
    found.push({ path: (directory + name).slice("src/".length), text, imports: importsOf(text) });
  }
  return found;
}

function importsOf(text: string): string[] {
  const code = withoutComments(text);
  return [IMPORT_REGEXP, DYNAMIC_IMPORT_REGEXP]
    .flatMap((regexp) => [...code.matchAll(regexp)].map((match) => match[1]!));
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

/** Code that is sent to a sandbox may do what our own may not. */
function withoutStrings(text: string): string {
  return text.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
}

function partOf(path: string): string | undefined {
  const name = path.replace(/\.(ts|js|py|sh)$/, "");
  return Object.keys(ALLOWED)
    .filter((part) => name === part || name.startsWith(`${part}/`))
    .toSorted((a, b) => b.length - a.length)[0];
}

function isLocal(specifier: string): boolean {
  return specifier.startsWith(".");
}

function target(file: SourceFile, specifier: string): string {
  return normalize(`${dirname(file.path)}/${specifier}`);
}

/** Says what is wrong with an import, if anything is. */
function problemOf(file: SourceFile, specifier: string): string | undefined {
  const from = partOf(file.path);
  if (from === undefined) return `${file.path} is in no part of the table`;
  if (!isLocal(specifier)) {
    const packages = PACKAGES[from];
    const fits = packages?.includes(specifier) ?? true;
    return fits ? undefined : `${file.path} imports the package ${specifier}`;
  }
  const path = target(file, specifier);
  if (path === "../deno.json" && from === "version") return undefined;
  const to = partOf(path);
  const allowed = ALLOWED[from]!;
  if (to === "main" || (to === "app" && from !== "main")) return `${file.path} imports ${path}`;
  if (allowed === "everything" || (to === from && `${from}.ts` !== file.path)) return undefined;
  const name = path.replace(/\.ts$/, "");
  const fits = to !== undefined && (allowed.includes(to) || allowed.includes(name));
  return fits ? undefined : `${file.path} imports ${path}`;
}

Deno.test("every import of src/ points the way the table allows", () => {
  assert(files.length > 0, "there are sources to look at");
  assert(files.some(({ imports }) => imports.some(isLocal)), "imports are found");
  const problems = files.flatMap((file) => file.imports.map((name) => problemOf(file, name)));
  assertEquals(problems.filter((problem) => problem !== undefined), []);
});

Deno.test("every local import of src/ names a file that is there", async () => {
  const paths = new Set(files.map(({ path }) => path));
  const missing: string[] = [];
  for (const file of files) {
    for (const path of file.imports.filter(isLocal).map((name) => target(file, name))) {
      if (path.startsWith("..") || paths.has(path) || await isFile(`src/${path}`)) continue;
      missing.push(`${file.path} imports ${path}`);
    }
  }
  assertEquals(missing, []);
});

/** Programs in other languages are imported as text. */
async function isFile(path: string): Promise<boolean> {
  return (await Deno.stat(new URL(path, ROOT)).catch(() => undefined))?.isFile ?? false;
}

Deno.test("no file of src/ imports itself by way of others", () => {
  const graph = new Map(files.map((file) => [
    file.path,
    file.imports.filter(isLocal).map((name) => target(file, name)),
  ]));
  const done = new Set<string>();
  function visit(path: string, trail: readonly string[]): void {
    const start = trail.indexOf(path);
    if (start >= 0) throw new Error(`Cycle: ${[...trail.slice(start), path].join(" → ")}`);
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  }
  for (const path of graph.keys()) visit(path, []);
});

Deno.test("src/ has no barrels", () => {
  const barrels = files.filter(({ path }) => /(^|\/)(mod|index|utils?)\.ts$/.test(path));
  assertEquals(barrels.map(({ path }) => path), []);
});

Deno.test("src/ does not write to the console", () => {
  const writers = files.filter(({ text }) =>
    /\bconsole\s*[.[]/.test(withoutStrings(withoutComments(text)))
  );
  assertEquals(writers.map(({ path }) => path), []);
});

Deno.test("only main reads the arguments and the environment of the process", () => {
  const readers = files.filter(({ path, text }) =>
    !PROCESS_READERS.includes(partOf(path) ?? "") &&
    /\bDeno\.(args|env)\b/.test(withoutComments(text))
  );
  assertEquals(readers.map(({ path }) => path), []);
});

Deno.test("no file of the project names a path of somebody's machine", async () => {
  const everything = [
    ...files.map(({ path, text }) => ({ path: `src/${path}`, text })),
    { path: "deno.json", text: await Deno.readTextFile(new URL("deno.json", ROOT)) },
  ];
  // The home of the user in every sandbox is no one's.
  const machinePath =
    /(?<![\w.])(\/(home(?!\/codebeaker\b)|Users|root|work|mnt)\/[\w.-]+|[A-Z]:\\\\?Users)/;
  const found = everything.filter(({ text }) => machinePath.test(text));
  assertEquals(found.map(({ path }) => path), []);
});

Deno.test("importsOf() finds every form of import and nothing in comments", () => {
  const text = `
import "./a.ts";
import b from "./b.ts";
import * as c from './c.ts';
import { type D, d } from "./d.ts";
import type { E } from "./e.ts";
import {
  f,
} from "./f.ts";
export { g } from "./g.ts";
export * from "./h.ts";
export type { I } from "./i.ts";
const j = await import("./j.ts");
// import "./no.ts";
/* import "./no.ts"; */`;
  const names = importsOf(text).map((name) => name.slice(2, 3)).toSorted().join("");
  assertEquals(names, "abcdefghij");
});

Deno.test("problemOf() names imports against the direction", () => {
  const check = (path: string, specifier: string) =>
    problemOf({ path, text: "", imports: [] }, specifier) === undefined;
  assertEquals(check("transport/server.ts", "../rpc/dispatcher.ts"), true);
  assertEquals(check("transport/server.ts", "../sessions/session.ts"), false);
  assertEquals(check("rpc/dispatcher.ts", "../protocol/errors.ts"), true);
  assertEquals(check("rpc/dispatcher.ts", "../protocol/methods.ts"), false);
  assertEquals(check("runtimes/deno/child.ts", "../runtime.ts"), true);
  assertEquals(check("runtimes/deno/child.ts", "../docker/tar.ts"), false);
  assertEquals(check("sessions/session.ts", "../runtimes/deno/child.ts"), false);
  assertEquals(check("methods/table.ts", "../app.ts"), false);
  assertEquals(check("logging/log.ts", "../metrics/metrics.ts"), false);
  assertEquals(check("protocol/methods.ts", "zod"), true);
  assertEquals(check("protocol/methods.ts", "@std/path"), false);
  assertEquals(check("nowhere/x.ts", "zod"), false);
});
