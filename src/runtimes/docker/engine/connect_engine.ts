import type { EngineAddress } from "./engine_address.ts";
import type { EngineTls } from "./engine_tls.ts";

/** A connection to the engine, without any protocol yet. */
export type EngineConn = Deno.UnixConn | Deno.TcpConn | Deno.TlsConn;

/** Connects to an engine; throws the signal's reason when that is aborted first. */
export async function connectEngine(
  address: EngineAddress,
  tls: EngineTls,
  signal: AbortSignal,
): Promise<EngineConn> {
  signal.throwIfAborted();
  const connecting = connect(address, tls);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([connecting, aborted]);
  } catch (error) {
    // A connection that is made after all is not wanted any more; one that fails has been reported.
    connecting.then((conn) => conn.close(), () => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function connect(address: EngineAddress, tls: EngineTls): Promise<EngineConn> {
  if (address.transport === "unix") return await Deno.connect(address);
  const { hostname, port } = address;
  if (address.transport === "tcp") {
    const conn = await Deno.connect({ hostname, port });
    // Commands are small and wait for their answers.
    conn.setNoDelay(true);
    return conn;
  }
  const { caCerts = [], cert, key } = tls;
  const pair = cert !== undefined && key !== undefined ? { cert, key } : {};
  return await Deno.connectTls({ hostname, port, caCerts, ...pair });
}
