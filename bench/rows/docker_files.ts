import { WORKSPACE } from "../../src/protocol/commands.ts";
import type { BenchClient } from "../_client.ts";
import { createDockerSession, startDockerBench } from "../_docker_bench.ts";
import { EngineFiles } from "../_engine_files.ts";
import {
  type BenchContext,
  type BenchRow,
  finishRow,
  interleave,
  pause,
  type RowResult,
} from "../_harness.ts";
import { restUntilSpare } from "../_spares.ts";
import { timed } from "../_timing.ts";

const SIZES = { "1 KB": 1024, "1 MB": 1024 * 1024 } as const;
/** A line of source text, with what JSON has to escape in it. */
const LINE = '\tprint("the quick brown fox \\\\ jumps over the lazy dog")\n';
/** Rest before each measurement, for what the last one left running, in milliseconds. */
const REST_MS = 5;
/** Measurements of one side before it is the other's turn. */
const BLOCK = 10;
const AGAINST = "the engine's archive endpoint in the same container";

/** Writes a small file. */
export const writeSmall = fileRow("write-1k", "write", "1 KB");
/** Reads a small file. */
export const readSmall = fileRow("read-1k", "read", "1 KB");
/** Writes a larger file. */
export const writeLarge = fileRow("write-1m", "write", "1 MB");
/** Reads a larger file. */
export const readLarge = fileRow("read-1m", "read", "1 MB");

function fileRow(id: string, action: "write" | "read", size: keyof typeof SIZES): BenchRow {
  return {
    id,
    summary: `${action}_file of ${size}`,
    run: (context) => measureFiles(context, { id, action, size }),
  };
}

interface FileRow {
  readonly id: string;
  readonly action: "write" | "read";
  readonly size: keyof typeof SIZES;
}

async function measureFiles(context: BenchContext, row: FileRow): Promise<RowResult> {
  const { id, action, size } = row;
  const { signal, quick } = context;
  await using bench = await startDockerBench(context, { spares: 1 });
  const { sessionId, containerId } = await createDockerSession(bench.client);
  await restUntilSpare(bench.client, signal, "docker");
  const text = LINE.repeat(Math.ceil(SIZES[size] / LINE.length)).slice(0, SIZES[size]);
  const ours = new SessionFiles(bench.client, sessionId);
  const theirs = new EngineFiles(bench.engine, containerId, signal);
  const paths = { ours: `${WORKSPACE}/ours.py`, theirs: `${WORKSPACE}/theirs.py` };
  // Each side reads what the other one wrote, so that both are known to move all of it.
  await ours.write(paths.ours, text);
  await theirs.write(paths.theirs, text);
  const measure = (files: SessionFiles | EngineFiles, own: string, other: string) => async () => {
    await pause(REST_MS, signal);
    if (action === "write") return timed(() => files.write(own, text));
    let found = "";
    const milliseconds = await timed(async () => found = await files.read(other));
    checkText(other, found, text);
    return milliseconds;
  };
  const figures = await interleave(context, {
    ours: measure(ours, paths.ours, paths.theirs),
    baseline: measure(theirs, paths.theirs, paths.ours),
  }, { rounds: quick ? 20 : 80, block: BLOCK, warmups: 2 });
  checkText(paths.ours, await theirs.read(paths.ours), text);
  checkText(paths.theirs, await ours.read(paths.theirs), text);
  return finishRow({
    id,
    title: `\`${action}_file\` of ${size} of text`,
    against: AGAINST,
    unit: "ms",
    reach: { atMost: 1 / 10 },
    notes: [],
  }, figures);
}

/** The files of a session, by its commands. */
class SessionFiles {
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

function checkText(path: string, found: string, wanted: string): void {
  if (found === wanted) return;
  throw new Error(
    `Cannot use what was read from "${path}": ${found.length} characters, not those that were written`,
  );
}
