import { languageDefinition, LANGUAGES } from "../languages.ts";
import { METHODS } from "../protocol/methods.ts";
import { NOTIFICATIONS } from "../protocol/notifications.ts";
import { openRpcDocument } from "./open_rpc.ts";
import type { Handlers, MethodDeps } from "./method_deps.ts";

type ServerMethod = "initialize" | "rpc.discover" | "language.list" | "runtime.list";

/** The version of the contract. */
const PROTOCOL_VERSION = "1.0";

/** The methods that tell what the server is. */
export function serverMethods(deps: MethodDeps): Handlers<ServerMethod> {
  const { runtimes, version, limits } = deps;
  let document: ReturnType<typeof openRpcDocument> | undefined;
  return {
    async initialize() {
      const available = (await runtimes.statuses()).filter(({ available }) => available);
      return {
        name: "codebeaker",
        version,
        protocolVersion: PROTOCOL_VERSION,
        capabilities: {
          runtimes: available.map(({ name }) => name),
          methods: Object.keys(METHODS),
          notifications: Object.keys(NOTIFICATIONS),
          limits,
        },
      };
    },
    "rpc.discover"() {
      return document ??= openRpcDocument(version);
    },
    async "language.list"() {
      const languages = LANGUAGES.map(async (name) => {
        const { runtimes: serving, image, version } = await runtimes.support(name);
        return {
          name,
          aliases: [...languageDefinition(name).aliases],
          runtimes: serving,
          ...(image !== undefined && { defaultImage: image }),
          ...(version !== undefined && { version }),
        };
      });
      return { languages: await Promise.all(languages) };
    },
    async "runtime.list"() {
      const statuses = await runtimes.statuses();
      return {
        runtimes: statuses.map(({ reason, startupMs, ...status }) => ({
          ...status,
          ...(reason !== undefined && { reason }),
          ...(startupMs !== undefined && { startupMs }),
        })),
      };
    },
  };
}
