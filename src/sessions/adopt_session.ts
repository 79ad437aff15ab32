import { InvalidParamsError, SandboxError } from "../errors.ts";
import type { Runtime, Sandbox } from "../runtimes/runtime.ts";
import type { StoredSession } from "./session_facts.ts";

/** What came of looking for a session's sandbox; the texts are meant for clients. */
export type Adoption =
  | { readonly kind: "adopted"; readonly sandbox: Sandbox }
  | { readonly kind: "gone"; readonly reason: string }
  | { readonly kind: "away"; readonly problem: string; readonly error: unknown };

/** Looks for the sandbox of a former server's session. Never rejects. */
export async function adoptSession(
  runtime: Pick<Runtime, "adopt">,
  { handle, language, env, config }: StoredSession,
): Promise<Adoption> {
  try {
    const sandbox = await runtime.adopt(handle, { ...config, language, env });
    if (sandbox === undefined) return { kind: "gone", reason: "its sandbox is gone" };
    return { kind: "adopted", sandbox };
  } catch (error) {
    // The server's policy has changed, which no waiting will change back.
    if (error instanceof InvalidParamsError) return { kind: "gone", reason: error.message };
    const problem = error instanceof SandboxError
      ? error.message
      : "its sandbox cannot be taken up, see the server's log";
    return { kind: "away", problem, error };
  }
}

/** Stands in for a runtime that the settings have turned off since; they may turn it on again. */
export function missingRuntime(name: Runtime["name"]): Pick<Runtime, "name" | "adopt" | "sweep"> {
  const message = `this server runs without the ${name} runtime`;
  return {
    name,
    adopt: () => Promise.reject(new SandboxError("runtime_unavailable", message)),
    sweep: () => Promise.resolve(),
  };
}
