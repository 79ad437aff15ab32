import { testGuide } from "../testutil/guide.ts";
import { queryEnv, sharedServer } from "../testutil/shared_server.ts";

const server = sharedServer({ env: queryEnv(import.meta.url) });

await testGuide({ file: "guide.json", server });
