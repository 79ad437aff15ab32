import { assert, assertEquals } from "@std/assert";
import { AGENT_MAIN, agentSources } from "../../src/agent/agent_sources.ts";

const INSIDE = new URL("../../src/agent/inside/", import.meta.url);

Deno.test("agentSources() does have everything that the agent imports, and nothing in other folders", () => {
  const sources = agentSources();
  const seen = new Set<string>();
  const visit = (name: string) => {
    if (seen.has(name)) return;
    seen.add(name);
    const text = sources.get(name);
    assert(text !== undefined, `${name} is missing`);
    for (
      const [, specifier = ""] of text.matchAll(/\b(?:from |import |import\()"([^"]+)"\)?;$/gm)
    ) {
      assert(/^\.\/\w+\.js$/.test(specifier), `${name} imports ${specifier}`);
      visit(specifier.slice(2));
    }
  };
  visit(AGENT_MAIN);
  assert(seen.size > 10, `${seen.size} files are imported`);
});

Deno.test("agentSources() does have every file of the folder, without types", async () => {
  const names = await Array.fromAsync(Deno.readDir(INSIDE), ({ name }) => name);
  const sources = agentSources();
  const missing = names.filter((name) => !sources.has(name.replace(/\.ts$/, ".js")));
  assertEquals(missing, []);
  assert(!/^(export )?interface /m.test([...sources.values()].join("\n")));
});
