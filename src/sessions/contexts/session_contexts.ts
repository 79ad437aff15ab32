import { InvalidParamsError, SandboxError } from "../../errors.ts";
import { KERNEL_LANGUAGES, kernelProgram } from "../../kernels/kernel_programs.ts";
import type { Language } from "../../languages.ts";
import type { ContextSummary } from "../../protocol/contexts.ts";
import type { RuntimeName } from "../../protocol/language.ts";
import type { Sandbox } from "../../runtimes/runtime.ts";
import type { Clock } from "../clock.ts";
import type { ParamsPath } from "../content.ts";
import { newId } from "../session_ids.ts";
import { Context } from "./context.ts";

/** Options of {@linkcode SessionContexts}. */
export interface SessionContextsOptions {
  readonly sandbox: Pick<Sandbox, "run" | "languages">;
  readonly runtime: RuntimeName;
  /** The session's language. */
  readonly language: Language;
  readonly clock: Clock;
}

/** Contexts of one session at the same time. */
export const MAX_CONTEXTS = 8;

const DEFAULT = "default";

/** The contexts of one session. */
export class SessionContexts {
  readonly #options: SessionContextsOptions;
  readonly #contexts = new Map<string, Context>();

  /** Begins without contexts. */
  constructor(options: SessionContextsOptions) {
    this.#options = options;
  }

  /** Makes a context and starts its kernel. Throws a `SandboxError` or an `InvalidParamsError`. */
  async create(language: Language | undefined): Promise<ContextSummary> {
    const context = this.#make(newId(), language ?? this.#options.language, ["language"]);
    await this.#started(context, () => context.start());
    return summary(context);
  }

  /** All of them, in the order in which they were made. */
  list(): ContextSummary[] {
    return [...this.#contexts.values()].map(summary);
  }

  /**
   * The context of a cell; `default` is made where there is none. Throws `InvalidParamsError` if it is one
   * of another language.
   */
  resolve(name: string, language: Language | undefined, path: ParamsPath): Context {
    if (name === DEFAULT) {
      const wanted = language ?? this.#options.language;
      const id = wanted === this.#options.language ? DEFAULT : `${DEFAULT}-${wanted}`;
      const at = language === undefined ? "context" : "language";
      return this.#contexts.get(id) ?? this.#make(id, wanted, [...path, at]);
    }
    const context = this.get(name);
    if (language === undefined || language === context.language) return context;
    const message =
      `Context "${name}" is one of ${context.language}, and its cells are too; leave ` +
      "language out or name another context";
    throw new InvalidParamsError([{ path: [...path, "language"], message }]);
  }

  /** Finds one by its id. Throws a `SandboxError` of code `context_not_found`. */
  get(id: string): Context {
    const context = this.#contexts.get(id);
    if (context !== undefined) return context;
    throw new SandboxError("context_not_found", `Context not found: ${id}`);
  }

  /** Gives one a fresh kernel. */
  async restart(id: string): Promise<ContextSummary> {
    const context = this.get(id);
    await this.#started(context, () => context.restart());
    return summary(context);
  }

  /** Ends one. */
  async delete(id: string): Promise<void> {
    const context = this.get(id);
    this.#contexts.delete(id);
    await context[Symbol.asyncDispose]();
  }

  /** Ends all, without waiting: their sandbox ends too, or nobody will ask them anything any more. */
  end(): void {
    for (const context of this.#contexts.values()) void context[Symbol.asyncDispose]();
    this.#contexts.clear();
  }

  async #started(
    context: Context,
    start: () => ReturnType<Context["start"]>,
  ): Promise<void> {
    const outcome = await start();
    if (outcome === undefined) return;
    this.#contexts.delete(context.id);
    await context[Symbol.asyncDispose]();
    const { message = `its interpreter ended (${outcome.cause})` } = outcome;
    throw new SandboxError("runtime_unavailable", `Cannot start the context: ${message}`);
  }

  #make(id: string, language: Language, path: ParamsPath): Context {
    const { sandbox, clock } = this.#options;
    const program = this.#program(language, path);
    if (this.#contexts.size >= MAX_CONTEXTS) {
      const message = `Cannot make a context: the session has ${MAX_CONTEXTS}, delete one first`;
      throw new SandboxError("context_limit_reached", message, { data: { limit: MAX_CONTEXTS } });
    }
    const context = new Context({ id, language, program, sandbox, clock });
    this.#contexts.set(id, context);
    return context;
  }

  #program(language: Language, path: ParamsPath) {
    const { sandbox: { languages }, runtime } = this.#options;
    const program = kernelProgram(language);
    // A Deno session may run bash as the program that it is; whether it does is up to its permissions.
    const runs = (name: Language) => languages.has(name) || (runtime === "deno" && name === "bash");
    if (program !== undefined && runs(language)) return program;
    const known = KERNEL_LANGUAGES.filter(runs);
    const message = known.length === 0
      ? `There are no contexts of ${language}, nor of another language of this session`
      : `There are no contexts of ${language} here, expected one of ${known.join(", ")}`;
    throw new InvalidParamsError([{ path: [...path], message }]);
  }
}

function summary(context: Context): ContextSummary {
  const { id: contextId, language, state, executionCount, createdAt } = context;
  return {
    contextId,
    language,
    state,
    executionCount,
    createdAt: new Date(createdAt).toISOString(),
  };
}
