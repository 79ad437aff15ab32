import { SandboxError } from "../../errors.ts";
import { kernelProgram } from "../../kernels/kernel_programs.ts";
import { WORKSPACE } from "../../protocol/path.ts";
import type { ShellSummary } from "../../protocol/shells.ts";
import type { Sandbox } from "../../runtimes/runtime.ts";
import type { Clock } from "../clock.ts";
import { Context } from "../contexts/context.ts";
import { newId } from "../session_ids.ts";

/** Options of {@linkcode SessionShells}. */
export interface SessionShellsOptions {
  readonly sandbox: Pick<Sandbox, "run">;
  readonly clock: Clock;
}

/** How a shell is started, each time that one is. */
export interface ShellStart {
  /** Its first directory, as the code sees it. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Shells of one session at the same time. */
export const MAX_SHELLS = 8;

const DEFAULT = "default";

/** The shells of one session: each is a context of Bash, see {@linkcode Context}. */
export class SessionShells {
  readonly #options: SessionShellsOptions;
  readonly #shells = new Map<string, { readonly context: Context; readonly cwd: string }>();

  /** Begins without shells. */
  constructor(options: SessionShellsOptions) {
    this.#options = options;
  }

  /** Makes one and starts it. Throws a `SandboxError` that says why if it cannot be started. */
  async create(start: ShellStart): Promise<ShellSummary> {
    const id = newId();
    const context = this.#make(id, start);
    const outcome = await context.start();
    if (outcome === undefined) return summary(context, start.cwd);
    await this.delete(id);
    const { cause, message = `it ended at once (${cause})` } = outcome;
    throw new SandboxError("runtime_unavailable", `Cannot start a shell: ${message}`);
  }

  /** All of them, in the order in which they were made. */
  list(): ShellSummary[] {
    return [...this.#shells.values()].map(({ context, cwd }) => summary(context, cwd));
  }

  /** The shell of a command; `default` is made where there is none. */
  resolve(id: string): Context {
    const isMissing = id === DEFAULT && !this.#shells.has(id);
    return isMissing ? this.#make(id, { cwd: WORKSPACE }) : this.get(id);
  }

  /** Finds one by its id. Throws a `SandboxError` of code `shell_not_found`. */
  get(id: string): Context {
    const shell = this.#shells.get(id);
    if (shell !== undefined) return shell.context;
    throw new SandboxError("shell_not_found", `Shell not found: ${id}`);
  }

  /** Ends one with all that runs in it. */
  async delete(id: string): Promise<void> {
    const context = this.get(id);
    this.#shells.delete(id);
    await context[Symbol.asyncDispose]();
  }

  /** Ends all, without waiting: their sandbox ends too. */
  end(): void {
    for (const { context } of this.#shells.values()) void context[Symbol.asyncDispose]();
    this.#shells.clear();
  }

  #make(id: string, { cwd, env }: ShellStart): Context {
    if (this.#shells.size >= MAX_SHELLS) {
      const message = `Cannot start a shell: the session has ${MAX_SHELLS}, delete one first`;
      throw new SandboxError("context_limit_reached", message, { data: { limit: MAX_SHELLS } });
    }
    const program = kernelProgram("bash");
    if (program === undefined) {
      throw new TypeError("Cannot start a shell: there is no kernel of it");
    }
    const { sandbox, clock } = this.#options;
    const options = { id, language: "bash" as const, program, sandbox, clock };
    const context = new Context({ ...options, workingDirectory: cwd, env });
    this.#shells.set(id, { context, cwd });
    return context;
  }
}

function summary({ id, state, executionCount, createdAt }: Context, cwd: string): ShellSummary {
  return {
    shellId: id,
    state,
    cwd,
    commandCount: executionCount,
    createdAt: new Date(createdAt).toISOString(),
  };
}
