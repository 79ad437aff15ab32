import { WORKSPACE } from "../../src/protocol/commands.ts";
import type { BenchClient } from "../_client.ts";
import { createDockerSession, startDockerBench } from "../_docker_bench.ts";
import { EngineFiles } from "../_engine_files.ts";
import {
  type BenchContext,
  type BenchRow,
  finishRow,
  interleave,
  type RowResult,
} from "../_harness.ts";
import { restUntilSpare } from "../_spares.ts";
import { timed } from "../_timing.ts";

const SIZES = { "1 KB": 1024, "1 MB": 1024 * 1024 } as const;
/** A line of source text, with what JSON has to escape in it. */
const LINE = '\tprint("the quick brown fox \\\\ jumps over the lazy dog")\n';
/** Rest before each block, for what the other side left running in the engine, in milliseconds. */
const REST_MS = 50;
/** Measurements of one side before it is the other's turn. */
const BLOCK = 25;
const AGAINST = "the engine's archive endpoint in the same container";

/** Writes a small file. */
export const writeSmall = fileRow({ id: "write-1k", action: "write", size: "1 KB" });
/** Reads a small file. */
export const readSmall = fileRow({ id: "read-1k", action: "read", size: "1 KB" });
/** Writes a larger file. */
export const writeLarge = fileRow({ id: "write-1m", action: "write", size: "1 MB" });
/** Reads a larger file. */
export const readLarge = fileRow({ id: "read-1m", action: "read", size: "1 MB" });
/** Writes a larger file over plain HTTP. */
export const putLarge = fileRow({ id: "put-1m", action: "write", size: "1 MB", http: true });
/** Reads a larger file over plain HTTP. */
export const getLarge = fileRow({ id: "get-1m", action: "read", size: "1 MB", http: true });

function fileRow(row: FileRow): BenchRow {
  const summary = `${nameOf(row)} of ${row.size}`;
  return { id: row.id, summary, run: (context) => measureFiles(context, row) };
}

function nameOf({ action, http }: FileRow): string {
  if (http === true) return `${action === "write" ? "PUT" : "GET"} /sessions/{id}/files/{path}`;
  return `${action}_file`;
}

interface FileRow {
  readonly id: string;
  readonly action: "write" | "read";
  readonly size: keyof typeof SIZES;
  /** Whether the session's files are moved over plain HTTP. @default {false} */
  readonly http?: boolean;
}

/** One side's way to write and read files. */
interface Files {
  write(path: string, text: string): Promise<void>;
  read(path: string): Promise<string>;
}

async function measureFiles(context: BenchContext, row: FileRow): Promise<RowResult> {
  const { id, action, size, http = false } = row;
  const { signal, quick } = context;
  await using bench = await startDockerBench(context, { spares: 1 });
  const { sessionId, containerId } = await createDockerSession(bench.client);
  await restUntilSpare(bench.client, signal, "docker");
  const text = LINE.repeat(Math.ceil(SIZES[size] / LINE.length)).slice(0, SIZES[size]);
  const commands = new CommandFiles(bench.client, sessionId);
  const ours = http ? new HttpFiles(bench.origin, sessionId) : commands;
  const theirs = new EngineFiles(bench.engine, containerId, signal);
  const paths = { ours: `${WORKSPACE}/ours.py`, theirs: `${WORKSPACE}/theirs.py` };
  // Each side reads what the other one wrote, so that both are known to move all of it.
  await ours.write(paths.ours, text);
  await theirs.write(paths.theirs, text);
  const measure = (files: Files, own: string, other: string) => async () => {
    if (action === "write") return timed(() => files.write(own, text));
    let found = "";
    const milliseconds = await timed(async () => found = await files.read(other));
    checkText(other, found, text);
    return milliseconds;
  };
  const figures = await interleave(context, {
    ours: measure(ours, paths.ours, paths.theirs),
    baseline: measure(theirs, paths.theirs, paths.ours),
  }, { rounds: quick ? 25 : 100, block: BLOCK, restMs: REST_MS, warmups: quick ? 5 : 50 });
  checkText(paths.ours, await theirs.read(paths.ours), text);
  checkText(paths.theirs, await ours.read(paths.theirs), text);
  return finishRow({
    id,
    title: `\`${nameOf(row)}\` of ${size} of text`,
    against: AGAINST,
    unit: "ms",
    reach: { atMost: 1 / 10 },
    notes: [],
  }, figures);
}

/** The files of a session, by its commands. */
class CommandFiles implements Files {
  readonly #client: BenchClient;
  readonly #sessionId: string;

  constructor(client: BenchClient, sessionId: string) {
    this.#client = client;
    this.#sessionId = sessionId;
  }

  async write(path: string, content: string): Promise<void> {
    const { success, error } = await this.#client.call("session.execute", {
      sessionId: this.#sessionId,
      command: { type: "write_file", path, content },
    });
    if (!success) throw new Error(`Cannot write "${path}": ${error}`);
  }

  async read(path: string): Promise<string> {
    const { success, result, error } = await this.#client.call("session.execute", {
      sessionId: this.#sessionId,
      command: { type: "read_file", path },
    });
    if (success && result !== null && typeof result === "object" && "content" in result) {
      return result.content;
    }
    throw new Error(`Cannot read "${path}": ${error}`);
  }
}

/** The files of a session, over plain HTTP. */
class HttpFiles implements Files {
  readonly #base: string;

  constructor(origin: string, sessionId: string) {
    this.#base = `${origin}/sessions/${sessionId}/files/`;
  }

  async write(path: string, content: string): Promise<void> {
    const response = await fetch(this.#at(path), { method: "PUT", body: content });
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot write "${path}": ${text}`);
  }

  async read(path: string): Promise<string> {
    const response = await fetch(this.#at(path));
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot read "${path}": ${text}`);
    return text;
  }

  #at(path: string): string {
    return this.#base + path.slice(WORKSPACE.length + 1);
  }
}

function checkText(path: string, found: string, wanted: string): void {
  if (found === wanted) return;
  throw new Error(
    `Cannot use what was read from "${path}": ${found.length} characters, not those that were written`,
  );
}
