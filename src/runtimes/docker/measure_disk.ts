import type { Container } from "./container.ts";
import { SANDBOX_HOME } from "./container_spec.ts";
import { containerInspect } from "./engine/container_inspect.ts";
import type { EngineClient } from "./engine/engine_client.ts";

const TIMEOUT_MS = 30_000;

/** Counts the bytes that a container has written, beside its `/tmp`, which is memory. */
export async function measureDisk(
  engine: EngineClient,
  container: Container,
  { readOnlyRoot }: { readonly readOnlyRoot: boolean },
): Promise<number> {
  if (readOnlyRoot) return await countInside(container);
  const { SizeRw = 0 } = await containerInspect(engine, container.id, { size: true });
  return SizeRw;
}

/** The engine does not count volumes. */
async function countInside(container: Container): Promise<number> {
  const io = await container.io();
  const decoder = new TextDecoder();
  let text = "";
  await io.run({
    argv: ["du", "-skc", "/workspace", SANDBOX_HOME],
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
  }, {
    output: (stream, bytes) => {
      if (stream === "stdout" && text.length < 1000) text += decoder.decode(bytes);
    },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return Number(/(\d+)\s+total/.exec(text)?.[1] ?? 0) * 1024;
}
