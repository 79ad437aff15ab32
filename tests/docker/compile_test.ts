import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { AGENT_TEXTS } from "../../src/agent/agent_texts.ts";
import { DENO_KERNEL_TEXTS } from "../../src/kernels/deno_kernel_texts.ts";
import { writeBootstrapFiles } from "../../src/runtimes/deno/bootstrap_files.ts";
import { runProgram } from "../testutil/run_program.ts";

/*
 * What holds of the compiled server without compiling it, which takes a download: it has no source tree
 * beside it, so that whatever it needs of one must be in it.
 */

const SRC = new URL("../../src/", import.meta.url);
/** Folders of what no server runs itself. */
const ELSEWHERE = ["agent/inside/", "kernels/deno/", "runtimes/deno/bootstrap/"];

interface GraphModule {
  readonly specifier: string;
  readonly kind?: string;
  readonly dependencies?: readonly { code?: { specifier: string }; assertionType?: string }[];
}

/** What `deno compile` puts in for `src/main.ts`: the files of `src/`, and how each is imported. */
interface Graph {
  /** Run by the server. */
  readonly code: string[];
  /** Imported as texts, for others to run. */
  readonly texts: string[];
}

const graph = await readGraph();

Deno.test("the binary has as texts what runs elsewhere", async () => {
  const texts = new Set(graph.texts);
  const needed = (await listFiles(SRC)).filter((path) =>
    ELSEWHERE.some((folder) => path.startsWith(folder)) || !/\.[jt]s$/.test(path)
  );
  assert(needed.length > 30, "there are sources to look at");
  assertEquals(needed.filter((path) => !texts.has(path)), []);
});

Deno.test("the server never looks for its own sources", async () => {
  const problems: string[] = [];
  for (const path of graph.code) {
    const text = withoutComments(await Deno.readTextFile(new URL(path, SRC)));
    for (const [use] of text.matchAll(/\bimport\.meta\b(?!\.main\b)[.\w]*/g)) {
      problems.push(`${path} uses ${use}`);
    }
    for (const [use] of text.matchAll(/\bDeno\.(?!mainModule\b)\w+\(\s*["'`]\.{0,2}\/?src\//g)) {
      problems.push(`${path} calls ${use}`);
    }
    if (/\bDeno\.mainModule\b/.test(text)) problems.push(`${path} uses Deno.mainModule`);
    // In the binary this is no Deno; one place tells.
    if (/\bDeno\.execPath\b/.test(text) && path !== "runtimes/deno_binary.ts") {
      problems.push(`${path} uses Deno.execPath`);
    }
  }
  assert(graph.code.length > 100, "there are sources to look at");
  assertEquals(problems, []);
});

Deno.test("AGENT_TEXTS is the agent's folder", async () => {
  assertEquals(
    Object.entries(AGENT_TEXTS).toSorted(),
    (await readFolder(new URL("agent/inside/", SRC))).toSorted(),
  );
});

Deno.test("DENO_KERNEL_TEXTS is the folder of Deno's kernel", async () => {
  assertEquals(
    Object.entries(DENO_KERNEL_TEXTS).toSorted(),
    (await readFolder(new URL("kernels/deno/", SRC))).toSorted(),
  );
});

Deno.test("writeBootstrapFiles() writes the folder of what runs before a program", async () => {
  const directory = await Deno.makeTempDir({ prefix: "codebeaker-test-" });
  try {
    const target = join(directory, "bootstrap");
    await writeBootstrapFiles(target);
    assertEquals(
      (await readFolder(target)).toSorted(),
      (await readFolder(new URL("runtimes/deno/bootstrap/", SRC))).toSorted(),
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

async function readGraph(): Promise<Graph> {
  const main = fromFileUrl(new URL("main.ts", SRC));
  const { code, stdout, stderr } = await runProgram(Deno.execPath(), ["info", "--json", main]);
  if (code !== 0) throw new Error(`Cannot read the graph of modules: ${stderr}`);
  const { modules } = JSON.parse(stdout) as { modules: GraphModule[] };
  const inside = (specifiers: readonly string[]) =>
    [...new Set(specifiers)].filter((specifier) => specifier.startsWith(SRC.href))
      .map((specifier) => specifier.slice(SRC.href.length));
  const texts = modules.flatMap(({ dependencies = [] }) =>
    dependencies.filter(({ assertionType }) => assertionType === "text")
      .flatMap(({ code }) => code?.specifier ?? [])
  );
  const run = modules.filter(({ kind }) => kind === "esm").map(({ specifier }) => specifier);
  return { code: inside(run), texts: inside(texts) };
}

/** Files below a folder of sources, by their paths. */
async function listFiles(folder: URL, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory) found.push(prefix + name);
    else found.push(...await listFiles(new URL(`${name}/`, folder), `${prefix}${name}/`));
  }
  return found;
}

/** The names and texts of a folder's files. */
async function readFolder(folder: string | URL): Promise<[string, string][]> {
  const path = folder instanceof URL ? fromFileUrl(folder) : folder;
  return await Array.fromAsync(
    Deno.readDir(path),
    async (
      { name },
    ): Promise<[string, string]> => [name, await Deno.readTextFile(join(path, name))],
  );
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}
