/** Secrets in texts of others: as they are, encoded, cut. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { certificateSecrets, Secrets, withoutCredentials } from "../../src/http/index.js";

const KEY = "a7Qz94f0Lm3xVb8KdR2tYw6Hs1JpNc5GeUo0iXy4";
const base64 = (text: string) => Buffer.from(text).toString("base64");
const each = (write: (code: number) => string) => [...KEY].map((one) => write(one.charCodeAt(0))).join("");
const hex = (code: number) => code.toString(16);
const FORMS: Readonly<Record<string, string>> = {
  "as it is": KEY,
  "in capitals": KEY.toUpperCase(),
  "of the header": `Basic ${base64(`api:${KEY}`)}`,
  "in base64": base64(KEY),
  "in base64 behind one character": base64(`x${KEY}`),
  "in base64 behind two characters": base64(`xy${KEY}`),
  "in base64 of URLs": Buffer.from(`??>${KEY}`).toString("base64url"),
  "in base64 twice": base64(base64(`api:${KEY}`)),
  "in hex": Buffer.from(KEY).toString("hex"),
  "in hex, in capitals": Buffer.from(KEY).toString("hex").toUpperCase(),
  "in escapes of URLs": each((code) => `%${hex(code)}`),
  "of the header in a URL": encodeURIComponent(base64(`api:${KEY}`)),
  "in escapes of JSON": each((code) => `\\u00${hex(code)}`),
  "in escapes of HTML": each((code) => `&#${code};`),
  "in hex escapes of HTML": each((code) => `&#x${hex(code)};`),
  "as a password": `https://api:${KEY}@host.example/x`,
  "in a query": `https://host.example/x?api_key=${KEY}`,
  "without its last character": KEY.slice(0, -1),
  "without its first character": KEY.slice(1),
  "its middle": KEY.slice(5, 30),
  "of the header, cut": base64(`api:${KEY}`).slice(9, 40),
  "over two lines": `${KEY.slice(0, 20)}\n${KEY.slice(20)}`,
};

/** Whether twelve characters of the key, or of what is built from it, stand in a text. */
function tells(text: string): boolean {
  return [...Object.values(FORMS), base64(`api:${KEY}`)].some((form) =>
    Array.from({ length: form.length - 11 }, (_, at) => form.slice(at, at + 12))
      // A host, a tag, the word Basic and a few characters beside a line break tell nothing.
      .filter((piece) => !/[:?@._\s]|&#?$/.test(piece))
      .some((piece) => text.includes(piece)),
  );
}

/** Those in which few characters stand for one of the key are left out: a part of them tells less. */
const WHOLE = Object.entries(FORMS).flatMap(([name, form]) =>
  /[%&\\]/.test(form) || /twice/.test(name) ? [] : [form],
);

describe("a secret", () => {
  const secrets = new Secrets(KEY);
  secrets.add(base64(`api:${KEY}`));

  it.each(Object.entries(FORMS))("%s is not in what is printed", (_name, form) => {
    for (const text of [form, `bad ${form}.`, `"${form}"`, `<title>${form}</title>`, `/path/${form}/more`]) {
      expect(tells(secrets.redact(text))).toBe(false);
      expect(secrets.redact(text)).toMatch(/hidden|…|https:\/\/host/);
    }
    const json = JSON.stringify({ message: form, path: "C:\\a" });
    expect(() => JSON.parse(secrets.hide(json))).not.toThrow();
  });

  it("is hidden wherever a text was cut", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...WHOLE),
        fc.nat(100),
        fc.nat(100),
        fc.constantFrom("", " ", "…", ": ", '"'),
        (form, from, to, around) => {
          const part = form.slice(Math.min(from, to), Math.max(from, to));
          expect(tells(secrets.redact(`${around}${part}${around}`))).toBe(false);
        },
      ),
    );
  });

  it("costs no other words", () => {
    const text =
      "HTTP 403: not allowed for entity/project at /api/files?id=7 (0123456789abcdef) ümlaut İ 100% &#8211; \\u00e9";
    expect(secrets.redact(text)).toBe(text);
    expect(new Secrets("short").redact("a short text")).toBe("a short text");
    expect(new Secrets("sixsix").redact("it is sixsix")).toBe("it is [secret hidden]");
  });

  it("of temporary credentials costs no name of a scope or an artifact", () => {
    const [seed, signature] = ["q7Vb4kTPQ9m0rN1c2dXyZA", "n0tTh3S1gnatur3ButL1ke1t"];
    const certificate = JSON.stringify({
      version: 1,
      scopes: ["queue:get-artifact:a/train.log"],
      seed,
      signature,
    });
    const hiding = new Secrets(...certificateSecrets(certificate));
    expect(hiding.redact("m1/train.log: queue:get-artifact")).toBe("m1/train.log: queue:get-artifact");
    for (const text of [certificate, base64(certificate), seed, signature]) {
      const clean = hiding.redact(text);
      expect(clean).toContain("[secret hidden]");
      for (const secret of [seed, signature, base64(seed)]) expect(clean).not.toContain(secret);
    }
    expect(certificateSecrets("{ broken")).toEqual(["{ broken"]);
  });

  it("is not in the address that is kept", () => {
    expect(withoutCredentials(`https://u:${KEY}@h.example/p?bewit=${KEY}#x`)).toBe("https://h.example/p");
  });
});
