import { join } from "@std/path";
import { reportMissing, type Requirement } from "../testutil/requirement.ts";
import { type ProgramOutput, runProgram } from "../testutil/run_program.ts";
import { until, within } from "../testutil/within.ts";
import { dockerWith } from "./docker_server.ts";

const START_MS = 30_000;
const STOP_MS = 30_000;
const COMMAND_MS = 30_000;
/** CAP_NET_ADMIN and CAP_SYS_ADMIN. */
const CAPABILITIES = (1n << 12n) | (1n << 21n);

/** Whether an engine of one's own can be started and given these images, spread into `Deno.test({ ... })`. */
export async function privateEngineWith(...images: string[]): Promise<Requirement> {
  const engine = await dockerWith(...images);
  if (engine.ignore) return engine;
  for (const program of ["dockerd", "unshare"]) {
    const { code } = await runProgram(program, ["--version"]);
    if (code !== 0) return await reportMissing("docker", `${program} is not on the PATH`);
  }
  if (!await mayStartEngines()) {
    return await reportMissing("docker", "dockerd needs root with its capabilities");
  }
  return { ignore: false };
}

async function mayStartEngines(): Promise<boolean> {
  const { stdout } = await runProgram("grep", ["CapEff", "/proc/self/status"]);
  const held = BigInt(`0x${/[0-9a-f]+$/.exec(stdout.trim())?.[0] ?? "0"}`);
  return Deno.uid() === 0 && (held & CAPABILITIES) === CAPABILITIES;
}

/**
 * A Docker engine that nobody else uses, so that it may be stopped, killed and started again. It has a
 * containerd, directories and a network of its own, without a bridge and rules of a firewall: nothing of
 * another engine on the machine is touched.
 */
export class PrivateEngine implements AsyncDisposable {
  readonly #directory: string;
  #daemon: Deno.ChildProcess | undefined;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Starts one with these images of the machine's engine. */
  static async start(...images: string[]): Promise<PrivateEngine> {
    const engine = new PrivateEngine(await Deno.makeTempDir({ prefix: "codebeaker-engine-" }));
    try {
      await Deno.writeTextFile(join(engine.#directory, "daemon.json"), "{}");
      await engine.start();
      await engine.#load(images);
      return engine;
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Where it listens. */
  get address(): string {
    return `unix://${join(this.#directory, "docker.sock")}`;
  }

  /** Whether it was started and not stopped. */
  get isRunning(): boolean {
    return this.#daemon !== undefined;
  }

  /** Starts it again, and waits until it answers. */
  async start(): Promise<void> {
    const at = (name: string) => join(this.#directory, name);
    // After a SIGKILL the numbers in them may be somebody else's by now, or of what nobody collects.
    for (const path of ["pid", "exec/containerd/containerd.pid"]) {
      await Deno.remove(at(path)).catch(() => {});
    }
    const name = at("").replaceAll(/\W+/g, "");
    const daemon = new Deno.Command("sh", {
      args: [
        "-c",
        'log="$1"; shift; exec "$@" >>"$log" 2>&1',
        "sh",
        at("log"),
        // An engine without a bridge removes the one of whatever network it is in.
        ...["unshare", "--net", "--", "dockerd"],
        ...["--config-file", at("daemon.json"), "--pidfile", at("pid"), "-H", this.address],
        ...["--data-root", at("data"), "--exec-root", at("exec")],
        // Should the machine have a containerd of its own, it has nothing in these.
        ...["--containerd-namespace", name, "--containerd-plugins-namespace", `${name}-plugins`],
        ...["--bridge=none", "--iptables=false", "--ip6tables=false"],
        ...["--ip-forward=false", "--ip-masq=false", "--userland-proxy=false"],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.#daemon = daemon;
    let ended = false;
    void daemon.status.then(() => {
      ended = true;
      if (this.#daemon === daemon) this.#daemon = undefined;
    });
    const answers = async () =>
      ended || (await this.#docker(["version"], 2000).catch(() => undefined))?.code === 0;
    try {
      await until(answers, START_MS, "the engine to answer");
      if (ended) throw new Error("Cannot start an engine: dockerd has ended");
    } catch (cause) {
      throw new Error(`${(cause as Error).message}\n${await this.#log()}`, { cause });
    }
  }

  /** Sends it a signal and waits for its end. */
  async stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    if (daemon === undefined) return;
    sendSignal(daemon.pid, signal);
    try {
      await within(daemon.status, STOP_MS, "the engine to stop");
    } catch (error) {
      sendSignal(daemon.pid, "SIGKILL");
      await daemon.status;
      throw error;
    }
  }

  /** Runs the `docker` command on it, which must succeed, and returns what it printed. */
  async docker(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#docker(args, COMMAND_MS);
    if (code !== 0) throw new Error(`Expected "docker ${args.join(" ")}" to succeed: ${stderr}`);
    return stdout.trim();
  }

  /** As {@linkcode docker}, by lines. */
  async lines(...args: string[]): Promise<string[]> {
    const text = await this.docker(...args);
    return text === "" ? [] : text.split("\n");
  }

  /** Ends it, whatever it is at, with all that it started, and removes its directories. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.stop("SIGTERM");
    } finally {
      for (const pid of await this.#leftProcesses()) sendSignal(pid, "SIGKILL");
      await until(
        async () => (await this.#leftProcesses()).length === 0,
        STOP_MS,
        "what the engine started to end",
      );
      for (const path of (await this.#mounts()).toReversed()) {
        await runProgram("umount", ["--lazy", path]);
      }
      await Deno.remove(this.#directory, { recursive: true });
    }
  }

  #docker(args: readonly string[], timeoutMs: number): Promise<ProgramOutput> {
    return runProgram("docker", ["--host", this.address, ...args], { timeoutMs });
  }

  async #load(images: readonly string[]): Promise<void> {
    const script = 'host="$1"; shift; docker save "$@" | docker --host "$host" load';
    const { code, stderr } = await runProgram("sh", ["-c", script, "sh", this.address, ...images]);
    if (code !== 0) throw new Error(`Cannot give the engine its images: ${stderr}`);
  }

  /** containerd and what runs containers, whose command lines name its directory, and what runs in them. */
  async #leftProcesses(): Promise<number[]> {
    const ids = await this.#containers();
    const found: number[] = [];
    for await (const { name } of Deno.readDir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const [cmdline, cgroup] = await Promise.all([
        readProc(`${name}/cmdline`),
        readProc(`${name}/cgroup`),
      ]);
      const isOurs = cmdline.includes(`${this.#directory}/`) ||
        ids.some((id) => cgroup.includes(id));
      if (isOurs && Number(name) !== Deno.pid) found.push(Number(name));
    }
    return found;
  }

  async #containers(): Promise<string[]> {
    try {
      const entries = await Array.fromAsync(Deno.readDir(join(this.#directory, "data/containers")));
      return entries.map(({ name }) => name);
    } catch {
      // It never came up.
      return [];
    }
  }

  async #mounts(): Promise<string[]> {
    const text = await Deno.readTextFile("/proc/self/mountinfo");
    const paths = text.split("\n").map((line) => line.split(" ")[4] ?? "");
    return paths.filter((path) => path.startsWith(`${this.#directory}/`));
  }

  async #log(): Promise<string> {
    const text = await Deno.readTextFile(join(this.#directory, "log")).catch(() => "");
    return text.split("\n").slice(-40).join("\n");
  }
}

/** A file of a process; empty once it has ended. */
async function readProc(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(`/proc/${path}`);
  } catch {
    return "";
  }
}

function sendSignal(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
