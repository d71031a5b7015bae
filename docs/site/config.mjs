// The site of the documentation. scripts/docs.mjs puts the pages beside it and gives the list of commands.
import { readFileSync } from "node:fs";

const commands = JSON.parse(readFileSync(new URL("../commands.json", import.meta.url), "utf8"));
const pages = (names) => names.map((name) => ({ text: name, link: `/docs/${name}` }));

export default {
  title: "marian-tracking",
  description: "Reads Marian NMT training logs and publishes every number in them.",
  rewrites: { "README.md": "index.md" },
  lastUpdated: false,
  // Pages link to files of the repository, too; test/docs/links.test.ts holds those.
  ignoreDeadLinks: [
    /\.(?:ya?ml|sh|sql|json|c?js|mjs|ts|py|toml)$/,
    /LICENSE/,
    /^\/api\//,
    /^\.{1,2}\/(?:.*\/)?(?:test|src|bench)\//,
  ],
  markdown: { html: false },
  themeConfig: {
    search: { provider: "local" },
    nav: [
      { text: "Library", link: "/api/index.html", target: "_self" },
      { text: "Changes", link: "/CHANGELOG" },
    ],
    sidebar: [
      { text: "Start", items: [{ text: "marian-tracking", link: "/" }, ...pages(["options", "output"])] },
      {
        text: "Trainings",
        items: pages(["check", "compare", "viewer", "tensorboard"]),
      },
      { text: "Weights & Biases", items: pages(["wandb", "wandb-clients", "online", "adopt-mozilla"]) },
      { text: "Many runs", items: pages(["archive", "schema", "scale", "objects", "taskcluster"]) },
      { text: "Programs", items: pages(["library", "browser", "publishers", "api"]) },
      { text: "Promises", items: pages(["reliability", "versions", "benchmarks"]) },
      {
        text: "Commands",
        collapsed: true,
        items: commands.map((name) => ({ text: name, link: `/commands/${name}` })),
      },
    ],
  },
};
