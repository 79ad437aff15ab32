const IMPORT_REGEXP = /^import (type )?([^;"]+?) from "([^"]+)"( with \{ type: "text" \})?;$/gm;
const EXPORT_REGEXP = /^export (?=(?:async )?(function|class|const|interface|type)\b\*? (\w+))/gm;
const LEFT_REGEXP = /^(?:import|export)\b.*/m;

/**
 * Joins modules, whose texts are given by their names, into one: `main` and what it imports from beside it. That
 * runs where none of them is. Each becomes a function that is called once and returns its exports, so that no
 * name of one gets in the way of another's; packages are imported at the top, and what is imported as a text is
 * a string.
 *
 * Imports and exports are known in the forms that `deno fmt` gives them. What cannot be told like this throws:
 * exported variables, lists of exports, standard exports, and modules that import each other.
 */
export function joinModules(texts: Readonly<Record<string, string>>, main: string): string {
  return new Joiner(texts).join(main);
}

class Joiner {
  readonly #texts: Readonly<Record<string, string>>;
  /** The names that packages have in the whole. */
  readonly #packages = new Map<string, string>();
  /** The names that modules have in the whole; undefined while what they import is added. */
  readonly #modules = new Map<string, string | undefined>();
  readonly #parts: string[] = [];

  constructor(texts: Readonly<Record<string, string>>) {
    this.#texts = texts;
  }

  join(main: string): string {
    this.#module(main);
    const imports = [...this.#packages]
      .map(([specifier, name]) => `import * as ${name} from "${specifier}";`);
    return [...imports, ...this.#parts, ""].join("\n");
  }

  #text(file: string): string {
    const text = this.#texts[file];
    if (text === undefined) throw new Error(`Cannot join "${file}": it is not among the texts`);
    return text;
  }

  #package(specifier: string): string {
    const name = this.#packages.get(specifier) ?? `package${this.#packages.size}`;
    this.#packages.set(specifier, name);
    return name;
  }

  #module(file: string): string {
    const known = this.#modules.get(file);
    if (known !== undefined) return known;
    if (this.#modules.has(file)) throw new Error(`Cannot join "${file}": it imports itself`);
    this.#modules.set(file, undefined);
    const body = this.#body(file);
    const name = `module${this.#parts.length}`;
    this.#modules.set(file, name);
    this.#parts.push(`const ${name} = (() => {\n${body}\n})();`);
    return name;
  }

  #body(file: string): string {
    const exported: string[] = [];
    const body = this.#text(file)
      .replace(
        IMPORT_REGEXP,
        (_, type?: string, clause = "", specifier = "", text?: string) =>
          type === undefined ? this.#declaration(clause, specifier, text !== undefined) : "",
      )
      .replace(EXPORT_REGEXP, (_, kind: string, name: string) => {
        if (kind !== "interface" && kind !== "type") exported.push(name);
        return "";
      });
    const left = LEFT_REGEXP.exec(body)?.[0];
    if (left !== undefined) throw new Error(`Cannot join "${file}": it has "${left}"`);
    return `${body}\nreturn { ${exported.join(", ")} };`;
  }

  /** What an import is in the whole; one that is not known stays an import. */
  #declaration(clause: string, specifier: string, isText: boolean): string {
    const isLocal = specifier.startsWith("./");
    const file = specifier.slice(2);
    if (isText) return `const ${clause} = ${JSON.stringify(this.#text(file))};`;
    const value = isLocal ? this.#module(file) : this.#package(specifier);
    const names = /^\{(.*)\}$/s.exec(clause)?.[1];
    if (names !== undefined) return `const { ${bindings(names)} } = ${value};`;
    if (clause.startsWith("* as ")) return `const ${clause.slice(5)} = ${value};`;
    if (!isLocal && /^\w+$/.test(clause)) return `const ${clause} = ${value}.default;`;
    return `import ${clause} from "${specifier}";`;
  }
}

/** `a, type B, c as d` as names of a pattern. */
function bindings(names: string): string {
  return names.split(",").map((name) => name.trim())
    .filter((name) => name !== "" && !name.startsWith("type "))
    .map((name) => name.replace(" as ", ": "))
    .join(", ");
}
