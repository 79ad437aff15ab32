import { type MethodName, METHODS } from "../protocol/methods.ts";
import type { RpcMethodTable } from "../rpc/peer.ts";
import { contextMethods } from "./context_methods.ts";
import { executionMethods } from "./execution_methods.ts";
import { fileMethods } from "./file_methods.ts";
import type { Handlers, MethodDeps } from "./method_deps.ts";
import { processMethods } from "./process_methods.ts";
import { serverMethods } from "./server_methods.ts";
import { sessionMethods } from "./session_methods.ts";
import { watchMethods } from "./watch_methods.ts";
import { shellMethods } from "./shell_methods.ts";

/** Every method of the contract with its handler: one that is missing does not compile. */
export function createMethodTable(deps: MethodDeps): RpcMethodTable {
  const handlers = {
    ...serverMethods(deps),
    ...sessionMethods(deps),
    ...executionMethods(deps),
    ...processMethods(deps),
    ...contextMethods(deps),
    ...watchMethods(deps),
    ...fileMethods(deps),
    ...shellMethods(deps),
  } satisfies Handlers<MethodName>;
  return Object.fromEntries(
    Object.entries(METHODS).map(([name, { params }]) => [
      name,
      { params, handler: handlers[name as MethodName] },
    ]),
  );
}
