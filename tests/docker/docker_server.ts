import { reportMissing, type Requirement, requirement } from "../testutil/requirement.ts";
import { runProgram } from "../testutil/run_program.ts";
import { type SharedServer, sharedServer } from "../testutil/shared_server.ts";
import type { ServerOptions } from "../testutil/server_process.ts";

const TIMEOUT_MS = 20_000;

/** Whether the engine answers and has the images of some languages, spread into `Deno.test({ ... })`. */
export async function dockerWith(...images: string[]): Promise<Requirement> {
  const engine = await requirement("docker");
  if (engine.ignore) return engine;
  for (const image of images) {
    if (await hasImage(image)) continue;
    return await reportMissing(
      "docker",
      `the engine has no image ${image}, build it with: deno task images --from-debian`,
    );
  }
  return engine;
}

/** Environment of a server that offers Docker sessions. */
export const DOCKER_ENV = { CODEBEAKER_DOCKER: "auto", CODEBEAKER_CONTAINER_SPARES: "2" } as const;

/** The one server of a test file, with Docker sessions; not started where there is no engine. */
export function dockerServer(
  { ignore }: Requirement,
  options: ServerOptions = {},
): SharedServer {
  if (ignore) return NO_SERVER;
  return sharedServer({ ...options, env: { ...DOCKER_ENV, ...options.env } });
}

/** Runs the `docker` command, which must succeed, and returns what it printed. */
export async function docker(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram("docker", args, { timeoutMs: TIMEOUT_MS });
  if (code !== 0) throw new Error(`Expected "docker ${args.join(" ")}" to succeed: ${stderr}`);
  return stdout.trim();
}

async function hasImage(image: string): Promise<boolean> {
  const { code } = await runProgram("docker", ["image", "inspect", image], {
    timeoutMs: TIMEOUT_MS,
  });
  return code === 0;
}

const NO_SERVER: SharedServer = {
  get process(): never {
    throw new Error("Cannot use the server: no engine answers");
  },
  connect: () => Promise.reject(new Error("Cannot connect: no engine answers")),
  withSession: () => Promise.reject(new Error("Cannot connect: no engine answers")),
};
