import { type AgentConnection, answers } from "./agent_connection.ts";
import { AgentRefusal } from "./agent_error.ts";
import { readFail } from "./agent_reports.ts";
import type { AgentRequest } from "./inside/protocol.ts";

/**
 * Asks for something that is answered once: with a result, which `read` turns into what is returned; or,
 * if `part` is given, with parts and an end.
 */
export function answerOf<T>(
  connection: AgentConnection,
  request: AgentRequest,
  read: (payload: Uint8Array) => T,
  part?: (payload: Uint8Array) => void,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  try {
    connection.request(request, {
      receive: (type, payload) => {
        if (type === "fail") {
          reject(new AgentRefusal(readFail(payload)));
          return true;
        }
        if (part !== undefined && type === "data") {
          part(payload);
          return false;
        }
        answers(type, part === undefined ? "result" : "end");
        resolve(read(payload));
        return true;
      },
      lose: reject,
    });
  } catch (error) {
    reject(error);
  }
  return promise;
}
