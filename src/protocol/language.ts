import { z } from "zod";
import { type Language, languageDefinition, LANGUAGES } from "../languages.ts";

export type { Language };

const BY_NAME: ReadonlyMap<string, Language> = new Map(
  LANGUAGES.flatMap((language) =>
    [language, ...languageDefinition(language).aliases].map((name) => [name, language] as const)
  ),
);

/** A language by its name or alias, in any case; the parsed value is the canonical name. */
export const LanguageSchema = z.string().transform((name, context): Language => {
  const language = BY_NAME.get(name.toLowerCase());
  if (language !== undefined) return language;
  context.issues.push({
    code: "custom",
    input: name,
    message: `Unknown language ${JSON.stringify(name.slice(0, 50))}, expected one of ${
      LANGUAGES.join(", ")
    }`,
  });
  return z.NEVER;
}).meta({ description: "Language name or alias", examples: LANGUAGES });

/** The two ways to isolate a session. */
export const RuntimeNameSchema = z.enum(["docker", "deno"]);
/** The name of a runtime. */
export type RuntimeName = z.output<typeof RuntimeNameSchema>;
