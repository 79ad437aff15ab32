import { setImmediate } from "node:timers";
import { type Evaluation, post, type RemoteObject } from "./inspector_session.ts";

const HOOK = `globalThis[Symbol.for("codebeaker.kernel")]`;
/** What a cell begins with to have a turn of its own: what runs inside the inspector's call cannot be ended. */
export const OWN_TURN = `await ${HOOK}.turn();`;

let hookId = "";
/** What the last {@linkcode grasp} was about. */
let grasped: unknown;

/**
 * Puts where the inspector finds it what cells and {@linkcode grasp} need of the kernel. `running` tells which
 * cell runs: one that has been interrupted before its turn must not begin, since nobody would end it any more.
 */
export async function installHook(running: () => unknown): Promise<void> {
  const hook = {
    turn: () => {
      const cell = running();
      return new Promise<void>((go) => setImmediate(() => running() === cell && go()));
    },
    grasp: (value: unknown) => void (grasped = value),
  };
  Object.defineProperty(globalThis, Symbol.for("codebeaker.kernel"), { value: hook });
  const { result } = await post<Evaluation>("Runtime.evaluate", { expression: HOOK });
  hookId = result.objectId ?? "";
}

/** The value behind an object of the inspector, in a box: it may be a promise, which is not waited for. */
export async function grasp(
  { objectId, value, unserializableValue }: RemoteObject,
): Promise<{ readonly value: unknown }> {
  if (objectId === undefined && unserializableValue === undefined) return { value };
  const argument = objectId === undefined ? { unserializableValue } : { objectId };
  await post("Runtime.callFunctionOn", {
    objectId: hookId,
    functionDeclaration: "function (value) { this.grasp(value); }",
    arguments: [argument],
    objectGroup: "cell",
  });
  const found = { value: grasped };
  grasped = undefined;
  return found;
}
