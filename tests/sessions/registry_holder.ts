/**
 * A server of a test that is nothing but its registry: opens the one of its only argument, stores a session,
 * says its server's id, and stays until it is killed.
 */
import { SessionRegistry } from "../../src/sessions/session_registry.ts";
import { storedSession } from "./test_session_facts.ts";

const registry = await SessionRegistry.open(Deno.args[0]!, { logger: { warning() {} } });
registry.write({ save: [storedSession()] });
await Deno.stdout.write(new TextEncoder().encode(`${registry.serverId}\n`));
setInterval(() => {}, 1 << 30);
